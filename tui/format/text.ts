/** Plain text, measured in columns of the terminal. Pure. */

import stringWidth from "string-width";
import { plainText } from "../../ops/plain.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** What we draw with ourselves, each one column wide: spares the long way of measuring. */
const NARROW = /^[\x20-\x7e\u00b7\u00d7\u2026\u2190-\u2193\u2264\u2500-\u25fc\u2713\u2715]*$/;

/** How many columns `text` takes. */
export function width(text: string): number {
  return NARROW.test(text) ? text.length : stringWidth(text);
}

/** Longer texts are nobody's reading, and measuring them would hold up the screen. */
const LONGEST = 20_000;

/**
 * Characters whose width terminals do not agree on: emoji, whatever lies beyond the first plane, and scripts that are
 * not written letter by letter. A row could be wider than we think, break over the window's edge and scroll the screen.
 */
const DOUBTFUL =
  /[^\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Common}\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\ue000-\uf8ff]|[\u{10000}-\u{10ffff}]|[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]|\p{Emoji_Presentation}/gu;

/**
 * Text from outside, safe to draw on one row: without escape sequences, control characters and the invisible ones that
 * reorder or hide what stands beside them; line ends and tabs become spaces, characters of doubtful width U+FFFD.
 */
export function clean(text: string): string {
  if (NARROW.test(text)) return text;
  return (
    plainText(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)
      // To put thousands of marks on one letter in order takes long.
      .replaceAll(/(\p{M}{4})\p{M}+/gu, "$1")
      .normalize("NFC")
      .replaceAll(/\p{M}/gu, "")
      .replaceAll(DOUBTFUL, "\ufffd")
  );
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

/** Whether any of the texts has the filter in it, in whatever case. */
export function matches(filter: string, ...texts: readonly (string | undefined)[]): boolean {
  const wanted = filter.toLowerCase();
  return texts.some((text) => text?.toLowerCase().includes(wanted));
}
