/** A child process: arguments as values and never through a shell, lines as they come, one gentle interrupt. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

interface Child {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Interrupts the child once and then waits for it: Terraform finishes what it is at and lets go of its lock. */
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string, stream: "out" | "err") => void;
}

export interface Ended {
  /** The exit status; 128 and more where a signal ended it. */
  readonly code: number;
  /** What it wrote; of standard output nothing where each line went to `onLine`. */
  readonly out: string;
  readonly err: string;
}

/** Runs it to its end. Rejects only where it cannot be started at all. */
export function run({ command, args, env, signal, onLine }: Child): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // Detached: Ctrl+C on a terminal goes to the whole foreground group, and a second interrupt would cut Terraform short.
    const child = spawn(command, [...args], { env: { ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const interrupt = () => child.kill("SIGINT");
    const texts = { out: "", err: "" };
    for (const [stream, source] of [
      ["out", child.stdout],
      ["err", child.stderr],
    ] as const) {
      createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
        onLine?.(line, stream);
        if (!onLine || stream === "err") texts[stream] += `${line}\n`;
      });
    }
    child.once("error", reject);
    child.once("close", (code, killed) => {
      signal?.removeEventListener("abort", interrupt);
      resolve({ code: code ?? (killed ? 128 : 1), ...texts });
    });
    if (signal?.aborted) interrupt();
    signal?.addEventListener("abort", interrupt, { once: true });
  });
}
