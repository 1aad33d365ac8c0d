import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { type Configuration, firstBootScript, HOME_VOLUME, readConfiguration, userData } from "./hcl.ts";
import { tell, whatLacks } from "./machine.ts";

const MACHINES = ["jumpbox", "fcvm-metal-arm", "fcvm-metal-x86"];
const SCRATCH = `printf '%s Amazon EC2 NVMe Instance Storage\\n' "$one" "$two" >>"$run/disks"`;
const here = (tool: string) => spawnSync("which", [tool]).status === 0;
const lacks = whatLacks();

let configuration: Configuration;
const script = (machine: string) => firstBootScript(configuration, machine);
beforeAll(async () => {
  configuration = await readConfiguration();
});

/** The programs that a first boot writes, which shellcheck does not see inside a here-document. */
function programs(text: string): string[] {
  return [...text.matchAll(/<<'PROGRAM'[^\n]*\n([\s\S]*?)\nPROGRAM\n/g)].map(([, program]) => `${program}\n`);
}

test.skipIf(!here("shellcheck"))("shellcheck has nothing to say of the scripts", () => {
  for (const machine of MACHINES) {
    for (const text of [script(machine), ...programs(script(machine))]) {
      const { stdout } = spawnSync("shellcheck", ["-s", "bash", "-"], { input: text, encoding: "utf8" });
      expect(stdout).toBe("");
    }
  }
  expect(programs(script("fcvm-metal-arm"))).toHaveLength(2);
});

