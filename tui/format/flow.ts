/** Text over several rows: wrapped between words, or chopped as a log line is. Widths are terminal columns. Pure. */

import { clean, width } from "./text.ts";

/** Longer lines than this are nobody's reading, and measuring them would hold up the screen. */
const LONGEST = 20_000;
const TAB = 8;

const ASCII = /^[\x20-\x7e]*$/;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A log line, safe to draw: as `clean`, but tabs keep their columns and an endless line is cut. */
export function logText(text: string): string {
  const line = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  if (ASCII.test(line)) return line;
  let out = "";
  for (const [index, part] of line.trimEnd().split("\t").entries()) {
    if (index > 0) out += " ".repeat(TAB - (width(out) % TAB));
    out += clean(part);
  }
  return out;
}

/** As much of the text's beginning as `columns` columns hold; one character at least. */
function head(text: string, columns: number): string {
  if (ASCII.test(text)) return text.slice(0, columns);
  let used = 0;
  let end = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    used += width(segment);
    if (used > columns && end > 0) break;
    end = index + segment.length;
    if (used > columns) break;
  }
  return text.slice(0, end);
}

/** The text in pieces of `columns` columns at most, nothing left out. Never empty. */
export function chop(text: string, columns: number): readonly string[] {
  const pieces: string[] = [];
  let rest = text;
  while (columns > 0 && width(rest) > columns) {
    const piece = head(rest, columns);
    pieces.push(piece);
    rest = rest.slice(piece.length);
  }
  return rest || !pieces.length ? [...pieces, rest] : pieces;
}

/** The text between words in rows of `columns` columns; further rows keep the first one's indentation. Never empty. */
export function flow(text: string, columns: number): readonly string[] {
  const limit = Math.max(1, columns);
  const [indent = ""] = /^ */.exec(text) ?? [];
  const margin = indent.length < limit / 2 ? indent : "";
  const rows: string[] = [];
  let row = margin;
  for (const word of text.slice(indent.length).split(" ")) {
    const longer = row === margin ? row + word : `${row} ${word}`;
    if (width(longer) <= limit) {
      row = longer;
      continue;
    }
    if (row !== margin) rows.push(row);
    const pieces = chop(word, limit - margin.length);
    for (const piece of pieces.slice(0, -1)) rows.push(margin + piece);
    row = margin + (pieces.at(-1) ?? "");
  }
  return [...rows, row];
}
