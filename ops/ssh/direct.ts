/** SSH without the cockpit: `make ssh-jumpbox`, `ssh-arm`, `ssh-x86`. */

import { spawn } from "node:child_process";
import type { Environment } from "../environment.ts";
import { type Failure, FailureError } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { Channel } from "./channel.ts";
import { checkLocal, sshArguments, sshProgram } from "./command.ts";
import { diagnose } from "./diagnose.ts";
import { createLog } from "./log.ts";

/**
 * Hands the terminal to ssh until it ends. Gives ssh's exit status, and what went wrong where ssh itself failed.
 * Throws a FailureError where it cannot even be tried. Call it when SSH answers (see Channel.waitForSsh).
 */
export async function runDirect(
  environment: Environment,
  channel: Channel,
  machine: MachineName,
  address: string,
): Promise<{ readonly code: number; readonly failure: Failure | undefined }> {
  const local = checkLocal(environment);
  if (local) throw new FailureError(local);
  const facts = channel.facts(machine, address);
  const log = createLog(environment);
  const args = sshArguments(environment, { address, alias: facts.alias, use: "session", log: log.path });
  // Ctrl+C belongs to the far side; a terminal in raw mode sends none here, and while ssh connects it ends ssh alone.
  const ignore = () => {};
  process.on("SIGINT", ignore);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      const child = spawn(sshProgram(environment), args, { env: { ...environment.env }, stdio: "inherit" });
      child.on("error", reject);
      child.on("close", (status) => resolve(status ?? 255));
    });
    return { code, failure: code === 255 ? diagnose(log.take(), facts) : undefined };
  } finally {
    process.off("SIGINT", ignore);
    log.take();
  }
}
