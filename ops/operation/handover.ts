/** Operations that prepare something and then give a person's terminal to it: a database client, a shell in the container. */

import { spawn } from "node:child_process";
import type { Operation } from "./types.ts";

/** What the terminal is given to. */
export interface Handover {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
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

/** Gives this process's terminal away and resolves with the exit status when it is back. The cockpit has suspended itself. */
export function giveTerminal({ command, args, env, close }: Handover): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    const child = spawn(command, [...args], { env: { ...env }, stdio: "inherit" });
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  }).finally(close);
}
