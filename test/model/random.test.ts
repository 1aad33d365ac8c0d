import { expect, it } from "vitest";
import { randomRun } from "./random-run.ts";

const RUNS = 10_000;
const SEED = 20_260_115;

it("ten thousand random runs of the runner, with faults, break nothing and end well", async () => {
  // A failing run prints its own seed: `MODEL_SEED=… vitest run test/model/random` is that run alone.
  const replay = process.env.MODEL_SEED;
  const first = Number(replay ?? SEED);
  const runs = replay === undefined ? RUNS : 1;
  const ended: Record<string, number> = {};
  let faults = 0;
  let acts = 0;
  for (let run = 0; run < runs; run += 1) {
    const result = await randomRun(first + run);
    expect(result.broken, result.story.join("\n")).toEqual([]);
    ended[result.outcome.status] = (ended[result.outcome.status] ?? 0) + 1;
    faults += result.faults;
    acts += result.acts;
  }
  const how = Object.entries(ended).map(([status, count]) => `${count} ${status}`);
  process.stdout.write(
    `random runs: ${runs} from seed ${first}, ${acts} acts, ${faults} faults; ended ${how.join(", ")}\n`,
  );
});
