/** Simulated time: real time made faster, slower or stood still. */

import type { SimClock } from "./service.ts";

/** Node's timers take no longer delay than this. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** A clock that shows `now` at first (milliseconds since the epoch) and runs at `speed` times the real pace; 0 stands still. */
export function simClock(now = Date.now(), speed = 1): SimClock & { readonly stop: () => void } {
  let base = { sim: now, real: performance.now(), speed };
  const waiting = new Set<{ readonly at: number; readonly callback: () => void }>();
  let timer: NodeJS.Timeout | undefined;

  const read = () => Math.floor(base.sim + (performance.now() - base.real) * base.speed);
  const rebase = (sim: number, newSpeed: number) => {
    base = { sim, real: performance.now(), speed: newSpeed };
    ring();
  };
  const ring = () => {
    for (const alarm of [...waiting].sort((one, other) => one.at - other.at)) {
      if (alarm.at > read() || !waiting.delete(alarm)) continue;
      alarm.callback();
    }
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size === 0 || base.speed === 0) return;
    const first = Math.min(...[...waiting].map((alarm) => alarm.at));
    const delay = Math.max(0, (first - read()) / base.speed);
    timer = setTimeout(ring, Math.min(LONGEST_TIMER, Math.ceil(delay)));
    timer.unref();
  };
  return {
    now: read,
    speed: () => base.speed,
    setSpeed: (newSpeed) => rebase(read(), newSpeed),
    advance: (ms) => rebase(read() + ms, base.speed),
    at: (at, callback) => {
      const alarm = { at, callback };
      waiting.add(alarm);
      // Never rings inside this call: the caller has not got its way to cancel yet.
      clearTimeout(timer);
      timer = setTimeout(ring, Math.max(0, base.speed === 0 ? 0 : Math.min(LONGEST_TIMER, nextDelay())));
      timer.unref();
      return () => {
        waiting.delete(alarm);
      };
    },
    stop: () => {
      waiting.clear();
      clearTimeout(timer);
    },
  };

  function nextDelay(): number {
    const first = Math.min(...[...waiting].map((alarm) => alarm.at));
    return Math.ceil((first - read()) / base.speed);
  }
}
