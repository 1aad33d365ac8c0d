/** What a kernel would be built from, as kernel/ is here: which patches, which configuration. Pure. */

import type { KernelKind } from "./view.ts";

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

/** The patches that go into `version`, by name: one whose message says "First-in: V" is part of V and later. */
export function wantedPatches({ files, version }: KernelSource): readonly SourceFile[] {
  return files.filter(({ content, path }) => {
    if (!/^patches\/[^/]+\.patch$/.test(path)) return false;
    const first = /^First-in: (\S+)/m.exec(content.toString())?.[1];
    return first === undefined || compareVersions(version, first) < 0;
  });
}

/** Configuration fragments of a kind, whatever the machine's architecture: `guest.config`, `guest-arm64.config`. */
export function fragments({ files }: KernelSource, kind: KernelKind, architecture: string): readonly SourceFile[] {
  const arch = architecture === "arm64" ? "arm64" : "x86";
  const names = [`config/${kind}.config`, `config/${kind}-${arch}.config`];
  return files.filter(({ path }) => names.includes(path));
}

export function nameOf({ path }: SourceFile): string {
  return path.split("/").at(-1) ?? path;
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
