/** Text as cells of a terminal: made safe, measured, cut and wrapped. Widths are terminal columns. */

import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";

/** Longer lines than this are nobody's reading, and measuring them would hold up the screen. */
const LONGEST = 20_000;
const TAB = 8;

const PLAIN = /^[\x20-\x7e]*$/;
// Also the marks that turn the reading direction around: they could make an ID read as another one.
const UNSAFE = /[\p{Cc}\p{Cs}\u200e\u200f\u061c\u202a-\u202e\u2028\u2029\u2066-\u2069]/gu;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** One line of text from outside, without escape sequences and control characters; tabs become spaces. */
export function plain(text: string): string {
  const line = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  if (PLAIN.test(line)) return line;
  return expandTabs(
    stripVTControlCharacters(line)
      .replaceAll(/[\r\n]+/g, " ")
      .trimEnd(),
  ).replaceAll(UNSAFE, "");
}

function expandTabs(line: string): string {
  if (!line.includes("\t")) return line;
  let out = "";
  for (const [index, part] of line.split("\t").entries()) {
    if (index > 0) out += " ".repeat(TAB - (width(out) % TAB));
    out += part;
  }
  return out;
}

/** How many columns the text takes. */
export function width(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** The text in `columns` columns at most, with an ellipsis where something was left off. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (width(text) <= columns) return text;
  return `${head(text, columns - 1)}…`;
}

/** The text in exactly `columns` columns. */
export function fit(text: string, columns: number): string {
  const short = cut(text, columns);
  return short + " ".repeat(Math.max(0, columns - width(short)));
}

/** As much of the text's beginning as `columns` columns hold. */
function head(text: string, columns: number): string {
  if (PLAIN.test(text)) return text.slice(0, Math.max(0, columns));
  let used = 0;
  let end = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    used += stringWidth(segment);
    if (used > columns) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}

/** The text in pieces of `columns` columns at most, nothing left out: how a log line is wrapped. Never empty. */
export function chop(text: string, columns: number): readonly string[] {
  const pieces: string[] = [];
  let rest = text;
  while (columns > 0 && width(rest) > columns) {
    // A character that is wider than the window still has to go somewhere.
    const piece = head(rest, columns) || firstGrapheme(rest);
    pieces.push(piece);
    rest = rest.slice(piece.length);
  }
  if (rest || !pieces.length) pieces.push(rest);
  return pieces;
}

function firstGrapheme(text: string): string {
  for (const { segment } of graphemes.segment(text)) return segment;
  return text;
}

/** The text wrapped between words; further lines keep the first one's indentation. Never empty. */
export function wrap(text: string, columns: number): readonly string[] {
  const limit = Math.max(1, columns);
  const [indent = ""] = /^ */.exec(text) ?? [];
  const margin = indent.length < limit / 2 ? indent : "";
  const lines: string[] = [];
  let line = margin;
  for (const word of text.slice(indent.length).split(" ")) {
    const longer = line === margin ? line + word : `${line} ${word}`;
    if (width(longer) <= limit) {
      line = longer;
      continue;
    }
    if (line !== margin) lines.push(line);
    const pieces = chop(word, limit - margin.length);
    for (const piece of pieces.slice(0, -1)) lines.push(margin + piece);
    line = margin + (pieces.at(-1) ?? "");
  }
  return [...lines, line];
}
