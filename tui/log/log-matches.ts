/** How many lines of a log match, counted while everything else goes on. */

import type { LogSource } from "./log-source.ts";

/** Matches are counted up to here: beyond it, nobody walks through them one by one. */
const COUNTED = 999;
/** How often a count that takes long is told, in milliseconds. */
const TOLD_EVERY = 100;

export interface Matches {
  /** The numbers of the lines, the first of them at most. */
  readonly lines: readonly number[];
  /** Whether there may be more that have not been looked at. */
  readonly counting: boolean;
}

export interface MatchCounter {
  /** Goes on where the count ended, now that there is more; does nothing where it is under way. */
  readonly more: () => void;
  readonly stop: () => void;
}

/** Counts the lines that match `query` in what `source` gives at the time; line numbers must stay the same. */
export function createMatchCounter(
  query: string,
  source: () => LogSource,
  told: (matches: Matches) => void,
): MatchCounter {
  const controller = new AbortController();
  const { signal } = controller;
  const lines: number[] = [];
  /** Every line before this one has been counted. */
  let upTo = 0;
  let running = false;
  let toldAt = performance.now();
  const tell = (counting: boolean) => {
    toldAt = performance.now();
    if (!signal.aborted) told({ lines: [...lines], counting });
  };
  /** To the end as it is now. The last line may still change, and is counted anew the next time. */
  const pass = async () => {
    while ((lines.at(-1) ?? -1) >= upTo) lines.pop();
    for (let from = upTo; lines.length <= COUNTED && !signal.aborted; ) {
      const now = source();
      const end = now.count();
      const line = await now.find(query, Math.max(from, now.first()), 1, signal);
      if (line === undefined || line < from) {
        upTo = Math.max(upTo, end - 1);
        return;
      }
      lines.push(line);
      from = line + 1;
      upTo = line;
      if (from >= source().count()) return;
      if (performance.now() - toldAt > TOLD_EVERY) tell(true);
    }
  };
  const more = async () => {
    if (running) return;
    running = true;
    for (let seen = -1; seen !== source().count() && lines.length <= COUNTED && !signal.aborted; ) {
      seen = source().count();
      await pass();
    }
    running = false;
    tell(false);
  };
  return { more: () => void more(), stop: () => controller.abort() };
}

/** "match 3 of 12", "12 matches", "no match", "999+" and "12…" where there are more or may be. @param at the line jumped to last */
export function matchWords({ lines, counting }: Matches, first: number, at: number | undefined): string {
  const there = lines.filter((line) => line >= first);
  if (there.length === 0) return counting ? "searching…" : "no match";
  const all = there.length > COUNTED ? `${COUNTED}+` : `${there.length}${counting ? "…" : ""}`;
  const index = at === undefined ? -1 : there.indexOf(at);
  if (index !== -1) return `match ${index + 1} of ${all}`;
  return all === "1" ? "1 match" : `${all} matches`;
}
