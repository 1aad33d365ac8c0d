/**
 * From nothing to a cockpit on this terminal. What was stored is shown by our own rows first; React and Ink, which take longer
 * to load than Node to start, take the same frame over. What is slower still (AWS clients, ssh, the emulator) comes after that.
 */

import { explain } from "../ops/aws/errors.ts";
import { createOps } from "../ops/compose.ts";
import { environmentFrom } from "../ops/environment.ts";
import { plainText } from "../ops/plain.ts";
import { PUT_RIGHT } from "../ops/ssh/replay.ts";
import { firstFrame } from "./first-frame.ts";
import { lastWord } from "./last-word.ts";
import { takeLifecycle } from "./lifecycle.ts";
import { CUT_LINES, restoreTitle, saveTitle, TITLE, WRAP_LINES } from "./terminal/modes.ts";
import { createOutput } from "./terminal/output.ts";
import { takeTerminal } from "./terminal/own-terminal.ts";

/** As long as a call that is under way may take when the cockpit is left, milliseconds. */
const STOPPING_MS = 60_000;

/** The cockpit where there is a terminal to draw on, and the fleet as a plain table where there is none. */
export function start(): Promise<void> {
  const { stdin, stdout, env } = process;
  return stdin.isTTY && stdout.isTTY && env.TERM !== "dumb" ? cockpit() : plainStatus();
}

async function cockpit(): Promise<void> {
  const { stdin, stdout, env } = process;
  const lifecycle = takeLifecycle(process, (error) => explain(error).sentence);
  const ops = createOps(environmentFrom(env));
  lifecycle.onEnd(() => {
    // The terminal is the shell's again, and would stand still without a word.
    const word = lastWord(ops.operations.get().map((run) => run.get()));
    if (word) process.stderr.write(`${plainText(word)}\n`);
    return ops.stop();
  }, STOPPING_MS);
  // Ink's own switch. What is said is linear text: it wraps, and stays in the scrollback to be gone back to.
  const reader = env.INK_SCREEN_READER === "true";
  stdout.write(PUT_RIGHT + saveTitle(TITLE) + (reader ? "" : CUT_LINES));
  const terminal = takeTerminal(stdin, stdout);
  const output = createOutput(stdout, env.TERM);
  lifecycle.onEnd(output.taken);
  let takeDown = output.leave;
  lifecycle.setRestore(() => {
    takeDown();
    terminal.giveBack();
    stdout.write(WRAP_LINES + restoreTitle());
  });
  await ops.fleet.start();
  if (!reader) output.showFirst(firstFrame(ops, stdout));
  const { mount } = await import("./mount.tsx");
  takeDown = mount({ ops, lifecycle, terminal, output, reader });
}

/** What a pipe or a dumb terminal gets: the fleet as a plain table, and how to see more. */
async function plainStatus(): Promise<void> {
  const { createCommandLine } = await import("../ops/command-line.ts");
  const ops = createOps(environmentFrom(process.env));
  const commandLine = createCommandLine(ops, {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    ask: undefined,
  });
  process.exitCode = await commandLine.run(["status"]);
  process.stderr.write("This is not a terminal that the cockpit can draw on. Run make tui in one to start it.\n");
  await ops.stop();
}
