/** The compile cache holds code that is run without being read again: it lies where nobody else can write, or nowhere. */

import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Turns the cache on, in a folder of ours alone below the person's cache directory. Never throws. */
export function keepCompiled(env: Readonly<Record<string, string | undefined>>): void {
  const folder = join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "snowglobe", "compiled");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const each of [dirname(folder), folder]) {
      const { uid } = lstatSync(each);
      if (!lstatSync(each).isDirectory() || uid !== process.getuid?.()) return;
      chmodSync(each, 0o700);
    }
    enableCompileCache(folder);
  } catch {
    // Without a cache it starts a little later.
  }
}
