/** Which rows of a log stand in the window, and where it goes from there. Only lines near the window are ever laid out. */

import { chopWords, logText } from "../format/flow.ts";
import { truncate, width } from "../format/text.ts";
import type { LogSource, SourceLine } from "./log-source.ts";

/** The row at the top of the window: a line's number, and which of the rows it is wrapped to. */
export interface Place {
  readonly line: number;
  readonly row: number;
}

export interface LogRow {
  readonly line: number;
  readonly stream: SourceLine["stream"];
  readonly text: string;
  /** The line that this row is a piece of, and where in it the row begins: for marking matches. */
  readonly whole: string;
  readonly offset: number;
}

/** How the log is laid out. */
export interface Layout {
  readonly columns: number;
  readonly rows: number;
  readonly wrap: boolean;
}

function rowsOf(source: LogSource, line: number, { columns, wrap }: Layout): readonly LogRow[] {
  const [found] = source.slice(line, line + 1);
  if (!found) return [];
  const text = logText(found.text);
  const pieces = wrap ? chopWords(text, columns) : [truncate(text, columns)];
  let offset = 0;
  return pieces.map((piece) => {
    const row = {
      line,
      stream: found.stream,
      text: width(piece) > columns && piece.endsWith(" ") ? piece.slice(0, -1) : piece,
      whole: text,
      offset,
    };
    offset += piece.length;
    return row;
  });
}

/** The rows from `place` on, as many as the window has; fewer at the end. */
export function rowsFrom(source: LogSource, place: Place, layout: Layout): readonly LogRow[] {
  const rows: LogRow[] = [];
  for (let line = place.line; line < source.count() && rows.length < layout.rows; line += 1) {
    const all = rowsOf(source, line, layout);
    rows.push(...(line === place.line ? all.slice(place.row) : all));
  }
  return rows.slice(0, layout.rows);
}

/** The place from which the window shows exactly the end. */
export function bottomOf(source: LogSource, layout: Layout): Place {
  let missing = layout.rows;
  for (let line = source.count() - 1; line >= source.first(); line -= 1) {
    const height = rowsOf(source, line, layout).length;
    if (height >= missing) return { line, row: height - missing };
    missing -= height;
  }
  return topOf(source);
}

export function topOf(source: LogSource): Place {
  return { line: source.first(), row: 0 };
}

/** The place itself, or the nearest one that is still there and leaves no empty rows below the end. */
export function settle(source: LogSource, place: Place, layout: Layout): Place {
  if (place.line < source.first()) return settle(source, topOf(source), layout);
  const rows = rowsOf(source, place.line, layout).length;
  const there = { line: place.line, row: Math.min(place.row, Math.max(0, rows - 1)) };
  const bottom = bottomOf(source, layout);
  return isBefore(bottom, there) ? bottom : there;
}

/** `by` rows further down, or up where it is negative; never beyond either end. */
export function moved(source: LogSource, place: Place, by: number, layout: Layout): Place {
  let { line, row } = place;
  for (let left = Math.abs(by); left > 0; left -= 1) {
    if (by > 0) {
      if (row + 1 < rowsOf(source, line, layout).length) row += 1;
      else if (line + 1 < source.count()) [line, row] = [line + 1, 0];
    } else if (row > 0) row -= 1;
    else if (line > source.first()) [line, row] = [line - 1, Math.max(0, rowsOf(source, line - 1, layout).length - 1)];
  }
  return settle(source, { line, row }, layout);
}

/** A place that has `line` in the upper third of the window. */
export function showing(source: LogSource, line: number, layout: Layout): Place {
  return moved(source, { line, row: 0 }, -Math.floor(layout.rows / 3), layout);
}

export function isBefore(a: Place, b: Place): boolean {
  return a.line < b.line || (a.line === b.line && a.row < b.row);
}
