/** A build: its log of a million lines in the log view, and what the whole path adds to the build itself. */

import { spawnSync } from "node:child_process";
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Program, runProgram } from "../harness/program.ts";
import { benchKernelPath } from "./kernel-path.ts";
import type { ViewFigures } from "./kernel-view.tsx";
import { type BenchRow, median } from "./row.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LINES = 1_000_000;
const LINE_BYTES = 100;
const ROUNDS = 3;

export async function benchKernel(): Promise<readonly BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), "snowglobe-bench-"));
  const program = join(directory, "view.mjs");
  try {
    const file = join(directory, "million");
    await pipeline(lines(), createWriteStream(file));
    // As the cockpit itself is made (esbuild.config.mjs).
    await build({
      entryPoints: [join(ROOT, "test/bench/kernel-view.tsx")],
      outfile: program,
      bundle: true,
      format: "esm",
      platform: "node",
      mainFields: ["module", "main"],
      target: "node24",
      define: { "process.env.NODE_ENV": '"production"' },
      alias: { "react-devtools-core": join(ROOT, "tui/no-devtools.ts") },
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    });
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push(await watched(program, file, join(directory, String(round))));
    }
    return [...rows(rounds, grepMs(file)), ...(await benchKernelPath())];
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What a compiler says: 100 MB of it. */
function* lines(): Generator<string> {
  for (let line = 0; line < LINES; ) {
    let text = "";
    for (const end = line + 10_000; line < end; line += 1) {
      text += `  CC      drivers/net/ethernet/vendor/part_${line}.o`.padEnd(LINE_BYTES - 1, " and more");
      text += "\n";
    }
    yield text;
  }
}

interface Round extends ViewFigures {
  /** From Enter to the answer on the screen. */
  readonly answerMs: number;
}

async function watched(program: string, file: string, folder: string): Promise<Round> {
  const answer = `${folder}.json`;
  const view = runProgram(process.execPath, [program, file, folder, answer], {
    env: { ...process.env, NODE_ENV: "production" },
    columns: 120,
    rows: 40,
  });
  try {
    await view.waitFor(() => existsSync(answer), 60_000);
    const figures: ViewFigures = JSON.parse(readFileSync(answer, "utf8"));
    return { ...figures, answerMs: await answered(view) };
  } finally {
    view.kill();
    await view.exited;
  }
}

async function answered(view: Program): Promise<number> {
  await view.press("/");
  await view.waitFor("/");
  for (const character of "nowhere") await view.press(character);
  await view.waitFor("/nowhere");
  const began = performance.now();
  view.write("\r");
  await view.waitFor("no match");
  return performance.now() - began;
}

/** Milliseconds that `grep -c` takes for the same; undefined where there is none. */
function grepMs(file: string): number | undefined {
  const times: number[] = [];
  for (let turn = 0; turn < 7; turn += 1) {
    const began = performance.now();
    const { error } = spawnSync("grep", ["-c", "Nowhere in it", file], { env: { ...process.env, LC_ALL: "C" } });
    if (error) return undefined;
    times.push(performance.now() - began);
  }
  return median(times);
}

function rows(rounds: readonly Round[], grep: number | undefined): readonly BenchRow[] {
  const of = (read: (round: Round) => number) => median(rounds.map(read));
  const search = of((round) => round.searchMs);
  return [
    { name: "log lines a second", value: of((round) => round.lines / round.seconds), unit: "lines" },
    {
      name: "frames while they come in",
      value: of((round) => round.framesPerSecond),
      unit: "a second",
      target: "≥ 20",
    },
    { name: "longest stall", value: of((round) => round.longestStallMs), unit: "ms", target: "≤ 50" },
    { name: "of it, at work", value: of((round) => round.longestWorkMs), unit: "ms" },
    { name: "memory growth over 100 MB", value: of((round) => round.memoryGrowthMB), unit: "MB", target: "≤ 80" },
    {
      name: "search over 100 MB",
      value: search,
      unit: "ms",
      target: "≤ 150 ms",
      ...(grep === undefined ? {} : { against: `grep -c, ${grep.toFixed(0)} ms`, ratio: search / grep }),
    },
    { name: "the same in any case", value: of((round) => round.anyCaseMs), unit: "ms", target: "≤ 150" },
    { name: "from Enter to the answer", value: of((round) => round.answerMs), unit: "ms" },
    { name: "log opened again", value: of((round) => round.reopenMs), unit: "ms" },
  ];
}
