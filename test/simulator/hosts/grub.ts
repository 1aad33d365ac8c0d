/** The boot loader of a simulated machine: which kernel comes up, as GRUB's own configuration decides it. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Chosen {
  readonly release: string;
  /** For this one boot only: `next_entry` named it. */
  readonly once: boolean;
  /** Whether a panic reboots (panic=-1) or stays as it is. */
  readonly rebootsOnPanic: boolean;
}

const UUID = "1234-UUID";

/** The id of a kernel's entry, as grub-mkconfig makes it. */
const entryOf = (release: string): string => `gnulinux-advanced-${UUID}>gnulinux-${release}-advanced-${UUID}`;

/** Puts kernels into /boot of a new root, newest first in GRUB's menu, with `saved` as the default. */
export function installKernels(volume: string, releases: readonly string[], saved: string): void {
  const boot = join(volume, "boot");
  mkdirSync(join(boot, "grub"), { recursive: true });
  mkdirSync(join(volume, "etc/default/grub.d"), { recursive: true });
  for (const release of releases) {
    writeFileSync(join(boot, `vmlinuz-${release}`), `Linux version ${release}\n`);
    writeFileSync(join(boot, `initrd.img-${release}`), `initramfs of ${release}\n`);
    writeFileSync(join(boot, `config-${release}`), "CONFIG_MODULES=y\n");
  }
  const entries = releases.map(
    (release) =>
      `\tmenuentry 'Ubuntu, with Linux ${release}' --class ubuntu $menuentry_id_option 'gnulinux-${release}-advanced-${UUID}' {\n\t}\n`,
  );
  writeFileSync(
    join(boot, "grub/grub.cfg"),
    `submenu 'Advanced options for Ubuntu' $menuentry_id_option 'gnulinux-advanced-${UUID}' {\n${entries.join("")}}\n`,
  );
  writeFileSync(join(boot, "grub/grubenv"), `saved_entry=${entryOf(saved)}\n`);
}

/**
 * What boots now, as the head of GRUB's grub.cfg does it (util/grub.d/00_header.in): `next_entry` once, and it is emptied
 * before the kernel starts; else `saved_entry`; else the first entry. An entry whose kernel is gone counts as none.
 */
export function chooseKernel(volume: string): Chosen {
  const path = join(volume, "boot/grub/grubenv");
  const environment = new Map(
    readOr(path)
      .split("\n")
      .filter((line) => line.includes("="))
      .map((line): [string, string] => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const releaseOf = (entry = "") => {
    const release = /gnulinux-(\S+)-advanced-[^>]*$/.exec(entry.slice(entry.indexOf(">") + 1))?.[1];
    return release && existsSync(join(volume, `boot/vmlinuz-${release}`)) ? release : undefined;
  };
  const next = environment.get("next_entry");
  if (next) {
    environment.set("next_entry", "");
    writeFileSync(path, [...environment].map(([name, value]) => `${name}=${value}\n`).join(""));
  }
  const listed = /menuentry_id_option 'gnulinux-(\S+?)-advanced-/.exec(readOr(join(volume, "boot/grub/grub.cfg")))?.[1];
  const once = releaseOf(next);
  return {
    release: once ?? releaseOf(environment.get("saved_entry")) ?? listed ?? "unknown",
    once: once !== undefined,
    rebootsOnPanic: defaults(volume).includes("panic=-1"),
  };
}

function defaults(volume: string): string {
  const folder = join(volume, "etc/default/grub.d");
  return existsSync(folder)
    ? readdirSync(folder)
        .map((name) => readOr(join(folder, name)))
        .join("")
    : "";
}

function readOr(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
