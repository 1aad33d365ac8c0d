/** A build: its log in the log view, as long as a host kernel's and of a million lines, and what the whole path adds to it. */

import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { PATIENCE_MS } from "../harness/grid.ts";
import { runProgram } from "../harness/program.ts";
import { benchKernelPath } from "./kernel-path.ts";
import type { ViewFigures } from "./kernel-view.tsx";
import { type BenchRow, median } from "./row.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ROUNDS = 3;

export async function benchKernel(): Promise<readonly BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), "snowglobe-bench-"));
  try {
    const program = join(directory, "view.mjs");
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
    const rows: BenchRow[] = [];
    for (const lines of [30_000, 1_000_000]) rows.push(...(await measured(program, lines, directory)));
    return [...rows, ...(await benchKernelPath())];
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function measured(program: string, lines: number, directory: string): Promise<readonly BenchRow[]> {
  const rounds: (ViewFigures & { readonly answerMs: number })[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push(await watched(program, lines, join(directory, `${lines}-${round}`)));
  }
  const ms = (name: string, read: (round: (typeof rounds)[number]) => number, target?: string): BenchRow => ({
    name: `${name}, ${lines / 1000}k lines`,
    value: median(rounds.map(read)),
    unit: "ms",
    ...(target ? { target } : {}),
  });
  return [
    ms("log appended and shown", ({ appendMs }) => appendMs),
    ms("longest stall", ({ stallMs }) => stallMs, "≤ 50"),
    ms("of it, at work", ({ workMs }) => workMs),
    ms("search to the end", ({ searchMs }) => searchMs, lines === 30_000 ? "≤ 50" : "≤ 1000"),
    ms("from Enter to the answer", ({ answerMs }) => answerMs),
    ms("log opened again", ({ reopenMs }) => reopenMs),
  ];
}

async function watched(program: string, lines: number, folder: string) {
  const answer = `${folder}.json`;
  const view = runProgram(process.execPath, [program, `${lines}`, folder, answer], {
    env: { ...process.env, NODE_ENV: "production" },
    columns: 120,
    rows: 40,
  });
  try {
    await view.waitFor(() => existsSync(answer), PATIENCE_MS);
    const figures: ViewFigures = JSON.parse(readFileSync(answer, "utf8"));
    await view.press("/");
    for (const character of "nowhere") await view.press(character);
    await view.waitFor("/nowhere");
    const began = performance.now();
    view.write("\r");
    await view.waitFor("no match");
    return { ...figures, answerMs: performance.now() - began };
  } finally {
    view.kill();
    await view.exited;
  }
}
