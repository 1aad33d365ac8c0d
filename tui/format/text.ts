/** Plain text, measured in columns of the terminal. Pure. */

import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";

const ASCII = /^[\x20-\x7e]*$/;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** What we draw with ourselves, each one column wide: spares the long way of measuring. */
const NARROW = /^[\x20-\x7e\u00b7\u00d7\u2026\u2190-\u2193\u2264\u2500-\u25fc\u2713\u2715]*$/;

/** How many columns `text` takes. */
export function width(text: string): number {
  return NARROW.test(text) ? text.length : stringWidth(text);
}

/**
 * Text from outside, safe to draw on one row: without escape sequences, control characters and the invisible ones that
 * reorder or hide what stands beside them; line ends and tabs become spaces.
 */
export function clean(text: string): string {
  if (ASCII.test(text)) return text;
  return stripVTControlCharacters(text)
    .replaceAll(/[\t\r\n]+/g, " ")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "");
}

/** At most `columns` columns of `text`; what is cut ends in "…". */
export function truncate(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (width(text) <= columns) return text;
  let kept = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const more = width(segment);
    if (used + more > columns - 1) break;
    kept += segment;
    used += more;
  }
  return `${kept}…`;
}

/** Exactly `columns` columns: cut, or filled with spaces at the end or the beginning. */
export function pad(text: string, columns: number, align: "left" | "right" = "left"): string {
  const cut = truncate(text, columns);
  const space = " ".repeat(Math.max(0, columns - width(cut)));
  return align === "left" ? cut + space : space + cut;
}
