/** Operations that prepare something and then give a person's terminal to it: ssh, a database client, a shell in the container. */

import type { Failure } from "../failure.ts";
import { $, NO_PROGRAM, notInstalled } from "../programs.ts";
import type { Operation } from "./types.ts";

/** What the terminal is given to. */
export interface Handover {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the terminal is told first, where it is one. */
  readonly greeting?: string;
  /** What an exit status says of the command itself, where it says anything; asked before `close`. */
  readonly failure?: (code: number) => Failure | undefined;
  /** Ends what was started for it; to be called when it has ended, however it did. */
  readonly close: () => void;
}

export interface HandoverOperation extends Operation {
  /** Once the operation is done: what to hand the terminal to. */
  readonly handover: () => Handover | undefined;
}

export function handsOver(operation: Operation): operation is HandoverOperation {
  return "handover" in operation;
}

/**
 * Gives this process's terminal away until the command ends; resolves with its exit status, and with what went wrong
 * where the command itself failed or is not there.
 */
export async function giveTerminal({
  command,
  args,
  env,
  greeting,
  failure,
  close,
}: Handover): Promise<{ readonly code: number; readonly failure: Failure | undefined }> {
  // Ctrl+C belongs to whoever has the terminal.
  const ignore = () => {};
  process.on("SIGINT", ignore);
  try {
    if (greeting && process.stdout.isTTY) process.stdout.write(greeting);
    const { exitCode } = await $({ env, stdio: "inherit", detached: false, nothrow: true })`${command} ${args}`;
    const code = exitCode ?? 255;
    const missing = code === NO_PROGRAM ? notInstalled(command, env) : undefined;
    return { code, failure: missing?.failure ?? failure?.(code) };
  } finally {
    process.off("SIGINT", ignore);
    close();
  }
}
