/** Look, decide, act, look again: the one loop of everything that changes the world. */

import type { Clock } from "../clock.ts";
import { type Failure, FailureError, isTransient } from "../failure.ts";
import type { OperationContext, Outcome } from "../operation/types.ts";
import { FAILING_MS, retryAfter } from "./pace.ts";

/** Since when something goes on, and how often it was met: for one thing at a time. */
export function tally(now: () => number) {
  let of: string | undefined;
  let since = 0;
  let times = 0;
  return {
    count: (what: string) => {
      if (what !== of) {
        of = what;
        since = now();
        times = 0;
      }
      times += 1;
      return { times, forMs: now() - since };
    },
    clear: () => {
      of = undefined;
    },
  };
}

interface Turns<Seen> {
  readonly clock: Clock;
  readonly explain: (error: unknown) => Failure;
  /** What there is now. Throws whatever went wrong: bad weather is waited out here, and told to `trouble`. */
  readonly look: (signal: AbortSignal) => Promise<Seen>;
  /** Decides upon it and does one thing, or waits a while; an outcome where nothing is left to do. */
  readonly turn: (seen: Seen) => Promise<Outcome | undefined>;
  readonly trouble: (failure: Failure) => void;
  /** How things stand where the person gave up; the call that was under way is over. */
  readonly cancelled: () => Outcome;
}

/** Takes turns until one has an outcome. Never throws: what went wrong is in the outcome. Remembers nothing that matters. */
export async function takeTurns<Seen>(turns: Turns<Seen>, { signal }: OperationContext): Promise<Outcome> {
  const { clock, explain, look, turn } = turns;
  const weather = tally(clock.monotonic);
  try {
    for (;;) {
      signal.throwIfAborted();
      let seen: Seen;
      try {
        seen = await look(signal);
        weather.clear();
      } catch (error) {
        signal.throwIfAborted();
        const failure = explain(error);
        const { times, forMs } = weather.count("look");
        if (!isTransient(failure) || forMs > FAILING_MS) throw error;
        turns.trouble(failure);
        await clock.sleep(retryAfter(times, "other"), signal);
        continue;
      }
      const outcome = await turn(seen);
      if (outcome) return outcome;
    }
  } catch (error) {
    if (signal.aborted) return turns.cancelled();
    const failure = error instanceof FailureError ? error.failure : explain(error);
    return failure.kind === "cancelled" ? turns.cancelled() : { status: "failed", failure };
  }
}
