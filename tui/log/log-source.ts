/** Where a log view takes its lines from, a window of them at a time: an array here, a file of a million lines elsewhere. */

import type { BuildLog } from "../../ops/kernel/build-log.ts";
import { logText } from "../format/flow.ts";

/** Lines are numbered from 0 for ever: the numbers stay when old lines fall out at the front. */
export interface LogSource {
  /** The number of the oldest line that is still there. */
  readonly first: () => number;
  /** How many lines there ever were: one more than the newest line's number. */
  readonly count: () => number;
  /** The lines from number `from` to before `to`, raw as they came; only those that are there. */
  readonly slice: (from: number, to: number) => readonly SourceLine[];
  /**
   * The number of the first line at or after (`1`), or at or before (`-1`), `from` that matches; a long log takes a
   * moment for it, and gives up with undefined where `signal` is aborted.
   */
  readonly find: (query: string, from: number, direction: 1 | -1, signal?: AbortSignal) => Found | Promise<Found>;
}

type Found = number | undefined;

export interface SourceLine {
  readonly text: string;
  readonly stream: "out" | "err" | "note";
}

/** A source over lines in memory, of which `dropped` older ones are gone. */
export function linesSource(lines: readonly SourceLine[], dropped = 0): LogSource {
  return {
    first: () => dropped,
    count: () => dropped + lines.length,
    slice: (from, to) => lines.slice(Math.max(0, from - dropped), Math.max(0, to - dropped)),
    find: (query, from, direction) => {
      const matches = matcher(query);
      const start = Math.max(0, Math.min(lines.length - 1, from - dropped));
      for (let index = start; index >= 0 && index < lines.length; index += direction) {
        if (matches(logText(lines[index]?.text ?? "")).length) return dropped + index;
      }
      return undefined;
    },
  };
}

/** A source over the log of a build, which is a file: the same one for as long as it grows. */
export function buildLogSource(log: BuildLog): LogSource {
  return {
    first: () => 0,
    count: () => log.get().lines,
    slice: (from, to) => log.slice(from, to).map((text) => ({ text, stream: "out" })),
    find: log.find,
  };
}

/**
 * Finds where `query` stands in a line: offsets of every match. Capitals count only where the query has some, as in
 * `less -i` and vim's smartcase.
 */
export function matcher(query: string): (line: string) => readonly number[] {
  const exact = query !== query.toLowerCase();
  return (line) => {
    if (!query) return [];
    const text = exact ? line : line.toLowerCase();
    const found: number[] = [];
    for (let at = text.indexOf(query); at !== -1; at = text.indexOf(query, at + query.length)) found.push(at);
    return found;
  };
}

/** How many lines fell out at the front when `after` took the place of `before`: both keep the identity of their lines. */
export function droppedBetween<T>(before: readonly T[], after: readonly T[]): number {
  const oldest = after[0];
  if (oldest === undefined || before[0] === oldest) return 0;
  const index = before.indexOf(oldest);
  return index === -1 ? before.length : index;
}
