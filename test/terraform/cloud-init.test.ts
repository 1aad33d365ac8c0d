/** What the real cloud-init makes of a root volume under one instance ID and another, with our user_data and without. */

import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { beforeAll, describe, expect, test } from "vitest";
import { readConfiguration, userData } from "./hcl.ts";
import { tell, whatLacks } from "./machine.ts";

const name = hostname();
const found = spawnSync("cloud-init", ["--version"], { encoding: "utf8" });
const version = /\d+\.\d+\S*/.exec(`${found.stdout}${found.stderr}`)?.[0];
const lacks = whatLacks() ?? (version ? undefined : "cloud-init");

/**
 * The boots of one root volume, which is everything that the machine of `tell` keeps. `cloud ID` runs the stages that
 * systemd runs, under instance ID and without user_data; `cloud ID ours` with ours. It is configured as Ubuntu's images
 * are. `facts NAME` says what there is then, and what that boot wrote to the console.
 */
const CLOUD = `
console=$FOLDER/console
for file in passwd shadow group gshadow; do grep -v '^ubuntu:' "/etc/$file" >"$root/etc/$file" || true; done
rm -rf "$root/var/lib/cloud" "$root/home/ubuntu" "$root"/etc/ssh/ssh_host_* "$root"/etc/apt/sources.list*
mkdir -p "$root/etc/cloud/cloud.cfg.d" "$root/etc/apt"
cat >"$root/etc/cloud/cloud.cfg.d/99_image.cfg" <<'CFG'
datasource_list: [NoCloud]
apt: { preserve_sources_list: false }
ssh_genkeytypes: [ed25519]
locale: false
system_info: { default_user: { name: ubuntu } }
CFG
mkfifo "$root/dev/console"
cat <>"$root/dev/console" >>"$console" & listener=$!
trap 'kill $listener || true; umount -R "$root" || true; losetup -d $one $two' EXIT
cloud() {
  local seed=$root/var/lib/cloud/seed/nocloud
  rm -rf "$root/run/cloud-init" "$seed"; mkdir -p "$seed"; : >"$console"
  printf 'instance-id: %s\\nlocal-hostname: ip-172-31-16-20\\n' "$1" >"$seed/meta-data"
  echo 'public-keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5s owner]' >>"$seed/meta-data"
  if [ "\${2:-}" = ours ]; then cp "$FOLDER/first-boot.sh" "$seed/user-data"; else : >"$seed/user-data"; fi
  for stage in "init --local" init "modules --mode=config" "modules --mode=final"; do on cloud-init $stage || true; done
  # What was written to a FIFO is read some time later: its last line ends the wait.
  echo "== end of boot ==" >"$root/dev/console"
  until grep -q '^== end of boot ==' "$console"; do read -rt 0.1 || true; done <>"$root/run/never"
}
mkfifo "$root/run/never"
facts() {
  cut -d' ' -f1,2 "$root/etc/ssh/ssh_host_ed25519_key.pub" | say "keys_$1"
  cat "$console" | say "console_$1"; cat "$root/etc/hostname" | say "hostname_$1"
  cat "$root/etc/apt/sources.list" | say "sources_$1"; sed -n 's/^ubuntu:\\([^:]*\\):.*/\\1/p' "$root/etc/shadow" | say "password_$1"
  log | say "did_$1"; cat "$root/var/lib/snowglobe/first-boot.status" 2>/dev/null | say "status_$1"
  cat "$root/home/ubuntu/.ssh/authorized_keys" | say "authorized_$1"
  (cd "$root/etc"; ls apt/apt.conf.d default; cat default/grub default/grub.d/* 2>/dev/null || true; cat fstab machine-id | grep -v fcvm) | say "conf_$1"
}
`;
const FACTS = ["keys", "hostname", "sources", "password", "authorized", "conf", "did"];

let said: Readonly<Record<string, string>> = {};

/** What cloud-init's keys-to-console printed, as the .pub files have it; empty where it printed nothing. */
function onConsole(name: string): string {
  const text = /-----BEGIN SSH HOST KEY KEYS-----\r?\n([\s\S]*?)-----END SSH HOST KEY KEYS-----/.exec(
    said[name] ?? "",
  )?.[1];
  return text?.trim().replace(/ \S+$/, "") ?? "";
}

