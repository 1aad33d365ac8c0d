/** Computers that build kernels on simulated machines over real SSH: one account, and as many `Ops` on it as a test wants. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { type ComposedOps, createOps } from "../../../ops/compose.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import type { MachineName } from "../../../ops/fleet/machines.ts";
import { buildKernel } from "../../../ops/kernel/build.ts";
import type { Wanted } from "../../../ops/kernel/order.ts";
import type { KernelView } from "../../../ops/kernel/view.ts";
import type { Run } from "../../../ops/operation/run.ts";
import type { Question } from "../../../ops/operation/types.ts";
import { when } from "../../../ops/store.ts";
import { PATIENCE_MS } from "../../harness/grid.ts";
import { type Stage, setStage } from "../../simulator/demo/stage.ts";
import { healthyAccount, PERSISTENT } from "../../simulator/story.ts";

export const ARM = "fcvm-metal-arm";
export const X86 = "fcvm-metal-x86";

export interface KernelRig extends Stage {
  readonly directory: string;
  /** The copy of kernel/ that the computers have. */
  readonly kernelDir: string;
  /** The environment of a computer with a home of its own state, signed in. */
  readonly env: Readonly<Record<string, string>>;
  /** Another computer (or the same one, by the same name) that is signed in. */
  readonly computer: (name?: string) => ComposedOps;
  /** The home directory on a machine's persistent root. */
  readonly homeOn: (machine: typeof ARM | typeof X86) => string;
  /** On fcvm-metal-arm: where its jobs are, what the log of one says, and the states of kernel/ that were brought over. */
  readonly jobs: () => string;
  readonly remoteLog: (id: string) => string;
  readonly places: () => readonly string[];
}

export async function startRig(): Promise<KernelRig> {
  const directory = mkdtempSync(join(tmpdir(), "snowglobe-kernel-"));
  const stage = await setStage(directory, { story: healthyAccount, latencyScale: 0.02 });
  const kernelDir = join(directory, "kernel");
  cpSync(join(import.meta.dirname, "../../../kernel"), kernelDir, { recursive: true });
  const env = { ...stage.env, ...stage.simulator.signedInEnv, SNOWGLOBE_KERNEL_DIR: kernelDir };
  const computers: ComposedOps[] = [];
  const homeOn: KernelRig["homeOn"] = (machine) =>
    join(stage.hosts.volumePath(PERSISTENT[machine].volumeId), "home/ubuntu");
  const jobs = () => join(homeOn(ARM), ".local/state/snowglobe-kernel/jobs");
  return {
    ...stage,
    directory,
    kernelDir,
    env,
    computer: (name = "laptop") => {
      const ops = createOps(environmentFrom({ ...env, XDG_STATE_HOME: join(directory, name) }));
      computers.push(ops);
      return ops;
    },
    homeOn,
    jobs,
    remoteLog: (id) => readFileSync(join(jobs(), id, "log"), "utf8").trimEnd(),
    places: () => readdirSync(join(homeOn(ARM), ".local/share/snowglobe/kernel")).sort(),
    stop: async () => {
      stage.hosts.kernels.hold(false);
      for (const ops of computers) {
        for (const run of ops.operations.get()) run.cancel();
        await Promise.all(ops.operations.get().map((run) => run.finished));
        await ops.stop();
      }
      await stage.stop();
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Starts a build; `answer` is given to its questions, and all of those are kept. */
export function build(
  ops: ComposedOps,
  machine: MachineName,
  wanted: Wanted,
  answer: (question: Question) => string | undefined = () => "guest",
): { readonly run: Run; readonly questions: Question[]; readonly view: () => KernelView } {
  const run = ops.operations.start(buildKernel(machine, wanted, ops));
  const questions: Question[] = [];
  run.subscribe(() => {
    const { question } = run.get();
    if (!question || questions.includes(question.question)) return;
    questions.push(question.question);
    run.answer(question.id, answer(question.question));
  });
  return { run, questions, view: () => viewOf(run) };
}

function viewOf(run: Run): KernelView {
  const view = run.kernel?.get();
  if (!view) throw new Error("this run builds no kernel");
  return view;
}

/** Waits until a run's view is so; says what it was instead. */
export async function until(run: Run, test: (view: KernelView) => boolean, ms = PATIENCE_MS): Promise<KernelView> {
  if (!run.kernel) throw new Error("this run builds no kernel");
  try {
    return await when(run.kernel, test, AbortSignal.timeout(ms));
  } catch {
    const { log: _, ...view } = viewOf(run);
    throw new Error(
      `in vain: ${JSON.stringify({ view, outcome: run.get().outcome, steps: run.get().steps }, null, 1)}`,
    );
  }
}

export const compiling = (view: KernelView) => view.progress.phase === "compile";

/** The whole log as it is here. */
export function logOf(run: Run): string {
  const { log } = viewOf(run);
  return log ? log.slice(0, log.get().lines).join("\n") : "";
}

export async function done(run: Run): Promise<void> {
  const outcome = await run.finished;
  expect(outcome, JSON.stringify({ steps: run.get().steps, log: run.get().log })).toMatchObject({ status: "done" });
}
