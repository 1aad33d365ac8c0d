/** The file into which one ssh process writes its own words, so that they are told from the far side's. */

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../environment.ts";

interface Log {
  readonly path: string;
  /** What ssh said, once; the file is gone afterwards. */
  readonly take: () => string;
}

let made = 0;

export function createLog(environment: Environment): Log {
  const directory = join(environment.stateDir, "ssh");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  made += 1;
  const path = join(directory, `${process.pid}-${made}.log`);
  rmSync(path, { force: true });
  return {
    path,
    take: () => {
      try {
        return readFileSync(path, "utf8");
      } catch {
        return "";
      } finally {
        rmSync(path, { force: true });
      }
    },
  };
}
