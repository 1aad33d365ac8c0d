import { expect, it, onTestFinished } from "vitest";
import { liveThrough } from "./day.ts";
import { HAPPENINGS } from "./happenings.ts";
import { startEndurance } from "./stage.ts";
import { verdictOn } from "./verdict.ts";

const HOURS = 8;

it(`${HOURS} hours at the cockpit: nothing grows, nothing is left, nothing breaks`, {
  timeout: 1_800_000,
}, async () => {
  // Another day each time; a day that failed is lived through again with `ENDURANCE_SEED=… make test-endurance`.
  const seed = Number(process.env.ENDURANCE_SEED ?? Date.now() % 1e9);
  const tell = (line: string) => process.stdout.write(`${line}\n`);
  tell(`seed ${seed}`);
  const stage = await startEndurance();
  onTestFinished(stage.end);
  const began = performance.now();
  const day = await liveThrough(stage, seed, {
    happenings: Object.keys(HAPPENINGS) as (keyof typeof HAPPENINGS)[],
    goesOn: (hours) => hours < HOURS,
    idleMs: 15_000,
    tell,
  });
  const { slopes, complaints } = verdictOn(day, { heap: 0.5, resident: 5 });
  tell(
    [
      `${HOURS} hours in ${((performance.now() - began) / 60_000).toFixed(1)} minutes`,
      `${day.samples.length} happenings, ${day.calls} calls of AWS`,
      ...Object.entries(slopes).map(([name, slope]) => `${name} ${slope.toFixed(2)} MB/h`),
      `idle ${day.idle.before.toFixed(2)} % of a core before, ${day.idle.after.toFixed(2)} % after`,
    ].join("; "),
  );
  expect(complaints).toEqual([]);
  await stage.cockpit.press("q");
  expect((await stage.cockpit.exited).exitCode).toBe(0);
  expect(stage.cockpit.restored()).toBe(true);
});
