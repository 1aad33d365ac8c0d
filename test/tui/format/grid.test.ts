import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boxed, type Fact, factLines, grid, rule } from "../../../tui/format/grid.ts";
import { type Line, lineWidth, paint, t } from "../../../tui/format/line.ts";

const texts = (lines: readonly Line[], columns: number) =>
  lines.map((line) => stripVTControlCharacters(paint(line, columns, 0)).trimEnd());

describe("a grid", () => {
  const column = (cells: string[][], more = {}) => ({
    groups: cells.map((rows) => rows.map((text) => [t(text)])),
    ...more,
  });
  const three = [
    column([["jumpbox"], ["arm"]]),
    column([["running"], ["a long state"]], { grow: 5 }),
    column([["$1"], ["$12"]], { align: "right", drop: 1 }),
  ];

  it("aligns its columns and gives what is left to the one that grows", () => {
    expect(texts(grid(three, 1, 30, 0).flat(), 30)).toEqual([
      "jumpbox  running            $1",
      "arm      a long state      $12",
    ]);
  });

  it("shrinks the one that grows before it drops another", () => {
    expect(texts(grid(three, 1, 20, 0).flat(), 20)).toEqual(["jumpbox  runni…   $1", "arm      a lon…  $12"]);
    expect(texts(grid(three, 1, 15, 0).flat(), 15)).toEqual(["jumpbox  runni…", "arm      a lon…"]);
  });

  it("is as wide as its room, or as what must stay", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 12 }), { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 20, max: 90 }),
        (cells, columns) => {
          const rows = grid(
            [
              column([[cells[0] ?? ""]]),
              column([[cells[1] ?? ""]], { grow: 1 }),
              column([[cells[2] ?? ""]], { drop: 1 }),
            ],
            1,
            columns,
            0,
          ).flat();
          for (const row of rows) expect(lineWidth(row, 0)).toBe(columns);
        },
      ),
    );
  });
});

describe("facts", () => {
  const fact = (label: string, rank: number, parts: string[], more: string[] = []): Fact => ({
    label,
    rank,
    parts: parts.map((part) => [t(part)]),
    more: more.map((part) => [t(part)]),
  });
  const facts = [
    fact("root", 1, ["vol-1", "300 GB"], ["kept"]),
    fact("cost", 5, ["$1/h"], ["spot"]),
    fact("none", 0, []),
  ];

  it("stand beside their labels, with everything where there is room", () => {
    expect(texts(factLines(facts, 40, 9, 0), 40)).toEqual(["root       vol-1  300 GB  kept", "cost       $1/h  spot"]);
  });

  it("go on in the next row and leave out additions, then whole facts, where rows are short", () => {
    expect(texts(factLines(facts, 25, 9, 0), 25)).toEqual([
      "root       vol-1  300 GB",
      "           kept",
      "cost       $1/h  spot",
    ]);
    expect(texts(factLines(facts, 25, 2, 0), 25)).toEqual(["root       vol-1  300 GB", "cost       $1/h"]);
    expect(texts(factLines(facts, 25, 1, 0), 25)).toEqual(["root       vol-1  300 GB"]);
    expect(factLines(facts, 25, 0, 0)).toEqual([]);
  });
});

describe("rules and boxes", () => {
  it("reach exactly from edge to edge", () => {
    expect(texts([rule([t("arm")], 14, 0)], 14)).toEqual(["── arm ───────"]);
    expect(texts(boxed([t("arm")], [[t("one")], [t("two")], [t("three")]], 12, 4, 0), 12)).toEqual([
      "╭─ arm ────╮",
      "│ one      │",
      "│ two      │",
      "╰──────────╯",
    ]);
  });
});
