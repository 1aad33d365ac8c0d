/** How often to look and to try: close to the event at first, then with more and more time between. Milliseconds. */

import type { StepId } from "./decision.ts";

/** From one question to the next while something is waited for that no glance shows, after so long a wait. */
export function pollAfter(waitedMs: number): number {
  return between(500, waitedMs / 16, 2000);
}

/** To the next time that SSH is tried: a prompt is what everything is for, and it is no call of AWS's. */
export function askAfter(waitedMs: number): number {
  return between(500, waitedMs / 16, 1000);
}

/**
 * To the next glance at what was begun so long ago. A disk comes and goes in seconds, and the next step waits for it; a stop
 * takes minutes on metal, and the release comes after it, so that nobody loses by learning of it later.
 */
export function glanceAfter(sinceMs: number, step: StepId): number {
  switch (step) {
    case "stop":
      return between(750, sinceMs, 10_000);
    case "start":
    case "release":
    case "snapshot":
      return between(750, sinceMs, 5000);
    default:
      return between(750, sinceMs / 3, 5000);
  }
}

function between(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/**
 * For so long a wait goes by glances, or by asking SSH alone. EC2 throttles by the call (its documentation, "Request
 * throttling for the Amazon EC2 API"), and a look is four.
 */
export const LOOK_MS = 60_000;

/** While SSH is waited for, so often it is asked whether the machine is still there. */
export const THERE_MS = 30_000;

/** What was read so long ago is no longer what an act may rest on. */
export const FRESH_MS = 2000;

/** Before what failed is tried once more. */
export function retryAfter(tries: number, kind: "capacity" | "other"): number {
  return kind === "capacity" ? Math.min(60_000, 5000 * 2 ** (tries - 1)) : Math.min(30_000, 500 * 2 ** (tries - 1));
}

/** For so long after an act of one's own, an answer that does not show it proves nothing: it is not done again. */
export const GRACE_MS = 3000;

/** Bad news must hold for so long before it is believed: one late answer is no news. */
export const DOUBT_MS = 4000;

/** Between the two looks that must both ask for an act: what cannot be taken back has the most time. */
export const SECOND_LOOK_MS = { reversible: 500, irreversible: 2500 } as const;

/** So long an act may be refused for the state that things are in, which every look shows otherwise. */
export const CONFLICT_MS = 5 * 60_000;

/** So long a stop may be refused for the state of its spot request. */
export const STOP_REFUSED_MS = 60_000;

/** For so long bad weather is waited out. */
export const FAILING_MS = 15 * 60_000;
