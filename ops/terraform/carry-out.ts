/** The apply itself: a saved plan carried out, each resource a step. */

import type { OperationContext } from "../operation/types.ts";
import { isOfTargets, type Plan } from "./make-plan.ts";
import type { Message } from "./messages.ts";
import { logMessage, type Workspace } from "./workspace.ts";

/** Applies the saved plan, one step for each resource. Gives Terraform's sum. Throws a FailureError. */
export async function applyPlan(
  context: OperationContext,
  workspace: Workspace,
  plan: Plan,
  hear: (message: Message) => void = () => {},
): Promise<string> {
  let done = 0;
  let summary = "Applied.";
  const finish = (message: Extract<Message, { address: string; text: string }>, state: "done" | "failed") => {
    done += 1;
    context.step(message.address, message.address, state);
    context.progress(done, Math.max(done, plan.changes.length), "changes");
  };
  const unfinished = new Set<string>();
  const onMessage = (message: Message) => {
    if (plan.targeted && isOfTargets(message)) return;
    hear(message);
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
