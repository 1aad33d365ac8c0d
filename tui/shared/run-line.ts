/** A run that is over, or stands, in one row: when, what, how it came out. Pure. */

import type { RunSummary } from "../../ops/operation/history.ts";
import type { Outcome } from "../../ops/operation/types.ts";
import { cellOf, type Line, marker, t } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { elapsed } from "../format/words.ts";
import type { Token } from "./theme.ts";

type OutcomeLook = readonly [mark: string, word: string, token: Token];

/** How a run came out, as a mark, a word and a style: the same wherever it is told. */
export const OUTCOME_LOOK: Readonly<Record<Outcome["status"], OutcomeLook>> = {
  done: ["✓", "done", "status.ok"],
  "nothing-to-do": ["✓", "nothing to do", "status.ok"],
  blocked: ["!", "blocked", "status.warn"],
  cancelled: ["■", "cancelled", "status.warn"],
  failed: ["✗", "failed", "status.error"],
};

/** The same of a run that may not have ended: `live` where it is under way in this process. */
export function lookOf({ outcome }: RunSummary, live: boolean): OutcomeLook {
  if (outcome) return OUTCOME_LOOK[outcome.status];
  return live ? ["◐", "running", "status.busy"] : ["·", "not finished", "status.warn"];
}

const WHEN_COLUMNS = 18;
const WORD_COLUMNS = 16;
const TIME_COLUMNS = 12;

/** @param marked whether it is the chosen one; undefined where none can be chosen */
export function runLine(run: RunSummary, live: boolean, marked: boolean | undefined, width: number, now: number): Line {
  const [mark, word, token] = lookOf(run, live);
  const time = run.endedAt === undefined ? "" : elapsed(run.startedAt, run.endedAt);
  const rest = Math.max(1, width - (marked === undefined ? 0 : 2) - WHEN_COLUMNS - WORD_COLUMNS - TIME_COLUMNS);
  return [
    ...(marked === undefined ? [] : [marker(marked)]),
    cellOf([t(whenWords(run.startedAt, now), "text.dim")], WHEN_COLUMNS),
    cellOf([t(clean(run.title), marked ? "selected" : "text")], rest),
    cellOf([t(` ${mark} ${word}`, token)], WORD_COLUMNS),
    cellOf([t(time, "text.dim")], TIME_COLUMNS, "right"),
  ];
}

/** "today 17:05", or the day where it is another one: local time. */
export function whenWords(at: number, now: number): string {
  const day = (ms: number) => new Date(ms).toLocaleDateString("sv-SE");
  const time = new Date(at).toLocaleTimeString("sv-SE", { hour: "2-digit", minute: "2-digit" });
  return `${day(at) === day(now) ? "today" : day(at)} ${time}`;
}