test.skipIf(!here("terraform"))("terraform puts the same scripts together, and packs one of more than 16 KB", () => {
  const folder = mkdtempSync(join(tmpdir(), "first-boot-hcl-"));
  try {
    const text = configuration.texts["dev-instance-common.tf"] ?? "";
    const scripts = text.slice(text.indexOf("locals {\n  first_boot_head"));
    expect(scripts).toContain("first_boot_tail");
    const volume = HOME_VOLUME.replace("vol", "vol-");
    writeFileSync(
      join(folder, "main.tf"),
      `${scripts.replaceAll("aws_ebs_volume.jumpbox_home.id", `"${volume}"`)}
      output "scripts" { value = local.first_boot }
      output "data" { value = local.user_data }`,
    );
    // The same expression on a script that is too long as it is.
    writeFileSync(
      join(folder, "long.tf"),
      `
      locals { long = { it = join("", [for n in range(1000) : "echo number \${n} of many\\n"]) } }
      output "long" { value = ${/user_data = (.*)/.exec(scripts)?.[1]?.replaceAll("local.user_data_text", "local.long")} }`,
    );
    const terraform = (...args: string[]) =>
      execFileSync("terraform", [`-chdir=${folder}`, ...args], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    terraform("apply", "-auto-approve");
    const outputs = JSON.parse(terraform("output", "-json"));
    for (const machine of MACHINES) {
      expect(outputs.scripts.value[machine]).toBe(script(machine));
      const sent = Buffer.from(outputs.data.value[machine], "base64");
      expect(sent.toString("utf8")).toBe(userData(configuration, machine));
      expect(sent.length).toBeLessThanOrEqual(16_384);
    }
    const packed = Buffer.from(outputs.long.value.it, "base64");
    expect(packed.length).toBeLessThan(16_384);
    expect(gunzipSync(packed).toString("utf8")).toContain("echo number 999 of many\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

describe.skipIf(lacks)(`first boot${lacks ? ` (needs ${lacks})` : ""}`, () => {
  test.each(MACHINES)("%s: run twice, the second time nothing changes", (machine) => {
    const { said } = tell(
      script(machine),
      `${machine === "jumpbox" ? 'home_disk "$one"' : machine === "fcvm-metal-arm" ? SCRATCH : ""}
       boot; status | say first; log | say did; changed | say before
       boot; status | say second; log | say again; changed | say after
       cat "$root/etc/fstab" | say fstab; cat "$root/home/ubuntu/.ssh/authorized_keys" | say keys
       cat "$root/home/ubuntu/.gh-token" | say token; cat "$root/proc/mounts" | grep "^$one" | say mounts`,
    );
    expect(said.first).toBe("done");
    expect(said.second).toBe("done");
    expect(said.after).toBe(said.before);
    expect(said.before?.split("\n").length).toBeGreaterThan(20);
    const harmless = /^systemctl (daemon-reload|enable --now|list-units)/;
    expect((said.again ?? "").split("\n").filter((line) => line !== "" && !harmless.test(line))).toEqual([]);
    expect(said.did).toContain("claude-code-sync init");
    expect(said.did).not.toContain("a-github-token");
    expect(said.token).toBe("a-github-token");
    expect(said.keys).toBe("ssh-ed25519 key");
    if (machine === "jumpbox") {
      expect(said.did?.match(/^mkfs/gm)).toHaveLength(1);
      expect(said.fstab).toMatch(/^UUID=[0-9a-f-]+ \/home\/ubuntu ext4 defaults,nofail 0 2$/m);
      expect(said.fstab).toMatch(/^\/home\/ubuntu\/.swapfile none swap sw,nofail 0 0$/m);
      expect(said.did).toContain("swapon /home/ubuntu/.swapfile");
      expect(said.mounts).toMatch(/\/home\/ubuntu ext4/);
    }
    if (machine === "fcvm-metal-arm") {
      expect(said.did?.match(/^mkfs/gm)).toHaveLength(1);
      expect(said.fstab).toContain("LABEL=fcvm-btrfs /mnt/fcvm-btrfs btrfs defaults,nofail 0 0");
      expect(said.mounts).toMatch(/\/mnt\/fcvm-btrfs btrfs/);
      expect(said.before).toMatch(/snowglobe-scratch.service 644 root/);
    }
  });

  test("a home volume with data on it is mounted as it is", () => {
    const { said } = tell(
      script("jumpbox"),
      `mkfs.ext4 -q "$one"; mkdir "$FOLDER/old"; mount "$one" "$FOLDER/old"; echo precious >"$FOLDER/old/data"
       mkdir "$FOLDER/old/.ssh"; echo old-key >"$FOLDER/old/.ssh/authorized_keys"; umount "$FOLDER/old"
       home_disk "$one"; boot; log | say did; status | say status
       cat "$root/home/ubuntu/data" "$root/home/ubuntu/.ssh/authorized_keys" | say home`,
    );
    expect(said.status).toBe("done");
    expect(said.did).not.toContain("mkfs");
    expect(said.home).toBe("precious\nold-key");
  });

  test.each([
    ["bytes that no tool knows", 'head -c 4096 /dev/urandom >"$one"'],
    [
      "two signatures at once",
      'mkfs.btrfs -q "$one"; printf "\\037\\213" | dd of="$one" bs=1 status=none; mkswap "$one" >/dev/null || true',
    ],
    ["a disk that never comes", "rm -f $root/dev/disk/by-id/*"],
  ])("a home volume with %s is left alone, and the other steps run", (_, spoil) => {
    const { said } = tell(
      script("jumpbox"),
      `home_disk "$one"; ${spoil}; sha256sum <"$one" | say before
       boot || true; status | say status; log | say did; sha256sum <"$one" | say after; cat "$root/etc/fstab" | say fstab`,
    );
    expect(said.status).toBe("failed\nhome swap");
    expect(said.did).not.toContain("mkfs");
    expect(said.did).toContain("gh auth login");
    expect(said.after).toBe(said.before);
    expect(said.fstab).toBe("# no disks yet");
  });

  test("the scratch disk is found by model and label at every boot, and made anew only where it came back empty", () => {
    const { said } = tell(
      script("fcvm-metal-arm"),
      `${SCRATCH}
       boot; touch "$root/mnt/fcvm-btrfs/image-cache/kept"; log >/dev/null
       umount "$root/mnt/fcvm-btrfs"
       # A reboot: the names have swapped, the data is there.
       printf '%s\\n' "$two Amazon EC2 NVMe Instance Storage" "/dev/nvme0n1 Amazon Elastic Block Store" "$one Amazon EC2 NVMe Instance Storage" >"$run/disks"
       on /usr/local/sbin/snowglobe-scratch; ls "$root/mnt/fcvm-btrfs/image-cache" | say kept; log | say reboot
       umount "$root/mnt/fcvm-btrfs"
       # A stop and a start: both disks are empty.
       dd if=/dev/zero of="$one" bs=1M count=128 status=none; dd if=/dev/zero of="$two" bs=1M count=128 status=none; sync
       on /usr/local/sbin/snowglobe-scratch; log | say start; grep fcvm "$root/proc/mounts" | say mounts; echo "$two" | say two
       umount "$root/mnt/fcvm-btrfs"
       # Something unknown on both: nothing is destroyed.
       mkfs.ext4 -qF "$one"; mkfs.ext4 -qF "$two"; sync
       on /usr/local/sbin/snowglobe-scratch && echo went || echo refused | say strange; log | say nothing`,
    );
    expect(said.kept).toBe("kept");
    expect(said.reboot).toBe("");
    expect(said.start?.match(/^mkfs.btrfs/gm)).toHaveLength(1);
    expect(said.mounts).toMatch(new RegExp(`^${said.two} .*/mnt/fcvm-btrfs btrfs`, "m"));
    expect(said.strange).toBe("refused");
    expect(said.nothing).toBe("");
  });

  test("a distribution's own Rust stays, and serves as well", () => {
    const { said } = tell(
      script("fcvm-metal-x86"),
      `printf 'rustc\\ncargo\\n' >"$run/packages"; rm "$root/usr/local/bin/rustup"; boot; status | say status; log | say did`,
    );
    expect(said.status).toBe("done");
    expect(said.did).not.toContain("rustup");
    expect(said.did).toContain("cargo install");
  });

  test("without the token, and without packages, the rest is done, the failures are told, and a second run mends them", () => {
    const { said } = tell(
      script("fcvm-metal-x86"),
      `touch "$run/no-secret"; boot || true; status | say one
       rm "$run/no-secret"; boot; status | say two
       rm "$run/packages"; touch "$run/no-network"; boot || true; status | say three`,
    );
    expect(said.one).toBe("failed\ngithub");
    expect(said.two).toBe("done");
    expect(said.three).toBe("failed\npackages");
  });

  test("the busy signal is sent for a terminal or a kernel build, and for nothing else", () => {
    const { said } = tell(
      script("fcvm-metal-x86"),
      `boot; log >/dev/null
       on /usr/local/sbin/snowglobe-heartbeat; log | say idle
       mkdir "$root/dev/pts"; cp -a /dev/null "$root/dev/pts/0"; touch -a "$root/dev/pts/0"
       on /usr/local/sbin/snowglobe-heartbeat; log | say terminal
       touch -a -d '20 minutes ago' "$root/dev/pts/0"; touch -m "$root/dev/pts/0"
       on /usr/local/sbin/snowglobe-heartbeat; log | say forgotten
       echo "snowglobe-kernel-guest.service loaded active running" >"$run/units"
       on /usr/local/sbin/snowglobe-heartbeat; log | say build`,
    );
    const sent =
      "aws cloudwatch put-metric-data --region us-west-1 --namespace snowglobe --metric-name Busy --dimensions InstanceId=i-0abc --value 1";
    expect(said.idle).not.toContain("put-metric-data");
    expect(said.terminal).toContain(sent);
    // What runs in it may write on: nobody types.
    expect(said.forgotten).not.toContain("put-metric-data");
    expect(said.build).toContain(sent);
  });
});
