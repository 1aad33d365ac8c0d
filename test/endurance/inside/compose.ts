/** This folder: what is built into the program under test in the place of its own modules. Not here: the test itself. */
/** In the place of ops/compose.ts in the program under test: the same parts, on a clock that can be made fast. */

import { type ComposedOps, createOps as compose } from "../../../ops/compose.ts";
import type { Environment } from "../../../ops/environment.ts";
import { simClock } from "../../simulator/clock.ts";
import { startMeter } from "./meter.ts";

/** Real milliseconds, longer than a drawing takes on a busy computer. */
const STEP_MS = 150;

export function createOps(environment: Environment): ComposedOps {
  const time = simClock();
  // The SDK signs by it: it would be days behind what the account calls now.
  Date.now = time.now;
  const ops = compose(environment, {
    now: time.now,
    monotonic: time.now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const abort = () => {
          cancel();
          reject(signal?.reason);
        };
        const cancel = time.at(time.now() + ms, () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        });
        signal?.addEventListener("abort", abort, { once: true });
      }),
  });
  startMeter(ops, time);
  return { ...ops, clock: { ...ops.clock, now: inSteps(time.now) } };
}

/**
 * The screen's seconds, of which so many would pass while it is drawn that React takes it for an endless loop, pass a few
 * times in a real second.
 */
function inSteps(now: () => number): () => number {
  let shown = now();
  let shownAt = performance.now();
  return () => {
    if (performance.now() - shownAt >= STEP_MS) {
      shown = now();
      shownAt = performance.now();
    }
    return shown;
  };
}
