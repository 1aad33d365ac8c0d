import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countdown, elapsed } from "../../../tui/format/elapsed.ts";
import { chop, cut, fit, plain, width, wrap } from "../../../tui/format/text.ts";

const anyText = fc.string({ unit: "grapheme", maxLength: 60 });
// Some composed characters are several columns wide: a width that holds any one of them.
const anyWidth = fc.integer({ min: 10, max: 40 });

describe("plain", () => {
  it("takes out escape sequences, control characters and direction marks, and expands tabs", () => {
    expect(plain("\u001b[31mred\u001b[0m \u001b]52;c;aGk=\u0007end")).toBe("red end");
    expect(plain("a\tb")).toBe("a       b");
    expect(plain("a\u0000b\u009bc\u202ed\r\n")).toBe("abcd");
    expect(plain("one\r\ntwo")).toBe("one two");
  });

  it("leaves nothing that could move the cursor, whatever comes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
        expect(plain(text)).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
    );
  });

  it("keeps an endless line readable", () => {
    expect(plain("x".repeat(1_000_000)).length).toBeLessThan(30_000);
  });
});

describe("widths", () => {
  it("fits exactly and cuts with an ellipsis", () => {
    expect(cut("abcdef", 4)).toBe("abc…");
    expect(fit("日本語", 5)).toBe("日本…");
    expect(fit("ab", 4)).toBe("ab  ");
    fc.assert(
      fc.property(anyText, anyWidth, (text, columns) => {
        expect(width(fit(plain(text), columns))).toBe(columns);
      }),
    );
  });

  it("chops without losing anything", () => {
    fc.assert(
      fc.property(anyText, anyWidth, (text, columns) => {
        const line = plain(text);
        const pieces = chop(line, columns);
        expect(pieces.join("")).toBe(line);
        expect(pieces.every((piece) => width(piece) <= columns)).toBe(true);
      }),
    );
  });

  it("wraps between words, keeps the indentation and never exceeds the width", () => {
    expect(wrap("  stop the instance", 12)).toEqual(["  stop the", "  instance"]);
    expect(wrap("vol-09e5c3cee32bb67dc is kept", 10)).toEqual(["vol-09e5c3", "cee32bb67d", "c is kept"]);
    expect(wrap("", 10)).toEqual([""]);
    fc.assert(
      fc.property(anyText, anyWidth, (text, columns) => {
        const line = plain(text);
        const lines = wrap(line, columns);
        expect(lines.every((one) => width(one) <= columns)).toBe(true);
        expect(lines.join("").replaceAll(" ", "")).toBe(line.replaceAll(" ", ""));
      }),
    );
  });
});

it("says lengths of time", () => {
  expect([0, 8_400, 65_000, 7_380_000, 273_600_000].map(elapsed)).toEqual(["0s", "8s", "1m 05s", "2h 03m", "3d 4h"]);
  expect([581_000, 0, -5].map(countdown)).toEqual(["9:41", "0:00", "0:00"]);
});
