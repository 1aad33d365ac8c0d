/** From a cold start to a changed account: plan, question, exactly that plan, and what is to be known afterwards. */

import type { Operation, OperationContext, Outcome } from "../operation/types.ts";
import { money, moneyWords } from "../plan/money.ts";
import { driftWords, NOTHING_YET, unconfirmedWords } from "../plan/view.ts";
import { cell } from "../store.ts";
import { applyPlan } from "./carry-out.ts";
import { carry, recreated, understand, verdictLines } from "./confirm.ts";
import { readyToPlan } from "./init.ts";
import { planLines } from "./make-plan.ts";
import { outputLines, readOutputs } from "./outputs.ts";
import { recordOutputs } from "./tfvars.ts";
import type { TerraformOps, Workspace } from "./workspace.ts";

/** What keeps a root from being deleted (terraform/dev-instance-common.tf). */
const MARK = "aws_ec2_tag.persistent";

export function planOperation(ops: TerraformOps): Operation {
  const view = cell(NOTHING_YET);
  return {
    name: "plan",
    title: "Plan",
    harmlessToDrop: true,
    plan: view,
    run: async (context): Promise<Outcome> => {
      const { workspace, lines } = await readyToPlan(ops, context);
      const { plan, model, verdict, pending } = await understand(ops, context, workspace, view);
      await plan.discard();
      for (const line of lines) context.log(line, "note");
      for (const line of planLines(plan)) context.log(line, "note");
      for (const line of verdictLines(verdict)) context.log(line, verdict.kind === "safe" ? "note" : "err");
      const words = driftWords({ drift: model.drift.length, pending: 0 });
      const more = [...(words ? [`${words}.`] : []), ...unconfirmedWords(model)];
      if (pending === 0) {
        return { status: "nothing-to-do", sentence: ["The account is as terraform/ says.", ...more].join(" ") };
      }
      context.log(moneyWords(money(model, ops.metrics.get().spotPerHour)), "note");
      const sentence = [plan.summary, ...more].join(" ");
      return verdict.kind === "refused"
        ? { status: "blocked", sentence: `${sentence} ${verdictLines(verdict)[0]}`, next: "No apply will do this." }
        : { status: "done", sentence, next: "make apply does it." };
    },
  };
}

export function applyOperation(ops: TerraformOps): Operation {
  const view = cell(NOTHING_YET);
  return {
    name: "apply",
    title: "Plan and apply",
    plan: view,
    run: async (context): Promise<Outcome> => {
      const { workspace, lines } = await readyToPlan(ops, context);
      const carried = await carry(ops, context, workspace, view, { verb: "Apply", lines });
      if (carried.status === "ended") return carried.outcome;
      const recorded = await afterwards(ops, context, workspace);
      const more = [...recorded, ...unconfirmedWords(carried.model)];
      if (carried.status === "nothing") {
        return { status: "nothing-to-do", sentence: ["The account is as terraform/ says.", ...more].join(" ") };
      }
      const again = await recreated(ops, carried.model);
      const sentence = [carried.summary, ...(again ? [again.sentence] : []), ...more].join(" ");
      return { status: "done", sentence, ...(again ? { next: again.next } : {}) };
    },
  };
}

/** Outputs shown, and root volumes that are new recorded where no swap can then lose them: a sentence for each. */
async function afterwards(
  ops: TerraformOps,
  context: OperationContext,
  workspace: Workspace,
): Promise<readonly string[]> {
  const outputs = await readOutputs(workspace);
  for (const line of outputLines(outputs)) context.log(line, "note");
  const recorded = await recordOutputs(ops, outputs);
  if (recorded.length > 0) await mark(ops, context, workspace);
  for (const sentence of recorded) context.log(sentence, "note");
  return recorded;
}

/**
 * The marks on roots that have just been recorded. They belong to the apply that was agreed to, but can only be planned
 * once the volumes are known: a plan of their own, which does nothing else.
 */
async function mark(ops: TerraformOps, context: OperationContext, workspace: Workspace): Promise<void> {
  const only = [`-target=${MARK}`];
  const { plan, model, verdict } = await understand(ops, context, workspace, cell(NOTHING_YET), only);
  try {
    const managed = model.changes.filter(({ mode }) => mode === "managed");
    const marks = managed.filter(({ type, name, kind }) => kind === "create" && `${type}.${name}` === MARK);
    if (marks.length === 0 || marks.length < managed.length || verdict.kind === "refused") return;
    await applyPlan(context, workspace, plan);
  } finally {
    await plan.discard();
  }
}
