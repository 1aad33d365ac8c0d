/** Our state directory: ours alone and fit to be written, or another for as long as we run. */

import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { explain } from "./aws/errors.ts";
import type { Environment } from "./environment.ts";
import { type Failure, FailureError } from "./failure.ts";

/**
 * Gives the same environment where its state directory can be used; else one with a directory of this process alone, which
 * goes with it, and `unkept`: why. Throws where not even that can be had.
 */
export function withStateDir(environment: Environment): Environment {
  const { stateDir } = environment;
  try {
    prove(stateDir);
    return environment;
  } catch (error) {
    const own = mkdtempSync(join(tmpdir(), "snowglobe-state-"));
    process.on("exit", () => rmSync(own, { recursive: true, force: true }));
    // Whom we knew we know still; but not by what somebody else has put there.
    if (!(error instanceof FailureError)) copyQuietly(join(stateDir, "known_hosts"), join(own, "known_hosts"));
    return { ...environment, stateDir: own, unkept: unkept(error) };
  }
}

/** Makes it, and writes a file there: a disk may have no room for one, or no name. Throws what stands against it. */
function prove(stateDir: string): void {
  makeFolders(stateDir);
  const uid = process.getuid?.();
  // Also a link that somebody else has laid there.
  for (const { uid: owner } of [lstatSync(stateDir), statSync(stateDir)]) {
    if (owner === uid) continue;
    throw new FailureError({
      kind: "refused",
      code: "NOT_OURS",
      sentence: `${stateDir} belongs to somebody else.`,
      // What a sudo leaves behind.
      action:
        owner === 0
          ? "Run sudo chown -R $USER ~/.local, then try again."
          : "Have it removed, or set XDG_STATE_HOME to a directory of yours.",
    });
  }
  if (statSync(stateDir).mode & 0o077) chmodSync(stateDir, 0o700);
  accessSync(stateDir, constants.R_OK | constants.W_OK | constants.X_OK);
  const probe = join(stateDir, `.written-${process.pid}`);
  try {
    writeFileSync(probe, "1", { mode: 0o600 });
  } finally {
    rmSync(probe, { force: true });
  }
}

/** One after the other: Node's own recursion says of a read-only disk only that something is not there. */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another of our programs was quicker.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function unkept(error: unknown): Failure {
  const { sentence, ...rest } = explain(error);
  return {
    ...rest,
    sentence: `${sentence} Nothing is kept of what is done here: no history, no last look, no host key.`,
  };
}

function copyQuietly(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch {
    // There is none.
  }
}
