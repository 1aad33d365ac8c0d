/** SSH without the cockpit: `make ssh-jumpbox`, `ssh-arm`, `ssh-x86`. */

import type { Environment } from "../environment.ts";
import { FailureError } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { Handover } from "../operation/handover.ts";
import type { Channel } from "./channel.ts";
import { checkLocal, sshArguments, sshProgram } from "./command.ts";
import { diagnose } from "./diagnose.ts";
import { createLog } from "./log.ts";
import { noticeOf, titleOf } from "./temporary-disk.ts";

/** OpenSSH's own exit status for whatever went wrong before or beside the far side's command (ssh(1), "EXIT STATUS"). */
const SSH_FAILED = 255;

/**
 * The real ssh to a machine, to hand a terminal to. Throws a FailureError where it cannot even be tried. Call it when SSH
 * answers (see Channel.waitForSsh).
 */
export function sshHandover(
  environment: Environment,
  channel: Channel,
  machine: MachineName,
  address: string,
): Handover {
  const local = checkLocal(environment);
  if (local) throw new FailureError(local);
  const facts = channel.facts(machine, address);
  const log = createLog(environment);
  const person = process.stdin.isTTY;
  const notice = person ? noticeOf(facts.root) : undefined;
  return {
    command: sshProgram(environment),
    args: sshArguments(environment, {
      address,
      identity: channel.identity(facts),
      // Words from a pipe are a script, and get no terminal over there that would echo them and greet.
      use: person ? "session" : "piped",
      log: log.path,
    }),
    env: environment.env,
    ...(notice ? { greeting: `${titleOf(facts.root, machine)}${notice}\n` } : {}),
    failure: (code) => (code === SSH_FAILED ? diagnose(log.take(), facts) : undefined),
    close: () => {
      log.take();
    },
  };
}
