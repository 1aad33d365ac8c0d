/** What a simulated machine builds kernels with: a source on loopback, stand-ins for what no container has, a way to reboot. */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type Mirror, startMirror } from "../../kernel/mirror.ts";
import { PATCHES, publicKey, publishTree, STAND_INS, SUMS_PATH, TARBALL_PATH, TREE } from "../../kernel/publish.ts";
import { writeTree } from "../../kernel/tree.ts";
import { largeTree } from "./kernel-paths.ts";

export interface KernelWorks {
  /** Where the source is fetched from; its faults are at hand. */
  readonly mirror: Mirror;
  /** Publishes the tree anew after `change` has been at it. */
  readonly publish: (change?: (tree: string) => void) => void;
  /** While on, every compiler waits: a build stays where it is. */
  readonly hold: (on: boolean) => void;
  /** What the programs of a machine with that root are told; also makes what they need there. */
  readonly environment: (volume: string) => Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** Of those of test/kernel: what a build and an installation call. */
const SHARED = [
  ...["apt-get", "df", "dpkg-query", "gcc", "objdump", "sudo", "update-grub", "update-initramfs"],
  ...["grub-editenv", "grub-probe", "grub-reboot", "grub-set-default"],
];

/** Gigabytes free on every machine; a test writes others into the root's `.free`. */
const FREE_GB = "280\n";

const NEEDED = ["bc", "curl", "flock", "gpg", "make", "patch", "setsid", "tar", "xz"];

/**
 * Writes the stand-ins into `bin` and serves the source. Nothing is packed and no key is made before somebody asks for it.
 * @param size a tree that builds in a second, or one that is worth looking at
 * @param reboot is told of a machine's wish, by its name
 */
export async function startKernelWorks(options: {
  readonly directory: string;
  readonly bin: string;
  readonly size: "small" | "large";
  readonly reboot: (machine: string) => void;
}): Promise<KernelWorks> {
  const { directory, bin, size, reboot } = options;
  const keyPath = join(directory, "kernel-key.asc");
  const hold = join(directory, "hold");
  mkdirSync(bin, { recursive: true });
  for (const name of SHARED) copyFileSync(join(STAND_INS, name), join(bin, name));
  writeRefusal(bin);

  const mirror = await startMirror((path) => {
    const machine = /^\/reboot\/([\w-]+)$/.exec(path)?.[1];
    if (machine) {
      reboot(machine);
      return Buffer.from("rebooting\n");
    }
    if ((path === SUMS_PATH || path === TARBALL_PATH) && !mirror.files.has(path)) publish();
    return undefined;
  });
  const publish = (change?: (tree: string) => void) => {
    const folder = mkdtempSync(join(tmpdir(), "snowglobe-tree-"));
    try {
      writeTree(join(folder, TREE), PATCHES, size === "large" ? largeTree() : undefined);
      change?.(join(folder, TREE));
      for (const [path, file] of publishTree(folder)) mirror.files.set(path, file);
      writeFileSync(keyPath, publicKey());
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  return {
    mirror,
    publish,
    hold: (on) => (on ? writeFileSync(hold, "") : rmSync(hold, { force: true })),
    environment: (volume) => {
      const free = join(volume, ".free");
      if (!existsSync(free)) writeFileSync(free, FREE_GB);
      return {
        SNOWGLOBE_ROOT: volume,
        SNOWGLOBE_KERNEL_MIRROR: mirror.url,
        SNOWGLOBE_KERNEL_KEY: keyPath,
        SIM_REBOOT: `${mirror.url}/reboot`,
        FREE: free,
        CALLS: join(volume, ".calls"),
        HOLD: hold,
      };
    },
    stop: mirror.stop,
  };
}

/** Where this computer lacks what a build needs, the scripts say so instead of beginning. */
function writeRefusal(bin: string): void {
  const lack = whatLacks();
  if (!lack) return;
  writeFileSync(
    join(bin, "bash"),
    `#!/bin/sh
case "$1" in
  */job.sh | */build.sh | */install-host.sh) echo "The demo's machines build kernels with the tools of this computer, and it has no ${lack}. Install that, then start the demo again." >&2; exit 1 ;;
esac
PATH="$SIM_PATH" exec bash "$@"
`,
    { mode: 0o755 },
  );
}

function whatLacks(): string | undefined {
  if (process.platform !== "linux") return "Linux";
  const path = (process.env.PATH ?? "/usr/bin:/bin").split(delimiter);
  return NEEDED.find((tool) => !path.some((folder) => existsSync(join(folder, tool))));
}
