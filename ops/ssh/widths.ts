/** How many columns a character takes: as today's terminals draw it, not as Unicode 6 said. */

import type { IUnicodeVersionProvider } from "@xterm/headless";
import stringWidth from "string-width";

const UNKNOWN = 3;
const cache = new Uint8Array(0x20000).fill(UNKNOWN);

function wcwidth(codePoint: number): 0 | 1 | 2 {
  if (codePoint < 0x7f) return 1;
  const known = cache[codePoint] ?? UNKNOWN;
  if (known !== UNKNOWN) return known as 0 | 1 | 2;
  const counted = asTerminalsCount(codePoint);
  if (counted !== undefined) return counted;
  const width = Math.min(2, stringWidth(String.fromCodePoint(codePoint))) as 0 | 1 | 2;
  if (codePoint < cache.length) cache[codePoint] = width;
  return width;
}

/**
 * Where terminals (xterm 379, tmux, VTE, mosh: all by wcwidth, a character at a time) count otherwise than by the look: the
 * vowels and finals of decomposed Hangul join the syllable, a soft hyphen is drawn, half a flag is one column, and the
 * trigrams, wide only since Unicode 16, are narrow.
 */
function asTerminalsCount(codePoint: number): 0 | 1 | undefined {
  const within = (from: number, to: number) => codePoint >= from && codePoint <= to;
  if (within(0x1160, 0x11ff) || within(0xd7b0, 0xd7ff)) return 0;
  if (codePoint === 0xad || within(0x2630, 0x2637) || within(0x1f1e6, 0x1f1ff)) return 1;
  return undefined;
}

/**
 * xterm's own provider stops at Unicode 6, where emoji are narrow: a cursor would be restored to the wrong column. The
 * packing of width and "joins the character before" into one number is UnicodeService.createPropertyValue's.
 */
export const currentWidths: IUnicodeVersionProvider = {
  version: "current",
  wcwidth,
  charProperties: (codePoint, preceding) => {
    if (codePoint < 0x7f) return 1 << 1;
    const width = wcwidth(codePoint);
    const widthBefore = (preceding >> 1) & 3;
    const joins = width === 0 && preceding !== 0 && widthBefore !== 0;
    return ((joins ? widthBefore : width) << 1) | (joins ? 1 : 0);
  },
};
