/** Saving a log as a plain file of one's own. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../../ops/environment.ts";

/**
 * Writes `lines` to `logs/NAME.log` under our state directory, readable by its owner only; the same name again writes the file anew.
 * Gives the path as a person would write it. Throws what the file system says.
 */
export async function saveLog(
  { stateDir, home }: Pick<Environment, "stateDir" | "home">,
  name: string,
  lines: Iterable<string>,
): Promise<string> {
  const folder = join(stateDir, "logs");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${name.replaceAll(/[^A-Za-z0-9._-]+/g, "-")}.log`);
  await writeFile(file, `${[...lines].join("\n")}\n`, { mode: 0o600 });
  return file.startsWith(`${home}/`) ? `~${file.slice(home.length)}` : file;
}
