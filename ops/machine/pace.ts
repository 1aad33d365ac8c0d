/** How often to look and to try: close to the event at first, then with more and more time between. Milliseconds. */

/** From one look to the next while something is waited for, after so long a wait. */
export function pollAfter(waitedMs: number): number {
  return Math.min(2000, Math.max(500, waitedMs / 16));
}

/**
 * For so long a wait goes by glances, or by asking SSH alone, before everything is looked at again. EC2 throttles by the
 * call (its documentation, "Request throttling for the Amazon EC2 API"), and a look is four.
 */
export const LOOK_MS = 15_000;

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
