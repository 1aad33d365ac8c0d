/** Saving a log as a plain file of one's own. */

import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Environment } from "../../ops/environment.ts";

/** So many characters are handed to the disk at once; everything else goes on between. */
const PIECE = 65_536;

/**
 * Writes `lines` to `logs/NAME.log` under our state directory, readable by its owner only; the same name again writes the
 * file anew. However many they are, only a few are held. Gives the path as a person would write it. Throws what the file
 * system says, and leaves no half of a file then.
 */
export async function saveLog(
  { stateDir, home }: Pick<Environment, "stateDir" | "home">,
  name: string,
  lines: Iterable<string> | AsyncIterable<string>,
): Promise<string> {
  const folder = join(stateDir, "logs");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${name.replaceAll(/[^A-Za-z0-9._-]+/g, "-")}.log`);
  const half = `${file}.half`;
  try {
    await pipeline(pieces(lines), createWriteStream(half, { mode: 0o600 }));
    await rename(half, file);
  } catch (error) {
    await rm(half, { force: true }).catch(() => {});
    throw error;
  }
  return file.startsWith(`${home}/`) ? `~${file.slice(home.length)}` : file;
}

async function* pieces(lines: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  let piece = "";
  for await (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}
