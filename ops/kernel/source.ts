/** kernel/ as it is here: what would be built from what, and how it is brought to a machine. */

import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { FailureError } from "../failure.ts";

export interface SourceFile {
  /** Below kernel/, with slashes. */
  readonly path: string;
  readonly sha256: string;
  readonly executable: boolean;
  readonly content: Buffer;
}

export interface KernelSource {
  readonly files: readonly SourceFile[];
  /** Of all files with their modes: names the directory on the machine. */
  readonly hash: string;
  /** Linux's version that kernel/job.sh builds. */
  readonly version: string;
}

/** Reads kernel/. Throws a FailureError where it is not there or not whole. */
export async function readSource(directory: string): Promise<KernelSource> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith(".") && !entry.name.endsWith("~"))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    const files = await Promise.all(paths.map((path) => readOne(directory, path)));
    const script = files.find(({ path }) => path === "job.sh")?.content.toString() ?? "";
    const version = /KERNEL_VERSION:-([\d.]+)/.exec(script)?.[1];
    if (version === undefined) throw new Error("no version in job.sh");
    return { files, version, hash: sha256(manifest(files)).slice(0, 16) };
  } catch (error) {
    throw new FailureError(
      {
        kind: "missing",
        code: "KERNEL_SOURCE",
        sentence: `${directory} cannot be read, or job.sh is missing there.`,
        action: "Get the project's folder kernel/ back: git checkout kernel.",
      },
      { cause: error },
    );
  }
}

async function readOne(directory: string, path: string): Promise<SourceFile> {
  const [content, { mode }] = await Promise.all([readFile(path), stat(path)]);
  const below = path.slice(directory.length + 1).replaceAll("\\", "/");
  return { path: below, content, sha256: sha256(content), executable: (mode & 0o100) !== 0 };
}

function sha256(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}

function manifest(files: readonly SourceFile[]): string {
  return files.map(({ executable, path, sha256: sum }) => `${sum} ${executable ? "755" : "644"} ${path}\n`).join("");
}

/** The patches that go into `version`, by name: one whose message says "First-in: V" is part of V and later. */
export function wantedPatches({ files, version }: KernelSource): readonly SourceFile[] {
  return files.filter(({ content, path }) => {
    if (!/^patches\/[^/]+\.patch$/.test(path)) return false;
    const first = /^First-in: (\S+)/m.exec(content.toString())?.[1];
    return first === undefined || compareVersions(version, first) < 0;
  });
}

/** Configuration fragments of a kind, whatever the machine's architecture: `guest.config`, `guest-arm64.config`. */
export function fragments(
  { files }: KernelSource,
  kind: "guest" | "host",
  architecture: string,
): readonly SourceFile[] {
  const arch = architecture === "arm64" ? "arm64" : "x86";
  const names = [`config/${kind}.config`, `config/${kind}-${arch}.config`];
  return files.filter(({ path }) => names.includes(path));
}

export function nameOf({ path }: SourceFile): string {
  return basename(path);
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
