/** The notices on the screen: an alarm is a bar from edge to edge, the good news one calm row. Pure. */

import { flow } from "../format/flow.ts";
import { type Line, t, ticking } from "../format/line.ts";
import { clean, pad, truncate, width } from "../format/text.ts";
import { shortIds } from "../format/words.ts";
import { keyOf } from "../keys/registry.ts";
import type { Token } from "../shared/theme.ts";
import type { Notice } from "./notices.ts";
import { spinner } from "./status-mark.ts";

/**
 * At most `height` rows (at least one) for the most important of the notices, and how many of them these are; what is
 * left out is counted at the end.
 */
export function headlineLines(
  all: readonly Notice[],
  columns: number,
  height: number,
  now: number,
): { readonly lines: readonly Line[]; readonly shown: number } {
  const blocks: { notice: Notice; rows: number }[] = [];
  let used = 0;
  for (const notice of all) {
    if (used >= height) break;
    // The first one is told whole, unless the second is as grave and there is one row for each.
    const alone = blocks.length > 0 || (height === 2 && isLoud(all[0]) && all[1]?.severity === "alarm");
    const rows = rowsOf(notice, columns, Math.min(height - used, alone ? 1 : 2), "", now).length;
    blocks.push({ notice, rows });
    used += rows;
  }
  const hidden = all.length - blocks.length;
  const lines = blocks.flatMap(({ notice, rows }, index) => {
    const tail = hidden > 0 && index === blocks.length - 1 ? ` +${hidden} more: ${keyOf("fleet", "notices")} ` : "";
    return noticeLines(notice, columns, rows, tail, now);
  });
  return { lines, shown: blocks.length };
}

function isLoud(notice: Notice | undefined): boolean {
  return notice?.severity === "alarm" || notice?.severity === "warning";
}

/** The mark and the space around it and at the end. */
const MARGIN = 4;

/** A notice's mark and the mark's colour where it stands by itself; `bar`: the colour of the whole row on the fleet screen. */
export const LOOKS: Readonly<
  Record<Notice["severity"], { readonly mark: string; readonly token: Token; readonly bar: Token }>
> = {
  alarm: { mark: "▲", token: "status.alarm", bar: "headline.error" },
  warning: { mark: "▲", token: "status.warn", bar: "headline.warn" },
  note: { mark: "·", token: "text.dim", bar: "text.dim" },
  calm: { mark: "✓", token: "status.ok", bar: "headline.ok" },
  wait: { mark: "◐", token: "text.dim", bar: "text.dim" },
};

function noticeLines(notice: Notice, columns: number, height: number, tail: string, now: number): Line[] {
  const { severity, sentence } = notice;
  if (severity === "wait") {
    const said = (at: number) =>
      truncate(clean(typeof sentence === "string" ? sentence : sentence(at)), columns - MARGIN);
    return [[t(" "), { tick: spinner, token: "status.busy", fast: true }, ticking((at) => ` ${said(at)}`), t(tail)]];
  }
  const token = LOOKS[severity].bar;
  const rowsAt = (at: number) => rowsOf(notice, columns, height, tail, at);
  return rowsAt(now).map((row, index) =>
    typeof sentence === "string" ? [t(row, token)] : [ticking((at) => rowsAt(at)[index] ?? "", token)],
  );
}

/** The rows of a notice, an alarm's padded to the edge so that its bar has no holes; `tail` stands at the end of the last one. */
function rowsOf({ severity, sentence, action }: Notice, columns: number, height: number, tail: string, now: number) {
  const said = clean(typeof sentence === "string" ? sentence : sentence(now));
  const rows = fitting(said, action ? clean(action) : "", columns - MARGIN, height, width(tail));
  return rows.map((row, index) => {
    const end = index === rows.length - 1 ? tail : "";
    const text = ` ${index === 0 ? LOOKS[severity].mark : " "} ${row}`;
    return severity === "alarm" || severity === "warning" || end ? pad(text, columns - width(end)) + end : text;
  });
}

/** One row where it fits, else the sentence and what to do, else both as they flow; `taken` columns of the last go off. */
function fitting(said: string, todo: string, room: number, height: number, taken: number): string[] {
  const both = todo ? `${said} ${todo}` : said;
  if (width(both) <= room - taken) return [both];
  const short = shortIds(both);
  if (width(short) <= room - taken || height === 1) return [truncate(short, room - taken)];
  if (todo && width(said) <= room) return [said, truncate(todo, room - taken)];
  const [first = "", second = "", ...rest] = flow(short, room);
  if (rest.length === 0 && width(second) <= room - taken) return second ? [first, second] : [first];
  // Too long for two rows: what to do is worth more than the end of the sentence.
  return todo
    ? [truncate(shortIds(said), room), truncate(todo, room - taken)]
    : [first, truncate([second, ...rest].join(" "), room - taken)];
}
