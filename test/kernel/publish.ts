/** What kernel.org publishes, made here: a small tree's tarball and its sums, signed with a test key. */

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { sha256 } from "./mirror.ts";

/** The project's root, from the sources and from the bundle. */
export const ROOT = (() => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "kernel/build.sh")) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
})();

export const PATCHES = join(ROOT, "kernel/patches");
export const STAND_INS = join(ROOT, "test/kernel/stand-ins");

/** Paths on a mirror, and the name of the tree. */
export const TREE = "linux-6.18.3";
export const TARBALL_PATH = `/v6.x/${TREE}.tar.xz`;
export const SUMS_PATH = "/v6.x/sha256sums.asc";

/** The key that the mirrors of this process sign with, made once: making one takes longer than a build. */
let keys: string | undefined;

function keyHome(): string {
  if (keys) return keys;
  const home = mkdtempSync(join(tmpdir(), "keys-"));
  keys = home;
  makeKey(home, "Test autosigner <test@example.org>");
  process.once("exit", () => {
    forgetKeys(home);
    rmSync(home, { recursive: true, force: true });
  });
  return home;
}

/** Makes a signing key in the GnuPG home `home`; `forgetKeys` ends what serves it. */
export function makeKey(home: string, person: string): void {
  gpg(home, ["--quick-generate-key", person, "ed25519", "sign", "never"]);
}

export function forgetKeys(home: string): void {
  spawnSync("gpgconf", ["--homedir", home, "--kill", "all"]);
}

export function gpg(home: string, args: readonly string[], input = ""): Buffer {
  return execFileSync("gpg", ["--homedir", home, "--batch", "--quiet", "--passphrase", "", ...args], {
    input,
    stdio: ["pipe", "pipe", "ignore"],
  });
}

/** The public half of the key, for SNOWGLOBE_KERNEL_KEY. */
export function publicKey(): Buffer {
  return gpg(keyHome(), ["--armor", "--export"]);
}

/** The files of a mirror by their paths: the tree that lies in `folder`, packed and signed. */
export function publishTree(folder: string): Map<string, Buffer> {
  const tarball = execFileSync("tar", ["-C", folder, "-cJf", "-", TREE], {
    env: { ...process.env, XZ_OPT: "-0" },
    maxBuffer: 1 << 26,
  });
  const sums = `${"0".repeat(64)}  linux-6.18.2.tar.xz\n${sha256(tarball)}  ${TREE}.tar.xz\n`;
  return new Map([
    [TARBALL_PATH, tarball],
    [SUMS_PATH, gpg(keyHome(), ["--clearsign"], sums)],
  ]);
}
