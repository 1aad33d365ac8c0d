/** One timer for all that shows the time, however many rows do; none where nobody looks. */

import { useCallback, useSyncExternalStore } from "react";
import type { Clock } from "../../ops/clock.ts";

const SECOND_MS = 1000;
/** Fast enough for a spinner to be seen turning, slow enough to cost nothing. */
const FAST_MS = 200;

interface Ticker {
  readonly subscribe: (listener: () => void) => () => void;
}

function ticker(ms: number): Ticker {
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  return {
    subscribe: (listener) => {
      listeners.add(listener);
      timer ??= setInterval(() => {
        for (const hear of [...listeners]) hear();
      }, ms);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}

/** Tells its listeners of every second, and of every fifth part of one. */
export const TICKERS = { second: ticker(SECOND_MS), fast: ticker(FAST_MS) } as const;

/** So many seconds that changed no row, and minutes are the finest that is shown: every so many seconds is enough. */
const STEADY_SECONDS = 5;

/** Passes every tick on while ticks change what `read` gives, and every fifth where they do not. */
export function whileItMatters(listener: () => void, read: () => unknown): () => void {
  let seen = read();
  let steady = 0;
  let left = 0;
  return () => {
    if (read() !== seen) steady = 0;
    if (steady >= STEADY_SECONDS && left > 0) {
      left -= 1;
      return;
    }
    const before = read();
    listener();
    seen = read();
    steady = seen === before ? steady + 1 : 0;
    left = STEADY_SECONDS - 1;
  };
}

/** What `read` gives, asked again every second (or several times a second); renders again only when that changed. */
export function useTicking<T extends string | number | boolean>(
  clock: Clock,
  pace: keyof typeof TICKERS,
  read: (now: number) => T,
): T {
  const subscribe = useCallback((listener: () => void) => TICKERS[pace].subscribe(listener), [pace]);
  return useSyncExternalStore(subscribe, () => read(clock.now()));
}
