import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { chopWords, logText } from "../../../tui/format/flow.ts";
import { droppedBetween, type LogSource, linesSource, matcher, type SourceLine } from "../../../tui/log/log-source.ts";
import {
  bottomOf,
  isBefore,
  type Layout,
  moved,
  rowsFrom,
  settle,
  showing,
  topOf,
} from "../../../tui/log/log-window.ts";

/** How many characters were measured: what is measured twice counts twice. */
const measured = vi.hoisted(() => ({ characters: 0 }));
vi.mock(import("../../../tui/format/text.ts"), async (original) => {
  const text = await original();
  return {
    ...text,
    width: (piece: string) => {
      measured.characters += piece.length;
      return text.width(piece);
    },
  };
});

const lines = (texts: readonly string[]): readonly SourceLine[] => texts.map((text) => ({ text, stream: "out" }));
const anyLines = fc.array(fc.string({ unit: "grapheme", maxLength: 90 }), { maxLength: 30 });
const anyLayout: fc.Arbitrary<Layout> = fc.record({
  columns: fc.integer({ min: 12, max: 40 }),
  rows: fc.integer({ min: 1, max: 20 }),
  wrap: fc.boolean(),
});

describe("the window over a log", () => {
  it("shows the very last rows at the bottom, as many as there are", () => {
    fc.assert(
      fc.property(anyLines, anyLayout, (texts, layout) => {
        const source = linesSource(lines(texts));
        const all = rowsFrom(source, topOf(source), { ...layout, rows: 10_000 });
        const shown = rowsFrom(source, bottomOf(source, layout), layout);
        expect(shown).toEqual(all.slice(-layout.rows));
      }),
    );
  });

  it("moves by exactly as many rows as asked, never beyond an end", () => {
    fc.assert(
      fc.property(anyLines, anyLayout, fc.array(fc.integer({ min: -25, max: 25 })), (texts, layout, moves) => {
        const source = linesSource(lines(texts));
        const all = rowsFrom(source, topOf(source), { ...layout, rows: 10_000 });
        const last = Math.max(0, all.length - layout.rows);
        let place = topOf(source);
        let row = 0;
        for (const by of moves) {
          place = moved(source, place, by, layout);
          row = Math.max(0, Math.min(last, row + by));
          expect(rowsFrom(source, place, layout)).toEqual(all.slice(row, row + layout.rows));
        }
      }),
    );
  });

  it("wraps without losing a character, and cuts to one row a line", () => {
    fc.assert(
      fc.property(anyLines, anyLayout, (texts, layout) => {
        const source = linesSource(lines(texts));
        const rows = rowsFrom(source, topOf(source), { ...layout, rows: 10_000 });
        if (layout.wrap) {
          for (const line of new Set(rows.map((row) => row.line))) {
            const own = rows.filter((row) => row.line === line);
            let read = "";
            for (const { text, offset } of own) {
              // A space at which a row ends may have no column.
              expect(offset - read.length).toBeLessThanOrEqual(1);
              read += " ".repeat(offset - read.length) + text;
            }
            expect(read.trimEnd()).toBe(logText(texts[line] ?? "").trimEnd());
          }
        } else expect(rows).toHaveLength(texts.length);
      }),
    );
  });

  it("stays on the same line when the layout changes and when old lines fall out", () => {
    const texts = Array.from({ length: 50 }, (_, line) => `line ${line}`);
    const layout = { columns: 20, rows: 5, wrap: true };
    const source = linesSource(lines(texts));
    const place = showing(source, 30, layout);
    expect(place.line).toBe(29);
    expect(settle(source, place, { ...layout, columns: 12 }).line).toBe(29);
    const later = linesSource(lines(texts.slice(20)), 20);
    expect(rowsFrom(later, settle(later, place, layout), layout)[0]?.text).toBe("line 29");
    const gone = linesSource(lines(texts.slice(40)), 40);
    expect(rowsFrom(gone, settle(gone, place, layout), layout)[0]?.text).toBe("line 40");
  });

  it("lays out only what is near it, in a log of a million lines", () => {
    let asked = 0;
    const source: LogSource = {
      first: () => 0,
      count: () => 1_000_000,
      slice: (from, to) => {
        asked += to - from;
        return Array.from({ length: to - from }, (_, index) => ({
          text: `line ${from + index}`,
          stream: "out" as const,
        }));
      },
      find: () => undefined,
    };
    const layout = { columns: 80, rows: 50, wrap: true };
    const middle = moved(source, { line: 500_000, row: 0 }, 49, layout);
    expect(rowsFrom(source, middle, layout)[0]?.text).toBe("line 500049");
    expect(isBefore(middle, bottomOf(source, layout))).toBe(true);
    expect(asked).toBeLessThan(1000);
  });

  it("chops an endless line that is not plain ASCII in one pass over it", () => {
    const line = logText(`${"wörd ".repeat(10_000)}`);
    measured.characters = 0;
    expect(chopWords(line, 40).join("")).toBe(line);
    expect(measured.characters).toBe(line.length);
  });
});

describe("searching", () => {
  const source = linesSource(lines(["Alpha", "beta alpha", "\u001b[31mALPHA\u001b[0m", "gamma"]), 10);

  it("finds lines in both directions, minding capitals only where the query has some", () => {
    expect(source.find("alpha", 10, 1)).toBe(10);
    expect(source.find("alpha", 11, 1)).toBe(11);
    expect(source.find("alpha", 13, -1)).toBe(12);
    expect(source.find("ALPHA", 10, 1)).toBe(12);
    expect(source.find("31m", 10, 1)).toBeUndefined();
    expect(matcher("aa")("aaaaa")).toEqual([0, 2]);
    expect(matcher("")("aaa")).toEqual([]);
  });
});

it("knows how many lines fell out at the front", () => {
  const [a, b, c, d] = lines(["a", "b", "c", "d"]) as [SourceLine, SourceLine, SourceLine, SourceLine];
  expect(droppedBetween([a, b], [a, b, c])).toBe(0);
  expect(droppedBetween([a, b, c], [c, d])).toBe(2);
  expect(droppedBetween([a, b], [c, d])).toBe(2);
  expect(droppedBetween([], [a])).toBe(0);
});
