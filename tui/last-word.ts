/** What is said on the person's own screen while the cockpit, which has left it, waits for a last call. Pure. */

import type { RunState } from "../ops/operation/run.ts";

/** One line; undefined where nothing is waited for. */
export function lastWord(runs: readonly Pick<RunState, "title" | "outcome" | "harmlessToDrop">[]): string | undefined {
  const busy = runs.filter(({ outcome, harmlessToDrop }) => !outcome && !harmlessToDrop);
  if (busy.length === 0) return undefined;
  return `Waiting for the call that is under way (${busy.map(({ title }) => title).join(", ")}); what comes of it is kept in the history.`;
}
