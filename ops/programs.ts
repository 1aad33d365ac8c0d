/**
 * Every program that we start, but for the terminals' (ops/ssh/connection.ts), starts here: `$` is zx's, set up once. A
 * command is a line in which each value is one argument, whatever is in it, and each list as many as it has.
 */

import { type SpawnOptions, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { $, defaults, type Options, type ProcessOutput, type ProcessPromise, which } from "zx/core";
import { FailureError } from "./failure.ts";
import { shellWord } from "./plain.ts";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * `$({ env, … })\`program ${value}\`` starts a program and gives its output; it rejects where the status is not 0, unless
 * `nothrow` says that the status is an answer (`exitCode` is null where a signal ended it). Beside zx's own options:
 * - the process is the program itself, with its pid and its signals, in a session of its own: no Ctrl+C in the terminal
 *   reaches it, and it reaches no terminal. `detached: false` with `stdio: "inherit"` hands ours over
 * - it reads `input`, or nothing
 * - `signal` sends `killSignal` once, to this one process, and waits for its end as usual
 * - secrets go by `env` or `input` and never as a value: a process list shows arguments to everybody
 */
export { $, type ProcessOutput, type ProcessPromise };

const set: Partial<Options> = {
  // Set in full, so that no ZX_… variable of the person's changes anything.
  verbose: false,
  quiet: true,
  nothrow: false,
  preferLocal: false,
  detached: true,
  stdio: ["ignore", "pipe", "pipe"],
  // Any POSIX shell: each call is handed over by `exec`, and sh reads no BASH_ENV first.
  shell: "/bin/sh",
  prefix: "exec ",
  postfix: "",
  quote: shellWord,
  killSignal: "SIGTERM",
  timeoutSignal: "SIGTERM",
  // zx's own signals the whole tree.
  kill: async (pid, signal) => void process.kill(Number(pid), signal),
  log: () => {},
  spawn: start as typeof spawn,
};
Object.assign(defaults, set);

/** Called by zx, with its own options. */
function start(command: string, args: readonly string[], options: SpawnOptions & { input?: unknown }) {
  const { signal } = options;
  // zx would end the whole group, and not read to the end: taken away from it, too.
  delete options.signal;
  // The directory in which zx was loaded may be gone since.
  delete options.cwd;
  if (options.input && Array.isArray(options.stdio)) options.stdio = ["pipe", ...options.stdio.slice(1)];
  const child = spawn(command, args, options);
  if (child.stdout === undefined) {
    // Nothing was started, for want of file descriptors, and Node gives no streams: said where the program would have.
    child.stdout = Readable.from([]);
    child.stderr = Readable.from(["Too many files are open on this computer: raise ulimit -n and start again.\n"]);
  }
  // zx reads chunk by chunk: a character must not be cut in two.
  child.stdout?.setEncoding("utf8");
  child.stderr?.setEncoding("utf8");
  // A program that is gone, or does not read, breaks this pipe: its exit says so already.
  child.stdin?.on("error", () => {});
  const { killSignal } = $;
  const end = () => child.kill(killSignal);
  if (signal?.aborted) end();
  signal?.addEventListener("abort", end, { once: true });
  child.once("close", () => signal?.removeEventListener("abort", end));
  return child;
}

/** For what runs long and is read as it comes: of standard output nothing is kept in memory, of standard error all. */
export function unkept(): Pick<Options, "store"> {
  const nothing = Object.assign([], { push: () => 0 });
  return { store: { stdout: nothing, stderr: [], stdall: nothing } };
}

/** Hands each line on as it comes, of both streams. */
export function eachLine(program: ProcessPromise, onLine: (line: string, stream: "out" | "err") => void): void {
  for (const [stream, input] of [
    ["out", program.stdout],
    ["err", program.stderr],
  ] as const) {
    createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => onLine(line, stream));
  }
}

/** Ends a program that has written more than `characters` on these streams: that is a flood, not an answer. */
export function endFlood(
  program: ProcessPromise,
  characters: number,
  streams: readonly ("stdout" | "stderr")[] = ["stdout", "stderr"],
): void {
  let length = 0;
  const count = (chunk: string) => {
    length += chunk.length;
    if (length > characters) program.child?.kill();
  };
  for (const stream of streams) program[stream].on("data", count);
}

/** Where a program lies on the PATH that we were given, which need not be that of this process; undefined where it does not. */
export function findProgram(name: string, env: Env): string | undefined {
  return which.sync(name, { path: env.PATH || "/usr/bin:/bin", nothrow: true }) ?? undefined;
}

/** The status with which the shell says that there is no such program; a program may have it for its own. */
export const NO_PROGRAM = 127;

/** What to say of a program that is not there; undefined where it is. */
export function notInstalled(name: string, env: Env): FailureError | undefined {
  if (findProgram(name, env)) return undefined;
  return new FailureError({
    kind: "missing",
    code: "NOT_INSTALLED",
    sentence: `${name} is not installed here, or not on the PATH.`,
    action: `Install ${name}, then try again.`,
  });
}

/** Whether there is such a process; one that is another user's is alive too. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
