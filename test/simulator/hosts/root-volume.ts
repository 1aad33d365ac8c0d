/** A directory that stands for a root volume: its files, its kernels and its host key. */

import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { MachineName } from "../../../ops/fleet/machines.ts";
import { installKernels } from "./grub.ts";

interface RootVolume {
  readonly home: string;
  readonly hostKey: string;
  /** The public keys that cloud-init prints to the console in this boot; empty where it prints none. */
  readonly printed: readonly string[];
}

const STOCK_KERNEL = "6.8.0-1021-aws";
const PATCHED_KERNEL = "6.18.3-nested-dsb";

/**
 * Boots from a volume's directory; makes it, as its image or as its owner left it, the first time that it is asked for.
 * Under an instance ID that it has not seen, cloud-init makes the host key anew, unless the instance's user_data says
 * otherwise, and prints it (aws.md, "A root volume under another instance ID"; test/terraform/cloud-init.test.ts).
 */
export function bootRoot(
  path: string,
  machine: MachineName,
  hasData: boolean,
  instance: { readonly id: string; readonly keepsHostKeys: boolean },
): RootVolume {
  const home = join(path, "home", "ubuntu");
  const hostKey = join(path, "etc", "ssh", "ssh_host_ed25519_key");
  if (!existsSync(hostKey)) {
    for (const [name, text] of Object.entries({ ...BARE, ...(hasData ? DATA[machine] : {}) })) {
      write(join(home, name), text);
    }
    const patched = machine === "fcvm-metal-arm" && hasData;
    installKernels(
      path,
      patched ? [PATCHED_KERNEL, STOCK_KERNEL] : [STOCK_KERNEL],
      patched ? PATCHED_KERNEL : STOCK_KERNEL,
    );
    makeKey(hostKey, machine);
  }
  const seen = join(path, "var/lib/cloud/data/instance-id");
  const isNew = !existsSync(seen) || readFileSync(seen, "utf8").trim() !== instance.id;
  if (isNew) {
    if (existsSync(seen) && !instance.keepsHostKeys) makeKey(hostKey, machine);
    write(seen, `${instance.id}\n`);
    write(join(path, "var/lib/cloud/instance/sem/config_ssh"), "");
  }
  return {
    home,
    hostKey: readFileSync(hostKey, "utf8"),
    printed: isNew ? [readFileSync(`${hostKey}.pub`, "utf8").trim()] : [],
  };
}

/**
 * What every boot makes new below the root: the boot's id, an empty /tmp, and the devices of the machine that it is on.
 * @param kvm whether the kernel gives /dev/kvm
 */
export function beginBoot(path: string, machine: MachineName, kvm: boolean): void {
  const disks = machine === "fcvm-metal-arm" ? 3 : 1;
  for (const name of ["tmp", "proc", "sys", "dev"]) rmSync(join(path, name), { recursive: true, force: true });
  mkdirSync(join(path, "tmp"));
  write(join(path, "proc/sys/kernel/random/boot_id"), `${randomUUID()}\n`);
  write(join(path, "proc/vmstat"), "oom_kill 0\n");
  for (let disk = 0; disk < disks; disk += 1) mkdirSync(join(path, `sys/class/nvme/nvme${disk}`), { recursive: true });
  mkdirSync(join(path, "dev"));
  if (kvm && machine !== "jumpbox") write(join(path, "dev/kvm"), "");
}

/** Makes a key pair at `path` and `path`.pub, without a passphrase; ssh2's own generator makes some that nobody can read. */
export function makeKey(path: string, comment: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o644 });
}

/** Ubuntu's prompt and window title; the name comes from outside, as a volume does not know which machine it is on. */
const BARE = {
  ".bashrc": `shopt -s checkwinsize
PS1="\\[\\e]0;ubuntu@$SIM_HOSTNAME: \\w\\a\\]\\[\\e[01;32m\\]ubuntu@$SIM_HOSTNAME\\[\\e[00m\\]:\\[\\e[01;34m\\]\\w\\[\\e[00m\\]$ "
alias ls='ls --color=auto' ll='ls -alF'
`,
  // What this machine's own /etc/profile has made of the path is undone.
  ".profile": 'PATH="$SIM_BIN:$SIM_PATH"\n[ -z "$BASH" ] || . "$HOME/.bashrc"\n',
} as const;

const HISTORY = "cd ~/src/fcvm\nmake test\ngit log --oneline | head\n";

const DATA: Readonly<Record<MachineName, Readonly<Record<string, string>>>> = {
  jumpbox: {
    "notes.md": "# jumpbox\n\n- admin access; the swap file is .swapfile\n",
    ".bash_history": "make status\naws sts get-caller-identity\n",
  },
  "fcvm-metal-arm": {
    "notes.md":
      "# fcvm on arm\n\n- nested: boots with the three patches, uname -r ends in -nested-dsb\n- images: /mnt/fcvm-btrfs/image-cache\n",
    ".bash_history": HISTORY,
    "src/fcvm/README.md": "# fcvm\n\nFirecracker microVMs, nested.\n",
    "src/fcvm/Makefile": "test:\n\tcargo test\n",
    "src/fcvm/src/main.rs": 'fn main() {\n    println!("fcvm");\n}\n',
  },
  "fcvm-metal-x86": {
    "notes.md": "# fcvm on x86\n\n- compare boot times with the arm machine\n",
    ".bash_history": HISTORY,
    "src/fcvm/README.md": "# fcvm\n\nFirecracker microVMs on x86.\n",
    "src/fcvm/Makefile": "test:\n\tcargo test\n",
    "src/fcvm/src/main.rs": 'fn main() {\n    println!("fcvm");\n}\n',
  },
};