describe.skipIf(lacks)(`a root volume in the hands of cloud-init ${version}${lacks ? ` (needs ${lacks})` : ""}`, () => {
  beforeAll(async () => {
    const machine = userData(await readConfiguration(), "fcvm-metal-arm");
    const told = tell(
      machine,
      `${CLOUD}
       cloud i-first; ln -s /run/stand-ins/aws "$root/usr/local/bin/aws"
       # What its owner made of it.
       echo ubuntu:secret | chroot "$root" chpasswd -c SHA256
       echo 'deb http://mirror.example/ubuntu noble main' >"$root/etc/apt/sources.list"
       printf 'rustc\\ncargo\\n' >"$run/packages"; echo GRUB_DEFAULT=2 >"$root/etc/default/grub"
       rm -rf "$root/etc/default/grub.d"; log >/dev/null; facts owned
       cloud i-first; facts again
       printf '%s Amazon EC2 NVMe Instance Storage\\n' "$one" >>"$run/disks"
       cloud i-second ours; facts ours
       cloud i-third; facts bare
       # A root that came with the machine: nothing has booted from it.
       rm -rf "$root"/var/lib/cloud "$root/var/lib/snowglobe" "$root"/etc/ssh/ssh_host_* "$root/home/ubuntu"
       chroot "$root" userdel ubuntu; rm "$run/packages" "$root/usr/local/bin/aws"; log >/dev/null
       cloud i-fourth ours; facts fresh`,
    );
    ({ said } = told);
    expect(said.keys_fresh, told.output).toBeDefined();
  });

  test("the machine that the tests run on keeps its own name", () => {
    expect(hostname()).toBe(name);
  });

  test("under the instance ID that it knows, nothing changes, and no host key is on the console", () => {
    for (const fact of FACTS) expect(said[`${fact}_again`]).toBe(said[`${fact}_owned`]);
    expect(onConsole("console_again")).toBe("");
  });

  test("under another one its host keys are made anew and printed, its package sources rewritten, its login locked", () => {
    expect(said.keys_bare).not.toBe(said.keys_owned);
    expect(onConsole("console_bare")).toBe(said.keys_bare);
    expect(said.sources_bare).not.toContain("mirror.example");
    expect(said.password_bare).toBe(`!${said.password_owned}`);
  });

  test("with our user_data it stays as it was but for the host name, and its keys are printed all the same", () => {
    const { keys, sources, password, authorized, conf } = {
      keys: said.keys_ours,
      sources: said.sources_ours,
      password: said.password_ours,
      authorized: said.authorized_ours,
      conf: said.conf_ours,
    };
    expect({ keys, sources, password, authorized, conf }).toEqual({
      keys: said.keys_owned,
      sources: said.sources_owned,
      password: said.password_owned,
      authorized: said.authorized_owned,
      conf: said.conf_owned,
    });
    expect(onConsole("console_ours")).toBe(said.keys_ours);
    expect(said.hostname_ours).toBe("fcvm-metal-arm");
    expect(said.status_ours).toBe("done");
    // Nothing but the busy signal and the scratch disk.
    expect(said.did_ours?.split("\n").map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
      "systemctl daemon-reload",
      "systemctl enable --now",
      "mkfs.btrfs -q -L",
      "systemctl daemon-reload",
      "systemctl enable --now",
    ]);
  });

  test("on a root that came with the machine, keys are made and printed, and the whole first boot is done", () => {
    expect(said.keys_fresh).toMatch(/^ssh-ed25519 /);
    expect(onConsole("console_fresh")).toBe(said.keys_fresh);
    expect(said.status_fresh).toBe("done");
    expect(said.did_fresh).toMatch(/apt-get .* rustup/);
    expect(said.did_fresh).toContain("claude-code-sync init");
    expect(said.conf_fresh).toContain("52snowglobe");
    // No password, as an image has it; the key lets in.
    expect(said.password_fresh).toMatch(/^[!*]+$/);
    expect(said.authorized_fresh).toContain("ssh-ed25519 AAAA");
  });
});
