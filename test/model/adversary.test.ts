import { expect, it } from "vitest";
import { type Attack, attack, type Sabotage } from "./adversary.ts";

const RUNS = 2000;
const SEED = 20_261_129;

/** A failing run prints its own seed: `MODEL_SEED=… vitest run test/model/adversary` is that run alone. */
const replay = process.env.MODEL_SEED;
const first = Number(replay ?? SEED);

it("two thousand random attacks, by several windows, other hands and kills, lose no volume that nobody agreed to lose", async () => {
  const runs: Attack[] = [];
  for (let run = 0; run < (replay === undefined ? RUNS : 1); run += 1) {
    const done = await attack(first + run);
    expect(done.broken, done.story.join("\n")).toEqual([]);
    runs.push(done);
  }
  const sum = (of: (run: Attack) => number) => runs.reduce((total, run) => total + of(run), 0);
  const ended = Object.entries(
    Object.groupBy(
      runs.flatMap(({ outcomes }) => outcomes),
      (status) => status,
    ),
  );
  process.stdout.write(
    `attacks: ${runs.length} from seed ${first}, ${sum((run) => run.meddled)} by other hands, ${sum((run) => run.kills)} kills, ` +
      `${sum((run) => run.deleted)} deleted as agreed; ended ${ended.map(([status, all]) => `${all?.length} ${status}`).join(", ")}\n`,
  );
  if (replay === undefined) expect(sum((run) => run.deleted)).toBeGreaterThan(RUNS / 20);
});

const SABOTAGES: readonly (readonly [string, Sabotage])[] = [
  ["takes a keep for a delete", { hear: (_question, answer) => (answer === "keep" ? "delete" : answer) }],
  [
    "does not see what is written on a disk to keep it",
    {
      see: (seen) => ({
        ...seen,
        volumes: seen.volumes.map((volume) => ({
          ...volume,
          tags: Object.fromEntries(Object.entries(volume.tags).filter(([key]) => !key.startsWith("snowglobe:keep"))),
        })),
      }),
    },
  ],
];

for (const [what, sabotage] of SABOTAGES) {
  it(`catches a program that ${what}`, async () => {
    for (let run = 0; run < RUNS; run += 1) {
      const { broken } = await attack(first + run, sabotage);
      if (broken.length > 0) return;
    }
    expect.fail("nothing was lost");
  });
}
