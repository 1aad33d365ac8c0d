/** From a cold start to a changed account: plan, question, exactly that plan, and what is to be known afterwards. */

import type { Operation, OperationContext, Outcome, Question } from "../operation/types.ts";
import { ready } from "./init.ts";
import type { Message } from "./messages.ts";
import { outputLines, readOutputs } from "./outputs.ts";
import { makePlan, type Plan, planLines } from "./plan.ts";
import { recordOutputs } from "./tfvars.ts";
import { logMessage, type TerraformOps, type Workspace } from "./workspace.ts";

export function applyOperation(ops: TerraformOps): Operation {
  return {
    name: "apply",
    title: "Plan and apply",
    run: async (context): Promise<Outcome> => {
      const workspace = await ready(ops, context);
      const plan = await makePlan(ops, context, workspace);
      if (plan.changes.length === 0) {
        await afterwards(ops, context, workspace);
        return { status: "nothing-to-do", sentence: "The account is as terraform/ says." };
      }
      const answer = await context.ask(question(plan));
      if (answer !== "yes") return { status: "cancelled", sentence: "Nothing was changed." };
      const sentence = await applyPlan(context, workspace, plan);
      await afterwards(ops, context, workspace);
      return { status: "done", sentence };
    },
  };
}

/** What ends or replaces something is confirmed by a word; the rest by yes. */
function question(plan: Plan): Question {
  const ends = plan.changes.some(({ action }) => action === "delete" || action === "replace" || action === "remove");
  return {
    kind: "confirm",
    title: `${plan.summary} Apply exactly this?`,
    lines: planLines(plan),
    yes: "Apply",
    no: "Leave everything as it is",
    ...(ends ? { typed: "apply" } : {}),
  };
}

/** Applies the saved plan, one step for each resource. Gives Terraform's sum. Throws a FailureError. */
export async function applyPlan(context: OperationContext, workspace: Workspace, plan: Plan): Promise<string> {
  let done = 0;
  let summary = "Applied.";
  const finish = (message: Extract<Message, { address: string; text: string }>, state: "done" | "failed") => {
    done += 1;
    context.step(message.address, message.address, state);
    context.progress(done, Math.max(done, plan.changes.length), "changes");
  };
  const unfinished = new Set<string>();
  const onMessage = (message: Message) => {
    switch (message.type) {
      case "apply_start":
        unfinished.add(message.address);
        context.step(message.address, message.address, "running", message.action);
        return;
      case "apply_progress":
        context.step(message.address, message.address, "running", `${message.action}, ${message.seconds ?? "?"} s`);
        return;
      case "apply_complete":
        unfinished.delete(message.address);
        finish(message, "done");
        return;
      case "apply_errored":
        unfinished.delete(message.address);
        finish(message, "failed");
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
  context.signal.addEventListener("abort", () => context.log("Terraform finishes what it is at, then stops.", "note"), {
    once: true,
  });
  try {
    await workspace.stream(["apply", "-json", "-input=false", "-lock-timeout=10s", plan.file], onMessage);
  } catch (error) {
    for (const address of unfinished) context.step(address, address, "failed");
    context.log(`${done} of ${plan.changes.length} changes were made. Running it again goes on from there.`, "err");
    throw error;
  }
  return summary;
}

/** Outputs shown, and root volumes that are new recorded where no swap can then lose them. */
async function afterwards(ops: TerraformOps, context: OperationContext, workspace: Workspace): Promise<void> {
  const outputs = await readOutputs(workspace);
  for (const line of outputLines(outputs)) context.log(line, "note");
  for (const sentence of await recordOutputs(ops, outputs)) context.log(sentence, "note");
}
