import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { clean, pad, truncate, width } from "../../../tui/format/text.ts";

const anyText = fc.string({ unit: "grapheme", maxLength: 40 });
const hostile = fc.string({ unit: "binary", maxLength: 60 });

describe("text", () => {
  it("is measured as string-width does, also what takes the short way", () => {
    for (const text of ["abc", "▁▂█·", "● ○ ◐◓◑◒ ▲ ✓ ✕", "╭─│╮", "…←↑→↓≤×", "日本", "é", "▌┃▸"]) {
      expect(width(text)).toBe(stringWidth(text));
    }
    fc.assert(fc.property(anyText, (text) => width(text) === stringWidth(text)));
  });

  it("is never wider than asked for, and padded to exactly that", () => {
    fc.assert(
      fc.property(anyText, fc.nat(50), fc.constantFrom("left" as const, "right" as const), (text, columns, align) => {
        expect(width(truncate(text, columns))).toBeLessThanOrEqual(columns);
        expect(width(pad(text, columns, align))).toBe(columns);
      }),
    );
  });

  it("says that something was cut", () => {
    expect(truncate("fcvm-metal-arm", 8)).toBe("fcvm-me…");
    expect(truncate("fcvm-metal-arm", 14)).toBe("fcvm-metal-arm");
    expect(truncate("日本語", 4)).toBe("日…");
    expect(truncate("x", 0)).toBe("");
  });

  it("from outside loses what could move the cursor or deceive the eye", () => {
    expect(clean("a\u001b[31mred\u001b[0m\u001b]0;title\u0007b")).toBe("aredb");
    expect(clean("one\r\ntwo\tthree")).toBe("one two three");
    expect(clean("i-0\u202eabc\u200bd")).toBe("i-0abcd");
    expect(clean("\ue0b0 cafe\u0301 日本 ✔ 🚀 ⚠\ufe0f नमस्ते")).toBe(
      "\ue0b0 café 日本 ✔ \ufffd ⚠ \ufffd\ufffd\ufffd\ufffd",
    );
    fc.assert(
      fc.property(hostile, (text) => {
        expect(clean(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
