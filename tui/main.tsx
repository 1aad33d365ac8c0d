/** Starts the cockpit on this terminal. What is slow to load (AWS clients, ssh, the emulator) comes after the first frame. */

import { render } from "ink";
import { explain } from "../ops/aws/errors.ts";
import { createOps } from "../ops/compose.ts";
import { environmentFrom } from "../ops/environment.ts";
import { PUT_RIGHT } from "../ops/ssh/replay.ts";
import { App } from "./app.tsx";
import { keepCompiled } from "./compile-cache.ts";
import { takeLifecycle } from "./lifecycle.ts";
import { CUT_LINES, restoreTitle, saveTitle, TITLE, WRAP_LINES } from "./terminal/modes.ts";
import { createOutput } from "./terminal/output.ts";
import { takeTerminal } from "./terminal/own-terminal.ts";
import { createRepaint, repaintOnResize } from "./terminal/repaint.ts";

keepCompiled(process.env);

/** As long as a call that is under way may take when the cockpit is left, milliseconds. */
const STOPPING_MS = 60_000;

if (process.stdin.isTTY && process.stdout.isTTY && process.env.TERM !== "dumb") cockpit();
else await plainStatus();

function cockpit(): void {
  const lifecycle = takeLifecycle(process, (error) => explain(error).sentence);
  const ops = createOps(environmentFrom(process.env));
  lifecycle.onEnd(ops.stop, STOPPING_MS);
  // Ink's own switch. What is said is linear text: it wraps, and stays in the scrollback to be gone back to.
  const reader = process.env.INK_SCREEN_READER === "true";
  process.stdout.write(PUT_RIGHT + saveTitle(TITLE) + (reader ? "" : CUT_LINES));
  const loan = { lent: false };
  const terminal = takeTerminal(process.stdin, process.stdout);
  const { stdout, taken } = createOutput(process.stdout, process.env.TERM, () => repaint());
  lifecycle.onEnd(taken);
  const app = <App ops={ops} lifecycle={lifecycle} loan={loan} terminal={terminal} repaint={() => repaint()} />;
  const instance = render(app, {
    stdin: terminal.stdin,
    stdout,
    alternateScreen: !reader,
    isScreenReaderEnabled: reader,
    incrementalRendering: true,
    exitOnCtrlC: false,
    interactive: true,
    maxFps: 30,
  });
  const drawing = { clear: instance.clear, redraw: () => instance.rerender(app) };
  const repaint = createRepaint(drawing, process.stdout, () => loan.lent);
  if (!reader) repaintOnResize(repaint, process.stdout);
  lifecycle.setRestore(() => {
    instance.unmount();
    terminal.giveBack();
    process.stdout.write(WRAP_LINES + restoreTitle());
  });
  instance.waitUntilExit().then(
    () => lifecycle.end(0),
    // A component threw: Ink has taken the screen down by now.
    (error) => lifecycle.end(70, `The cockpit stopped on a fault of its own: ${explain(error).sentence}`),
  );
  ops.fleet.start();
  void instance.waitUntilRenderFlush().then(() => {
    ops.metrics.start();
    ops.probes.start();
    ops.buildWatch.start();
    // An apply outlives the cockpit that began it: it is shown again.
    void import("../ops/terraform/carry-out.ts").then(({ followStandingRuns }) => followStandingRuns(ops));
  });
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
