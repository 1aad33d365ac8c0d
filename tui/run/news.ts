/** What is worth saying again to somebody who listens: keys that change with it, and not with every figure. Pure. */

import type { KernelView } from "../../ops/kernel/view.ts";
import type { RunState } from "../../ops/operation/run.ts";
import type { PlanView } from "../../ops/plan/view.ts";

/** Steps, questions and the end; not the log, and not how far it is. */
export function runNews({ steps, question, deviceCode, outcome, cancelling }: RunState): string {
  const told = steps.map(({ title, state, detail }) => [title, state, detail]);
  return JSON.stringify([told, question?.id, deviceCode?.userCode, deviceCode?.note, outcome?.status, cancelling]);
}

/** What each resource came to; not what Terraform refreshes meanwhile. */
export function planNews({ phase, planned, apply }: PlanView): string {
  return JSON.stringify([phase, planned?.at, apply?.done, apply?.failed, apply?.interrupted]);
}

/** Phases, each quarter of the compiling, the first error, and whether it is followed. */
export function kernelNews(view: KernelView | undefined): string {
  if (!view) return "";
  const { job, progress, errors, link } = view;
  const quarter = progress.total ? Math.floor((4 * progress.compiled) / progress.total) : 0;
  return JSON.stringify([job?.id, job?.state, progress.phase, quarter, errors > 0, link.state]);
}
