/** A build over real SSH on a simulated machine against plain `make` on the same tree: what the whole path costs. */

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ComposedOps, createOps } from "../../ops/compose.ts";
import { environmentFrom } from "../../ops/environment.ts";
import { buildKernel } from "../../ops/kernel/build.ts";
import type { KernelPhase } from "../../ops/kernel/view.ts";
import { PATCHES } from "../kernel/publish.ts";
import { writeTree } from "../kernel/tree.ts";
import { setStage } from "../simulator/demo/stage.ts";
import { healthyAccount } from "../simulator/story.ts";
import type { BenchRow } from "./row.ts";

const MACHINE = "fcvm-metal-arm";
/** What the machine has, and `make` is given here as well. */
const JOBS = 64;
const FILES = 3 * JOBS;
const SECONDS_A_FILE = 4;

export async function benchKernelPath(): Promise<readonly BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), "snowglobe-bench-"));
  const stage = await setStage(directory, { story: healthyAccount, latencyScale: 0.02 });
  const ops = createOps(environmentFrom({ ...stage.env, ...stage.simulator.signedInEnv }));
  try {
    stage.hosts.kernels.publish(addFiles);
    const first = await built(ops);
    const again = await built(ops);
    const compiling = (first.at("prove") - first.at("compile")) / 1000;
    const plain = make(join(directory, "plain"));
    return [
      {
        name: "compile and link, followed over SSH",
        value: compiling,
        unit: "s",
        against: `make on the same tree, ${plain.toFixed(2)} s`,
        ratio: compiling / plain,
        target: "≤ 1.03",
      },
      { name: "a build of which nothing changed", value: again.seconds, unit: "s", target: "≤ 2" },
    ];
  } finally {
    await ops.stop();
    await stage.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Files that take as long as a compiler would, but no processor: what else runs here counts little. */
function addFiles(tree: string): void {
  mkdirSync(join(tree, "bench"), { recursive: true });
  for (let file = 0; file < FILES; file += 1) {
    writeFileSync(join(tree, `bench/file${file}.c`), `#takes ${SECONDS_A_FILE}\nint file${file};\n`);
  }
}

/** Runs a build to its end, and says when each phase was first seen here. */
async function built(ops: ComposedOps) {
  const began = performance.now();
  const seen = new Map<KernelPhase, number>();
  const run = ops.operations.start(buildKernel(MACHINE, { kind: "guest" }, ops));
  run.subscribe(() => {
    const { question } = run.get();
    if (question) run.answer(question.id, "guest");
  });
  run.kernel?.subscribe(() => {
    const phase = run.kernel?.get().progress.phase;
    if (phase && !seen.has(phase)) seen.set(phase, performance.now());
  });
  const outcome = await run.finished;
  if (outcome.status === "failed" || outcome.status === "cancelled") throw new Error(JSON.stringify(outcome));
  return { seconds: (performance.now() - began) / 1000, at: (phase: KernelPhase) => seen.get(phase) ?? Number.NaN };
}

/** Seconds that `make` takes for the image, as build.sh calls it. */
function make(folder: string): number {
  writeTree(folder, PATCHES);
  addFiles(folder);
  mkdirSync(join(folder, "include/config"), { recursive: true });
  writeFileSync(join(folder, "include/config/kernel.release"), "6.18.3\n");
  writeFileSync(join(folder, ".config"), "");
  const began = performance.now();
  const { status, stderr } = spawnSync("make", [`-j${JOBS}`, "Image"], { cwd: folder });
  if (status !== 0) throw new Error(String(stderr));
  return (performance.now() - began) / 1000;
}
