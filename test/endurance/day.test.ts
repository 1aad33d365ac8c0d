import { expect, it, onTestFinished } from "vitest";
import { liveThrough } from "./day.ts";
import { slopeOf } from "./slope.ts";
import { startEndurance } from "./stage.ts";
import { verdictOn } from "./verdict.ts";

const SEED = 20_260_301;

it("the estimate of growth is not moved by outliers", () => {
  const points = Array.from({ length: 20 }, (_, at) => ({ at, value: 100 + 0.5 * at + (at % 7 === 3 ? 40 : 0) }));
  expect(slopeOf(points)).toBeCloseTo(0.5, 1);
  expect(slopeOf([1, 2, 3].map((at) => ({ at, value: 7 })))).toBe(0);
});

it("leaves nothing behind after outages, expiries and sessions, and ends well", async () => {
  const stage = await startEndurance();
  onTestFinished(stage.end);
  const day = await liveThrough(stage, SEED, {
    happenings: ["shells", "outage", "expiry"],
    goesOn: (_hours, turns) => turns < 3,
    idleMs: 3000,
  });
  // A short day is no measure of megabytes; `make test-endurance` is.
  const { complaints } = verdictOn(day, { heap: 20, resident: 200 });
  expect(complaints).toEqual([]);
  await stage.cockpit.press("q");
  expect((await stage.cockpit.exited).exitCode).toBe(0);
  expect(stage.cockpit.restored()).toBe(true);
});
