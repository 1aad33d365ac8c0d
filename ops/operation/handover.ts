/** Operations that prepare something and then give a person's terminal to it: ssh, a database client, a shell in the container. */

import { spawn } from "node:child_process";
import type { Failure } from "../failure.ts";
import type { Operation } from "./types.ts";

/** What the terminal is given to. */
export interface Handover {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
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
 * where the command itself failed. Rejects where it cannot be started.
 */
export async function giveTerminal({
  command,
  args,
  env,
  failure,
  close,
}: Handover): Promise<{ readonly code: number; readonly failure: Failure | undefined }> {
  // Ctrl+C belongs to whoever has the terminal.
  const ignore = () => {};
  process.on("SIGINT", ignore);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      const child = spawn(command, [...args], { env: { ...env }, stdio: "inherit" });
      child.once("error", reject);
      child.once("close", (status) => resolve(status ?? 255));
    });
    return { code, failure: failure?.(code) };
  } finally {
    process.off("SIGINT", ignore);
    close();
  }
}
