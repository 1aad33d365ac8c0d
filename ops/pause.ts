import type { Clock } from "./clock.ts";

/**
 * Sleeps `ms` milliseconds, or less when woken: `listen` is given the alarm and returns the function that ends its
 * listening. Rejects only when `signal` aborts, with its reason.
 */
export async function pause(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  listen: (wake: () => void) => () => void,
): Promise<void> {
  const woken = new AbortController();
  const unlisten = listen(() => woken.abort());
  try {
    await clock.sleep(ms, AbortSignal.any([signal, woken.signal]));
  } catch (error) {
    if (signal.aborted || !woken.signal.aborted) throw error;
  } finally {
    unlisten();
  }
}
