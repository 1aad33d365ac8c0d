/** The apply itself: a saved plan carried out, each resource a step. */

import { explain } from "../aws/errors.ts";
import type { Operation, OperationContext, Outcome } from "../operation/types.ts";
import type { Ops } from "../ops.ts";
import { type DetachedRun, standingRuns } from "./detached.ts";
import { isOfTargets, type Plan } from "./make-plan.ts";
import type { Message } from "./messages.ts";
import { followRun, logMessage, type TerraformOps, type Workspace } from "./workspace.ts";

/**
 * Makes each resource a step, and counts the changes as the plan does: a replacement, which Terraform tells as two, is one,
 * what is only taken over or renamed is none, and neither is a data source that is read now.
 */
function resourceSteps(context: OperationContext, planned: Plan["changes"]) {
  const uncounted = new Set(["import", "move", "remove"]);
  const left = new Map(
    planned
      .filter(({ action }) => !uncounted.has(action))
      .map(({ address, action }) => [address, action === "replace" ? 2 : 1]),
  );
  const total = left.size;
  const ended = new Set<string>();
  let made = 0;
  let summary = "Applied.";
  const unfinished = new Set<string>();
  const finish = (address: string, action: string, state: "done" | "failed") => {
    unfinished.delete(address);
    context.step(address, address, state);
    const more = (left.get(address) ?? 1) - 1;
    left.set(address, more);
    if (action === "read" || (state === "done" && more > 0) || ended.has(address)) return;
    ended.add(address);
    if (state === "done") made += 1;
    context.progress(ended.size, Math.max(ended.size, total), "changes");
  };
  const hear = (message: Message) => {
    switch (message.type) {
      case "apply_start":
        unfinished.add(message.address);
        context.step(message.address, message.address, "running", message.action);
        return;
      case "apply_progress":
        context.step(message.address, message.address, "running", `${message.action}, ${message.seconds ?? "?"} s`);
        return;
      case "apply_complete":
        finish(message.address, message.action, "done");
        return;
      case "apply_errored":
        finish(message.address, message.action, "failed");
        return;
      case "change_summary":
        summary = message.text;
        return;
      case "outputs":
        return;
      default:
        logMessage(context, message);
    }
  };
  const broken = () => {
    for (const address of unfinished) context.step(address, address, "failed");
    return `${made} of ${Math.max(made, total)} changes were made.`;
  };
  return { hear, broken, summary: () => summary };
}

const FINISHES = "Terraform finishes what it is at, writes its state, then stops. It is waited for.";

/** Applies the saved plan, one step for each resource. Gives Terraform's sum. Throws a FailureError. */
export async function applyPlan(
  context: OperationContext,
  workspace: Workspace,
  plan: Plan,
  hear: (message: Message) => void = () => {},
): Promise<string> {
  const steps = resourceSteps(context, plan.changes);
  const onMessage = (message: Message) => {
    if (plan.targeted && isOfTargets(message)) return;
    hear(message);
    steps.hear(message);
  };
  context.signal.addEventListener("abort", () => context.log(FINISHES, "note"), { once: true });
  try {
    await workspace.apply(plan.file, onMessage);
  } catch (error) {
    context.log(`${steps.broken()} Running it again goes on from there.`, "err");
    throw error;
  }
  return steps.summary();
}

/** An apply whose cockpit was closed or killed, followed to its end; cancelled, it is interrupted as the apply itself would be. */
function followOperation(ops: TerraformOps, run: DetachedRun): Operation {
  return {
    name: "apply",
    title: "Apply that was begun before",
    run: async (context): Promise<Outcome> => {
      context.harmless(true);
      context.signal.addEventListener("abort", () => context.log(FINISHES, "note"), { once: true });
      const steps = resourceSteps(context, []);
      try {
        await followRun(ops, context, run, context.signal, steps.hear);
      } catch (error) {
        steps.broken();
        throw error;
      }
      return { status: "done", sentence: steps.summary(), next: "make plan says whether anything is left to do." };
    },
  };
}

/** Shows each apply that a program before this one began and that nobody has cleared away. Never throws. */
export async function followStandingRuns(ops: TerraformOps & Pick<Ops, "operations">): Promise<void> {
  for (const run of await standingRuns(ops.environment)) ops.operations.start(followOperation(ops, run));
}

/** Whatever still runs is waited for first, and left alone if that is given up: no plan is made beside it. */
export async function awaitStandingRuns(ops: TerraformOps, context: OperationContext): Promise<void> {
  for (const run of await standingRuns(ops.environment)) {
    const title = "An apply that was begun before";
    context.step(run.name, title, "waiting", "it goes on, and is followed to its end");
    const steps = resourceSteps(context, []);
    const following = followRun(ops, context, run, NEVER, steps.hear).then(
      () => context.step(run.name, title, "done", steps.summary()),
      (error: unknown) => {
        steps.broken();
        const { sentence } = explain(error);
        context.step(run.name, title, "failed", sentence);
      },
    );
    await Promise.race([following, aborted(context.signal)]);
    context.signal.throwIfAborted();
  }
}

const NEVER = new AbortController().signal;

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
