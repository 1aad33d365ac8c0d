import { describe, expect, it } from "vitest";
import { bars, sparkline } from "../../../tui/format/chart.ts";
import { ago, count, elapsed, gibibytes, left, percent, shortIds } from "../../../tui/format/words.ts";

const NOW = 1_000_000_000;

describe("words", () => {
  it("say how long ago, how long yet and for how long", () => {
    expect([0, -5000, 2400, 61_000, 11_520_000].map((ms) => ago(NOW - ms, NOW))).toEqual([
      "just now",
      "just now",
      "2 s ago",
      "1 min ago",
      "3 h 12 min ago",
    ]);
    expect([0, 9000, 80_000, 120_000, 33_600_000].map((ms) => left(NOW + ms, NOW))).toEqual([
      "no time",
      "9 s",
      "1 min 20 s",
      "2 min",
      "9 h 20 min",
    ]);
    expect([-3000, 42_000, 90_000, 180_000].map((ms) => elapsed(NOW - ms, NOW))).toEqual([
      "0 s",
      "42 s",
      "90 s",
      "3 min",
    ]);
  });

  it("say how much", () => {
    expect([gibibytes(20), gibibytes(1700), percent(0.708), count(1, "orphan"), count(3, "orphan")]).toEqual([
      "20 GiB",
      "1.7 TiB",
      "71 %",
      "1 orphan",
      "3 orphans",
    ]);
  });

  it("shorten long IDs and nothing else", () => {
    expect(shortIds("vol-09e5c3cee32bb67dc is not on i-0c4d5e6f708192a3b, sir-08192a3b")).toBe(
      "vol-09e5…7dc is not on i-0c4d…a3b, sir-08192a3b",
    );
  });
});

describe("charts", () => {
  it("show a gap as a gap and idleness as a low bar", () => {
    expect(sparkline([undefined, 0, 4, 50, 99, 100, 140, Number.NaN])).toBe("·▁▁▅███·");
  });

  it("have the height that is asked for", () => {
    expect(bars([0, 50, 100, undefined], 2, 2)).toEqual(["      ██   ", "▁▁ ██ ██ ··"]);
    expect(bars([25], 4, 1)).toEqual([" ", " ", " ", "█"]);
  });
});
