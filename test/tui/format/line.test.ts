import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellOf, join, type Line, lineWidth, pace, paint, plain, t, ticking } from "../../../tui/format/line.ts";
import { width } from "../../../tui/format/text.ts";

const { line: anyLine } = fc.letrec<{ piece: Line[number]; line: Line }>((tie) => ({
  piece: fc.oneof(
    { depthSize: "small" },
    fc.record({ text: fc.string({ unit: "grapheme", maxLength: 12 }), token: fc.constantFrom("key", "status.error") }),
    fc.nat(9).map((digits) => ({ tick: (now: number) => String(now).padEnd(digits, "x") })),
    fc.record({
      cell: tie("line"),
      width: fc.nat(12),
      align: fc.constantFrom("left" as const, "right" as const),
    }),
  ),
  line: fc.array(tie("piece"), { maxLength: 5 }),
}));

describe("a line", () => {
  it("is painted exactly as wide as asked for, whatever is in it", () => {
    fc.assert(
      fc.property(anyLine, fc.nat(60), fc.nat(99_999), (line, columns, now) => {
        expect(width(stripVTControlCharacters(paint(line, columns, now)))).toBe(columns);
      }),
    );
  });

  it("has cells that begin where they should, whatever is in the one before", () => {
    const row = (text: string) => plain([cellOf([t(text)], 6), t("|"), cellOf([t("9")], 3, "right"), t("|")], 0);
    expect(stripVTControlCharacters(paint([cellOf([t("ab")], 6), t("|")], 8, 0))).toBe("ab    | ");
    expect(stripVTControlCharacters(paint([cellOf([t("abcdefgh")], 6), t("|")], 8, 0))).toBe("abcde…| ");
    expect(row("x")).toBe("x|9|");
  });

  it("ends in an ellipsis where something was left out, and only there", () => {
    expect(stripVTControlCharacters(paint([t("abc"), t("def")], 3, 0))).toBe("ab…");
    expect(stripVTControlCharacters(paint([t("abc"), t("def")], 6, 0))).toBe("abcdef");
    expect(stripVTControlCharacters(paint([t("abc"), t("def")], 5, 0))).toBe("abcd…");
  });

  it("knows how often it changes", () => {
    expect(pace([t("a")])).toBe("still");
    expect(pace([t("a"), cellOf([ticking(String)], 4)])).toBe("second");
    expect(pace([ticking(String), { tick: String, fast: true }])).toBe("fast");
  });

  it("is joined without empty parts", () => {
    expect(plain(join([[t("a")], [], [t("b")]], t(", ")), 0)).toBe("a, b");
    expect(lineWidth(join([[], []], t(", ")), 0)).toBe(0);
  });
});
