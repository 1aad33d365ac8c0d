import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chop, chopWords, flow, logText } from "../../../tui/format/flow.ts";
import { width } from "../../../tui/format/text.ts";

const anyText = fc.string({ unit: "grapheme", maxLength: 60 }).map(logText);
// Some composed characters are several columns wide: a width that holds any one of them.
const anyWidth = fc.integer({ min: 12, max: 40 });

describe("log lines", () => {
  it("lose escape sequences and control characters, and keep their columns", () => {
    expect(logText("\u001b[31mred\u001b[0m \u001b]52;c;aGk=\u0007end")).toBe("red end");
    expect(logText("a\tb")).toBe("a       b");
    expect(logText("\u001b[1ma\u001b[0m\tb\r\n")).toBe("a       b");
  });

  it("leave nothing that could move the cursor, whatever comes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
        expect(logText(text)).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
    );
  });

  it("are cut where they never end", () => {
    expect(logText("x".repeat(1_000_000)).length).toBeLessThan(30_000);
  });

  it("are chopped without losing anything", () => {
    expect(chop("日本語", 4)).toEqual(["日本", "語"]);
    expect(chop("", 4)).toEqual([""]);
    fc.assert(
      fc.property(anyText, anyWidth, (text, columns) => {
        const pieces = chop(text, columns);
        expect(pieces.join("")).toBe(text);
        expect(pieces.every((piece) => width(piece) <= columns)).toBe(true);
      }),
    );
  });
});

describe("log lines, wrapped", () => {
  it("break between words, and within one that would leave half a row empty", () => {
    expect(chopWords("the temporary disk is marked", 14)).toEqual(["the temporary ", "disk is marked"]);
    expect(chopWords("disk is marked now", 14)).toEqual(["disk is marked ", "now"]);
    expect(chopWords("cc /home/ubuntu/linux/drivers/x.c", 12)).toEqual(["cc /home/ubu", "ntu/linux/dr", "ivers/x.c"]);
    expect(chopWords("ディスク は ある", 12)).toEqual(["ディスク は ", "ある"]);
    expect(chopWords("", 4)).toEqual([""]);
    fc.assert(
      fc.property(anyText, anyWidth, (text, columns) => {
        const pieces = chopWords(text, columns);
        expect(pieces.join("")).toBe(text);
        for (const piece of pieces) expect(width(piece.replace(/ $/, ""))).toBeLessThanOrEqual(columns);
        for (const piece of pieces.slice(0, -1)) expect(width(piece)).toBeGreaterThan((columns - 8) / 2);
      }),
    );
  });
});

describe("sentences", () => {
  it("flow between words, keep their indentation and never exceed the width", () => {
    expect(flow("  stop the instance", 12)).toEqual(["  stop the", "  instance"]);
    expect(flow("vol-09e5c3cee32bb67dc is kept", 10)).toEqual(["vol-09e5c3", "cee32bb67d", "c is kept"]);
    expect(flow("", 10)).toEqual([""]);
    fc.assert(
      fc.property(anyText, anyWidth, (text, columns) => {
        const rows = flow(text, columns);
        expect(rows.every((row) => width(row) <= columns)).toBe(true);
        expect(rows.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
      }),
    );
  });
});
