/** A build that a test scripts: its view, its log in memory, and the run that follows it. */

import type { Clock } from "../../../ops/clock.ts";
import type { BuildLog } from "../../../ops/kernel/build-log.ts";
import type { Finding, KernelJob, KernelView } from "../../../ops/kernel/view.ts";
import { unseen } from "../../../ops/kernel/view.ts";
import type { Run } from "../../../ops/operation/run.ts";
import type { OperationContext, Outcome } from "../../../ops/operation/types.ts";
import { type Cell, cell } from "../../../ops/store.ts";
import { NOW } from "../../harness/fleets.ts";
import { scripted } from "../run/scripted.tsx";

/** A BuildLog whose lines are an array. */
export function memoryLog(lines: string[] = []): BuildLog & { readonly say: (...more: string[]) => void } {
  const extent = cell({ lines: lines.length, bytes: 0 });
  const say = (...more: string[]) => {
    lines.push(...more);
    extent.set({ lines: lines.length, bytes: extent.get().bytes + more.join("\n").length });
  };
  return {
    get: extent.get,
    subscribe: extent.subscribe,
    path: "/nowhere/build.log",
    append: (bytes) => say(...Buffer.from(bytes).toString().split("\n")),
    slice: (from, to) => lines.slice(Math.max(0, from), Math.max(0, to)),
    find: async (query, from, direction) => {
      for (let at = from; at >= 0 && at < lines.length; at += direction) {
        if (lines[at]?.toLowerCase().includes(query.toLowerCase())) return at;
      }
      return undefined;
    },
    close: () => {},
    say,
  };
}

export function aJob(over: Partial<KernelJob> = {}): KernelJob {
  return {
    id: "20260115T174000123-guest",
    kind: "guest",
    version: "6.18.3",
    hash: "3f9a1c2b7d40",
    host: "fcvm-metal-arm",
    phase: "compile",
    state: "running",
    startedAt: NOW,
    endedAt: undefined,
    exit: undefined,
    total: 2530,
    bytes: 1000,
    log: "/home/ubuntu/.local/state/snowglobe-kernel/jobs/20260115T174000123-guest/log",
    artefact: "",
    unchanged: false,
    reason: "",
    ...over,
  };
}

export function aView(over: Partial<KernelView> = {}): KernelView {
  return { ...unseen("fcvm-metal-arm", "guest"), ...over };
}

/** In the midst of compiling. */
export const COMPILING: Partial<KernelView> = {
  job: aJob(),
  link: { state: "following" },
  progress: {
    phase: "compile",
    compiled: 1366,
    total: 2530,
    current: "CC drivers/net/tun.o",
    perSecond: 38.2,
    secondsLeft: 31,
  },
};

export function aFinding(at: number, over: Partial<Finding> = {}): Finding {
  return {
    severity: "error",
    file: "drivers/net/tun.c",
    line: 612,
    column: 3,
    text: "'foo' undeclared (first use in this function)",
    at,
    ...over,
  };
}

interface ScriptedBuild {
  readonly run: Run;
  readonly kernel: Cell<KernelView>;
  readonly end: (outcome: Outcome) => void;
  readonly speak: () => OperationContext;
}

export function scriptedBuild(view: KernelView, clock: Clock): ScriptedBuild {
  const kernel = cell(view);
  const ending = Promise.withResolvers<Outcome>();
  let context: OperationContext | undefined;
  const run = scripted(
    (given) => {
      context = given;
      given.step("ssh", "Reach fcvm-metal-arm", "done");
      given.step("build", "Build the kernel", "running");
      const cancelled = new Promise<never>((_, reject) => {
        given.signal.addEventListener("abort", () => reject(given.signal.reason));
      });
      return Promise.race([ending.promise, cancelled]);
    },
    { clock, kernel, name: "kernel", title: "Build a kernel on fcvm-metal-arm", machine: "fcvm-metal-arm" },
  );
  const speak = () => {
    if (!context) throw new Error("The run has not begun.");
    return context;
  };
  return { run, kernel, end: ending.resolve, speak };
}
