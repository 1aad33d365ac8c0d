/** This folder: tests of ops, in folders as there, and what they share. Not here: whatever draws or needs the built program. */
/** Time that stands still until a test moves it. */

import type { Clock } from "../../ops/clock.ts";

interface FakeClock extends Clock {
  /** Moves time on, waking every sleeper in the order of its hour, and lets all that follows from it happen. */
  readonly advance: (ms: number) => Promise<void>;
  /** Sets the time of day back, as somebody at the machine would. */
  readonly setBack: (ms: number) => void;
  /** Lets everything happen that can happen without time. */
  readonly settle: () => Promise<void>;
  /** Sleepers that are waiting now, by the milliseconds that they still have. */
  readonly sleeping: () => readonly number[];
}

export function fakeClock(start = Date.parse("2026-03-01T12:00:00Z")): FakeClock {
  let now = start;
  let setBack = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const settle = async () => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => now - setBack,
    setBack: (ms) => {
      setBack += ms;
    },
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const sleeper = {
          at: now + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal?.removeEventListener("abort", onAbort);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
    settle,
    advance: async (ms) => {
      const end = now + ms;
      await settle();
      for (;;) {
        const next = [...sleepers].filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        now = Math.max(now, next.at);
        next.wake();
        await settle();
      }
      now = end;
    },
    sleeping: () => [...sleepers].map((one) => one.at - now).sort((a, b) => a - b),
  };
}
