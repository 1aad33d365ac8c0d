/** One virtual time for several who act at once: each waits in it, and the earliest goes on first. */

import type { Clock } from "../../ops/clock.ts";

interface Timeline extends Clock {
  /** What is to happen at its hour, beside those who wait. */
  readonly plan: (inMs: number, what: () => void) => void;
  /** Lets the next one go on, and everything that follows from it without time; false where nobody waits. */
  readonly step: () => Promise<boolean>;
}

export function timeline(start: number): Timeline {
  let now = start;
  let planned: readonly { readonly at: number; readonly go: () => void }[] = [];
  const plan: Timeline["plan"] = (inMs, go) => {
    const at = now + Math.max(0, inMs);
    const behind = planned.findIndex((one) => one.at > at);
    planned = behind < 0 ? [...planned, { at, go }] : planned.toSpliced(behind, 0, { at, go });
  };
  return {
    now: () => now,
    monotonic: () => now,
    plan,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => reject(signal?.reason);
        signal?.addEventListener("abort", onAbort, { once: true });
        plan(ms, () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        });
      }),
    step: async () => {
      const [first, ...rest] = planned;
      if (!first) return false;
      planned = rest;
      now = first.at;
      first.go();
      await new Promise((resolve) => setImmediate(resolve));
      return true;
    },
  };
}
