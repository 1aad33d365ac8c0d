/** Hands the screen to Ink. */

import { render } from "ink";
import { explain } from "../ops/aws/errors.ts";
import type { Ops } from "../ops/ops.ts";
import { App } from "./app.tsx";
import type { Lifecycle } from "./lifecycle.ts";
import type { Output } from "./terminal/output.ts";
import type { OwnTerminal } from "./terminal/own-terminal.ts";
import { createRepaint, repaintOnResize } from "./terminal/repaint.ts";

interface Stage {
  readonly ops: Ops;
  readonly lifecycle: Lifecycle;
  readonly terminal: OwnTerminal;
  readonly output: Output;
  /** Whether a screen reader is to be spoken to. */
  readonly reader: boolean;
}

/** Draws the cockpit from now on, and starts what comes after its first frame. Gives what takes it down again. */
export function mount({ ops, lifecycle, terminal, output, reader }: Stage): () => void {
  const loan = { lent: false };
  const app = <App ops={ops} lifecycle={lifecycle} loan={loan} terminal={terminal} repaint={() => repaint()} />;
  const instance = render(app, {
    stdin: terminal.stdin,
    stdout: output.stdout,
    alternateScreen: !reader,
    isScreenReaderEnabled: reader,
    incrementalRendering: true,
    exitOnCtrlC: false,
    interactive: true,
    maxFps: 30,
  });
  const drawing = { clear: instance.clear, redraw: () => instance.rerender(app) };
  const repaint = createRepaint(drawing, process.stdout, () => loan.lent);
  output.onCaughtUp(repaint);
  if (!reader) repaintOnResize(repaint, process.stdout);
  instance.waitUntilExit().then(
    () => lifecycle.end(0),
    // A component threw: Ink has taken the screen down by now.
    (error) => lifecycle.end(70, `The cockpit stopped on a fault of its own: ${explain(error).sentence}`),
  );
  void instance.waitUntilRenderFlush().then(() => {
    ops.metrics.start();
    ops.probes.start();
    ops.buildWatch.start();
    // An apply outlives the cockpit that began it: it is shown again.
    void import("../ops/terraform/carry-out.ts").then(({ followStandingRuns }) => followStandingRuns(ops));
  });
  return instance.unmount;
}
