/** What Make calls: one verb a target. */

import { openSync } from "node:fs";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { ReadStream } from "node:tty";
import { explain } from "./aws/errors.ts";
import { createCommandLine } from "./command-line.ts";
import { type ComposedOps, createOps } from "./compose.ts";
import { environmentFrom } from "./environment.ts";
import { plainText } from "./plain.ts";
import { INTERRUPTED } from "./run-lines.ts";

const ops = begun();
/** Standard input and output are an ssh's, which has called us to connect it: whatever is said and asked goes beside them. */
const isPipe = process.argv[2] === "pipe";
const keyboard = isPipe ? terminal() : process.stdin.isTTY ? process.stdin : undefined;
const commandLine = createCommandLine(ops, {
  out: (line) => (isPipe ? process.stderr : process.stdout).write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  ask: keyboard && ((prompt, signal) => ask(keyboard, prompt, signal)),
});

/** The terminal that this was called from, whatever stands on our streams; undefined where there is none. */
function terminal(): ReadStream | undefined {
  try {
    const keys = new ReadStream(openSync("/dev/tty", "r"));
    keys.unref();
    return keys;
  } catch {
    return undefined;
  }
}

/** Everything, or a sentence where not even that can be had: a state directory that is somebody else's. */
function begun(): ComposedOps {
  try {
    return createOps(environmentFrom(process.env));
  } catch (error) {
    const { sentence, action } = explain(error);
    process.stderr.write(`${plainText([sentence, action].filter(Boolean).join(" "))}\n`);
    process.exit(1);
  }
}

function interrupt(): void {
  if (!commandLine.interrupt()) process.exit(INTERRUPTED);
}

/** One line from the terminal; undefined when it ends (Ctrl+D) or the question is no longer asked. */
function ask(input: ReadStream, prompt: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const reader = createInterface({ input, output: process.stderr });
    // Nothing else may be under way, and the question is to be waited for all the same.
    input.ref();
    const give = (answer: string | undefined) => {
      resolve(answer);
      reader.close();
    };
    reader.on("SIGINT", interrupt).on("close", () => {
      input.unref();
      resolve(undefined);
    });
    signal.addEventListener("abort", () => give(undefined), { once: true });
    if (signal.aborted) give(undefined);
    else reader.question(`${prompt} `, give);
  });
}

let leaving = false;

/**
 * Nobody said stop, but somebody goes: what changes the world stops after its current call and is then in the history; a
 * kernel that is being built is left to be built. It comes more than once, from the kernel, the shell and make: the first
 * counts.
 */
function leave(status: number): void {
  if (leaving) return;
  leaving = true;
  if (commandLine.mindsLeaving()) commandLine.interrupt();
  else void ops.stop().finally(() => process.exit(status));
}

process.on("SIGINT", interrupt);
for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => leave(128 + constants.signals[signal]));
// A reader that has gone away, such as `head`, is no fault of ours; a terminal that was closed takes no line either.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => leave(error.code === "EPIPE" ? 0 : 1));
}
process.exitCode = await commandLine.run(process.argv.slice(2));
