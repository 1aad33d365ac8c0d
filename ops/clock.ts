import { setTimeout as delay } from "node:timers/promises";

/** Time as ops sees it, so that tests can own it, in milliseconds. */
export interface Clock {
  /** Since the epoch: for what is shown, stored or compared with others' times. Somebody may set it back at any moment. */
  readonly now: () => number;
  /** For how long something takes: it only ever goes on, whatever becomes of the time of day. */
  readonly monotonic: () => number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  // Of the size of `now`, so that nothing looks as if it had just been done when the process is young.
  monotonic: () => performance.timeOrigin + performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : undefined);
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
