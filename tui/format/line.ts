/** This folder: text, grids and charts as data, pure. Not here: React, keys, stores. */
/** A row of the screen as data: styled pieces, cells of a fixed width, and pieces that change as time goes by. Pure. */

import { styleText } from "node:util";
import { style, type Token } from "../shared/theme.ts";
import { clean, truncate, width } from "./text.ts";

export type Line = readonly Piece[];

export type Piece =
  /** `spoken`: what a screen reader says instead. */
  | { readonly text: string; readonly token?: Token; readonly spoken?: string }
  /** Says something else as time goes by: once a second, or several times where it is a spinner. */
  | { readonly tick: (now: number) => string; readonly token?: Token; readonly fast?: boolean }
  /** Takes exactly `width` columns, whatever is in it. */
  | { readonly cell: Line; readonly width: number; readonly align?: "left" | "right" };

/** A piece of text in a style. */
export function t(text: string, token?: Token): Piece {
  return token ? { text, token } : { text };
}

/** Before the rows of a list: which one is chosen. */
export function marker(chosen: boolean): Piece {
  return { text: chosen ? "› " : "  ", token: "selected", spoken: chosen ? "chosen: " : "" };
}

/** A piece that is asked again every second. */
export function ticking(tick: (now: number) => string, token?: Token): Piece {
  return token ? { tick, token } : { tick };
}

/** A cell of exactly `columns` columns. */
export function cellOf(line: Line, columns: number, align: "left" | "right" = "left"): Piece {
  return { cell: line, width: columns, align };
}

/** `lines` one after the other with `separator` between those that are not empty. */
export function join(lines: readonly Line[], separator: Piece): Line {
  const full = lines.filter((line) => line.length > 0);
  return full.flatMap((line, index) => (index ? [separator, ...line] : line));
}

/** The line as what is not certain: all of it dim but what is chosen. */
export function dimmed(line: Line): Line {
  return line.map((piece) => {
    if ("cell" in piece) return { ...piece, cell: dimmed(piece.cell) };
    return piece.token === "selected" ? piece : { ...piece, token: "text.dim" };
  });
}

/** How many columns the line takes at the instant `now`. */
export function lineWidth(line: Line, now: number): number {
  return line.reduce((sum, piece) => sum + ("cell" in piece ? piece.width : width(said(piece, now))), 0);
}

/** How often the line has to be drawn anew. */
export function pace(line: Line): "still" | "second" | "fast" {
  let slowest: "still" | "second" = "still";
  for (const piece of line) {
    const own = "cell" in piece ? pace(piece.cell) : "tick" in piece ? (piece.fast ? "fast" : "second") : "still";
    if (own === "fast") return "fast";
    if (own === "second") slowest = "second";
  }
  return slowest;
}

/** The line as one styled string of exactly `columns` columns: cut with "…", or filled with spaces. */
export function paint(line: Line, columns: number, now: number): string {
  const { runs, used } = lay(line, columns, now);
  const text = runs.map(([piece, token]) => painted(piece, token)).join("");
  return text + " ".repeat(Math.max(0, columns - used));
}

/** The line without styles, for screen readers and tests. */
export function plain(line: Line, now: number): string {
  return line
    .map((piece) => ("cell" in piece ? plain(piece.cell, now) : said(piece, now)))
    .join("")
    .trimEnd();
}

type Stretch = readonly [text: string, token: Token | undefined];

function lay(line: Line, columns: number, now: number): { runs: Stretch[]; used: number } {
  const runs: Stretch[] = [];
  let used = 0;
  for (const piece of line) {
    const room = columns - used;
    if (room <= 0) break;
    if ("cell" in piece) {
      const wide = Math.min(piece.width, room);
      const inner = lay(piece.cell, wide, now);
      const space: Stretch = [" ".repeat(wide - inner.used), undefined];
      runs.push(...(piece.align === "right" ? [space, ...inner.runs] : [...inner.runs, space]));
      used += wide;
      continue;
    }
    const text = truncate(said(piece, now), room);
    runs.push([text, piece.token]);
    used += width(text);
  }
  // What was left out is told by an ellipsis in the last column.
  if (used >= columns && lineWidth(line, now) > columns) elide(runs);
  return { runs, used: runs.reduce((sum, [text]) => sum + width(text), 0) };
}

function elide(runs: Stretch[]): void {
  const index = runs.findLastIndex(([text]) => text.length > 0);
  const [text, token] = runs[index] ?? ["", undefined];
  if (text && !text.endsWith("…")) runs[index] = [truncate(`${text} `, width(text)), token];
}

function said(piece: Exclude<Piece, { readonly cell: Line }>, now: number): string {
  // The last gate before the terminal: whatever a view forgot to clean is cleaned here.
  return clean("tick" in piece ? piece.tick(now) : piece.text);
}

type Format = Extract<Parameters<typeof styleText>[0], readonly unknown[]>[number];

const formats = new Map<Token, Format[]>();

/** `text` in the style of a token, as escape sequences; Ink takes such a string as it is. */
function painted(text: string, token: Token | undefined): string {
  if (!token || !text) return text;
  let format = formats.get(token);
  if (!format) {
    const { color, bold, inverse, underline } = style(token);
    format = [color, bold && "bold", inverse && "inverse", underline && "underline"].filter(Boolean) as Format[];
    formats.set(token, format);
  }
  return format.length ? styleText(format, text, { validateStream: false }) : text;
}
