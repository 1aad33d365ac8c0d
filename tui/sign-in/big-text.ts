/** Letters that are read from across the desk: A to Z, 0 to 9 and the dash, in block characters. Pure. */

/** Five columns of dots by seven rows, a row in five bits, as on the classic dot-matrix displays. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  A: [14, 17, 17, 31, 17, 17, 17],
  B: [30, 17, 17, 30, 17, 17, 30],
  C: [14, 17, 16, 16, 16, 17, 14],
  D: [30, 17, 17, 17, 17, 17, 30],
  E: [31, 16, 16, 30, 16, 16, 31],
  F: [31, 16, 16, 30, 16, 16, 16],
  G: [14, 17, 16, 23, 17, 17, 14],
  H: [17, 17, 17, 31, 17, 17, 17],
  I: [14, 4, 4, 4, 4, 4, 14],
  J: [7, 2, 2, 2, 2, 18, 12],
  K: [17, 18, 20, 24, 20, 18, 17],
  L: [16, 16, 16, 16, 16, 16, 31],
  M: [17, 27, 21, 21, 17, 17, 17],
  N: [17, 25, 21, 19, 17, 17, 17],
  O: [14, 17, 17, 17, 17, 17, 14],
  P: [30, 17, 17, 30, 16, 16, 16],
  Q: [14, 17, 17, 17, 21, 18, 13],
  R: [30, 17, 17, 30, 20, 18, 17],
  S: [15, 16, 16, 14, 1, 1, 30],
  T: [31, 4, 4, 4, 4, 4, 4],
  U: [17, 17, 17, 17, 17, 17, 14],
  V: [17, 17, 17, 17, 17, 10, 4],
  W: [17, 17, 17, 21, 21, 27, 17],
  X: [17, 17, 10, 4, 10, 17, 17],
  Y: [17, 17, 10, 4, 4, 4, 4],
  Z: [31, 1, 2, 4, 8, 16, 31],
  // The slash tells a zero from an O.
  "0": [14, 17, 19, 21, 25, 17, 14],
  "1": [4, 12, 4, 4, 4, 4, 14],
  "2": [14, 17, 1, 2, 4, 8, 31],
  "3": [30, 1, 1, 14, 1, 1, 30],
  "4": [2, 6, 10, 18, 31, 2, 2],
  "5": [31, 16, 30, 1, 1, 17, 14],
  "6": [14, 16, 16, 30, 17, 17, 14],
  "7": [31, 1, 2, 4, 4, 4, 4],
  "8": [14, 17, 17, 14, 17, 17, 14],
  "9": [14, 17, 17, 15, 1, 1, 14],
  "-": [0, 0, 0, 14, 0, 0, 0],
};

const DOTS = 5;
const HALVES = [" ", "▄", "▀", "█"] as const;

/**
 * How large: `double` has two columns and one row a dot, `single` one column and half a row; `plain` is the text itself,
 * spaced.
 */
export type TextSize = "double" | "single" | "plain";

/** The rows of `text` at a size; undefined where a character has no glyph and the size needs one. */
export function bigText(text: string, size: TextSize): readonly string[] | undefined {
  if (size === "plain") return [[...text].join(" ")];
  const glyphs = [...text.toUpperCase()].map((character) => GLYPHS[character]);
  if (!glyphs.every((glyph) => glyph !== undefined)) return undefined;
  return size === "double"
    ? Array.from({ length: 7 }, (_, row) => glyphs.map((glyph) => doubled(glyph[row] ?? 0)).join("  "))
    : Array.from({ length: 4 }, (_, row) =>
        glyphs.map((glyph) => halves(glyph[2 * row] ?? 0, glyph[2 * row + 1] ?? 0)).join(" "),
      );
}

function doubled(bits: number): string {
  return dots((dot) => (bits & dot ? "██" : "  "));
}

function halves(upper: number, lower: number): string {
  return dots((dot) => HALVES[(upper & dot ? 2 : 0) + (lower & dot ? 1 : 0)] ?? " ");
}

function dots(draw: (dot: number) => string): string {
  return Array.from({ length: DOTS }, (_, column) => draw(1 << (DOTS - 1 - column))).join("");
}
