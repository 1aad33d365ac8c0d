import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { accountLines } from "../../../tui/fleet/account.ts";
import { paint } from "../../../tui/format/line.ts";
import { STORY_METRICS, storyFleet } from "../../harness/fleets.ts";

const NOW = Date.UTC(2026, 0, 15, 17);
const week = [1.1, 1.1, 1.2, 1.36, 1.24];
const metrics = { ...STORY_METRICS, spotWeek: { "fcvm-metal-arm": week, "fcvm-metal-x86": [1.5, 1.5] } };
const told = (height: number) =>
  accountLines(storyFleet(), metrics, 96, height, NOW).map((line) =>
    stripVTControlCharacters(paint(line, 96, NOW)).trimEnd(),
  );

it("the week of the spot prices stands below what must be known, and only where there is room for it", () => {
  const rows = told(20);
  expect(rows.at(-2)).toBe(`spot week   fcvm-metal-arm  ▁▁▄█▅  $1.10/h to $1.36/h, now ${spot("fcvm-metal-arm")}/h`);
  expect(rows.at(-1)).toBe(`spot week   fcvm-metal-x86  ▅▅  always $1.50/h, now ${spot("fcvm-metal-x86")}/h`);
  expect(told(rows.length - 1)).toEqual(rows.slice(0, -2));
});

function spot(name: "fcvm-metal-arm" | "fcvm-metal-x86"): string {
  return `$${STORY_METRICS.spotPerHour[name]?.toFixed(2)}`;
}
