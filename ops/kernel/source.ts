/** kernel/ as it is here, read whole. */

import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FailureError } from "../failure.ts";
import type { KernelSource, SourceFile } from "./inputs.ts";

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
