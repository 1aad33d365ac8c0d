/** Puts the stand-in engine on a PATH of its own. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Sources and bundle both know where the engine is: beside this file, or beside the bundle that it is part of. */
const ENGINE = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "main.ts" : "engine.js", import.meta.url));

/** One word of a shell. */
export function quoted(part: string): string {
  return `'${part.replaceAll("'", "'\\''")}'`;
}

/** Writes the engine as `podman` below `directory`, and the Dockerfile whose image it has. Gives the PATH to go by. */
export async function stageEngine(directory: string, path: string | undefined): Promise<string> {
  const bin = join(directory, "bin");
  await mkdir(bin, { mode: 0o700 });
  const script = `export SIMULATED_ENGINE_DIR=${quoted(join(directory, "containers"))}
exec ${quoted(process.execPath)} ${quoted(ENGINE)} "$@"`;
  await writeFile(join(bin, "podman"), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  await writeFile(join(directory, "Dockerfile"), "FROM scratch\n");
  return path ? `${bin}:${path}` : bin;
}
