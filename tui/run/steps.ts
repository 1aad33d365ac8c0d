/** The steps of a run as rows: a mark and a word for the state, the title, the time, and what is waited for and why. Pure. */

import type { RunState, Step } from "../../ops/operation/run.ts";
import type { StepAhead } from "../../ops/operation/types.ts";
import { flow } from "../format/flow.ts";
import { cellOf, type Line, t, ticking } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { elapsed } from "../format/words.ts";
import type { Token } from "../shared/theme.ts";
import { rangeWords } from "./future.ts";

/** A row to draw; one that is busy has a spinner before it. */
export interface StepRow {
  readonly line: Line;
  readonly busy: boolean;
}

/** A step that was under way when the run ended was cut off there. */
type ShownState = Step["state"] | "cut off";

const LOOK: Readonly<Record<ShownState, readonly [mark: string, token: Token]>> = {
  running: [" ", "status.busy"],
  waiting: [" ", "status.busy"],
  done: ["✓", "status.ok"],
  failed: ["✗", "status.error"],
  skipped: ["–", "status.off"],
  "cut off": ["■", "status.warn"],
};

const MARK_COLUMNS = 2;
const WORD_COLUMNS = 9;
const TIME_COLUMNS = 11;
/** A reason is a sentence or two; what is longer belongs into the log. */
const DETAIL_ROWS = 3;

/**
 * The rows of all steps, `height` at most: those that are to come give way first, then the oldest ones that are over,
 * each to one row that counts them.
 * @param live whether the run is under way in this process, so that its times go on
 */
export function stepRows(
  state: RunState,
  width: number,
  height: number,
  live: boolean,
  toCome: readonly StepAhead[] = [],
): readonly StepRow[] {
  const past = pastRows(state, width, height, live);
  const room = height - past.length;
  const shown = toCome.length > room ? toCome.slice(0, Math.max(0, room - 1)) : toCome;
  const more = toCome.length - shown.length;
  return [
    ...past,
    ...shown.map((step) => ({ line: aheadLine(step, width), busy: false })),
    ...(more && room > 0 ? [{ line: [t(`… ${more} more to come`, "text.dim")], busy: false }] : []),
  ];
}

function aheadLine({ title, usualMs }: StepAhead, width: number): Line {
  const usual = rangeWords(usualMs);
  const room = Math.max(1, width - MARK_COLUMNS - WORD_COLUMNS - usual.length - 1);
  return [
    cellOf([t("·", "text.dim")], MARK_COLUMNS),
    cellOf([t("to come", "text.dim")], WORD_COLUMNS),
    cellOf([t(clean(title), "text.dim")], room),
    t(` ${usual}`, "text.dim"),
  ];
}

function pastRows(state: RunState, width: number, height: number, live: boolean): readonly StepRow[] {
  const blocks = state.steps.map((step) => blockOf(step, state, width, live));
  let folded = 0;
  const size = () => (folded ? 1 : 0) + blocks.slice(folded).reduce((sum, block) => sum + block.length, 0);
  while (size() > height && folded < blocks.length - 1) folded += 1;
  const rows = blocks.slice(folded).flat();
  if (!folded) return rows.slice(0, Math.max(0, height));
  const over: Line = [t("… ", "text.dim"), t(folded === 1 ? "one step before" : `${folded} steps before`, "text.dim")];
  return [{ line: over, busy: false }, ...rows].slice(0, Math.max(0, height));
}

function blockOf(step: Step, state: RunState, width: number, live: boolean): readonly StepRow[] {
  const under = step.state === "running" || step.state === "waiting";
  const shown: ShownState = under && !live ? "cut off" : step.state;
  const busy = under && live;
  const [mark, token] = LOOK[shown];
  const detail = step.detail ? clean(step.detail) : "";
  const short = step.state === "done" || step.state === "skipped";
  const left = MARK_COLUMNS + WORD_COLUMNS;
  const title: Line = [
    t(clean(step.title), busy ? "text.strong" : "text"),
    ...(short && detail ? [t(`  ${detail}`, "text.dim")] : []),
  ];
  const line: Line = [
    // The spinner takes the mark's place.
    ...(busy ? [] : [cellOf([t(mark, token)], MARK_COLUMNS)]),
    cellOf([t(shown, token)], WORD_COLUMNS),
    cellOf(title, Math.max(1, width - left - TIME_COLUMNS)),
    cellOf([timeOf(step, state, busy)], TIME_COLUMNS, "right"),
  ];
  if (short || !detail) return [{ line, busy }];
  const reasons = flow(detail, Math.max(10, width - left)).slice(0, DETAIL_ROWS);
  const indent = t(" ".repeat(left));
  const tone = shown === "failed" ? "status.error" : "text.dim";
  return [{ line, busy }, ...reasons.map((text) => ({ line: [indent, t(text, tone)], busy: false }))];
}

function timeOf(step: Step, state: RunState, busy: boolean): Line[number] {
  const { startedAt } = step;
  if (busy) return ticking((now) => elapsed(startedAt, now), "status.busy");
  const end = step.endedAt ?? state.endedAt;
  return t(end === undefined ? "" : elapsed(startedAt, end), "text.dim");
}
