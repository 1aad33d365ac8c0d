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
  let used = 0;
  for (const [index, part] of line.trimEnd().split("\t").entries()) {
    const text = (index > 0 ? " ".repeat(TAB - (used % TAB)) : "") + clean(part);
    out += text;
    used += width(text);
  }
  return out;
}

/** The text in pieces of `columns` columns at most, nothing left out, in one pass over it. Never empty. */
export function chop(text: string, columns: number): readonly string[] {
  const limit = Math.max(1, columns);
  const pieces: string[] = [];
  if (ASCII.test(text)) {
    for (let at = 0; at < text.length; at += limit) pieces.push(text.slice(at, at + limit));
    return pieces.length ? pieces : [""];
  }
  let from = 0;
  let used = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    const more = width(segment);
    // A character that is wider than the window has a row of its own.
    if (used + more > limit && index > from) {
      pieces.push(text.slice(from, index));
      from = index;
      used = 0;
    }
    used += more;
  }
  return [...pieces, text.slice(from)];
}

/**
 * As `chop`, between words where that leaves no row less than half full. The space at a break ends the piece before it, also
 * beyond the last column.
 */
export function chopWords(text: string, columns: number): readonly string[] {
  const limit = Math.max(1, columns);
  const pieces: string[] = [];
  let from = 0;
  let used = 0;
  /** After the last space, and what the row takes up to there. */
  let space = { at: 0, used: 0 };
  for (const { segment, index } of letters(text)) {
    const more = width(segment);
    if (used + more > limit && index > from) {
      const end = segment === " " ? index + 1 : space.at > from && space.used > limit / 2 ? space.at : index;
      pieces.push(text.slice(from, end));
      used = end > index ? -more : end === index ? 0 : used - space.used;
      from = end;
    }
    used += more;
    if (segment === " ") space = { at: index + 1, used };
  }
  return from < text.length || pieces.length === 0 ? [...pieces, text.slice(from)] : pieces;
}

/** What a reader takes for one letter, each with where it begins. */
function* letters(text: string): Iterable<{ readonly segment: string; readonly index: number }> {
  if (!ASCII.test(text)) return yield* graphemes.segment(text);
  for (let index = 0; index < text.length; index += 1) yield { segment: text.charAt(index), index };
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
