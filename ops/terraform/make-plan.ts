/** A plan, saved and understood: what would change, to be shown, guarded and then applied exactly as it is. */

import type { OperationContext } from "../operation/types.ts";
import { unknownVariable } from "./failures.ts";
import type { Change, Diagnostic, Message } from "./messages.ts";
import { discardPlan, newPlanFile } from "./plan-files.ts";
import { logMessage, type TerraformOps, type Workspace } from "./workspace.ts";

interface PlannedChange {
  readonly address: string;
  readonly action: Change;
  readonly reason: string | undefined;
}

export interface Plan {
  /** Inside terraform/, and this plan's alone. It holds values of the state: never shown, never kept. */
  readonly file: string;
  /** Removes the file. Never throws. */
  readonly discard: () => Promise<void>;
  readonly changes: readonly PlannedChange[];
  /** What was changed outside Terraform. */
  readonly drift: readonly PlannedChange[];
  /** Terraform's own sum: "Plan: 2 to add, 0 to change, 1 to destroy." */
  readonly summary: string;
  readonly warnings: readonly Diagnostic[];
  /** It was made for some resources only, which Terraform then warns of. */
  readonly targeted: boolean;
  /** When it was made, milliseconds since the epoch. */
  readonly at: number;
  /** `terraform show -json` of the plan file: all that a guard may ask of it. */
  readonly json: () => Promise<unknown>;
}

const MARKS: Readonly<Record<string, string>> = {
  create: "+",
  update: "~",
  replace: "-/+",
  delete: "-",
  remove: "forget",
  move: "move",
  import: "import",
};

/** Who watches a plan: how much there is to refresh, where it is known, and every message. */
interface Watch {
  readonly total?: number;
  readonly hear?: (message: Message) => void;
}

/** Terraform's two warnings about -target, which is ours and no mistake. */
export function isOfTargets(message: { readonly diagnostic?: Diagnostic } | Message): boolean {
  const diagnostic = "diagnostic" in message ? message.diagnostic : undefined;
  return /^(?:Resource targeting is in effect|Applied changes may be incomplete)$/.test(diagnostic?.summary ?? "");
}

/** Plans; `more` are further arguments, such as `-destroy` and targets. Throws a FailureError. */
export async function makePlan(
  ops: TerraformOps,
  context: OperationContext,
  workspace: Workspace,
  more: readonly string[] = [],
  { total = 0, hear }: Watch = {},
): Promise<Plan> {
  const title = "Plan";
  const changes: PlannedChange[] = [];
  const drift: PlannedChange[] = [];
  const refreshing = { started: 0, done: 0 };
  let summary = "No changes.";
  const targeted = more.some((one) => one.startsWith("-target"));
  const onMessage = (message: Message) => {
    if (targeted && isOfTargets(message)) return;
    hear?.(message);
    switch (message.type) {
      case "refresh_start":
        refreshing.started += 1;
        return;
      case "refresh_complete":
        refreshing.done += 1;
        context.progress(refreshing.done, Math.max(total, refreshing.started, refreshing.done), "resources looked at");
        return;
      case "planned_change":
        if (message.action !== "noop" && message.action !== "read") changes.push(message);
        return;
      case "resource_drift":
        drift.push(message);
        return;
      case "change_summary":
        summary = message.text;
        return;
      default:
        logMessage(context, message);
    }
  };
  const file = await newPlanFile(ops);
  const discard = () => discardPlan(ops, file);
  context.step("plan", title, "running");
  try {
    const args = ["plan", "-json", "-input=false", "-lock-timeout=10s", `-out=${file}`, ...more];
    const diagnostics = await workspace.stream(args, onMessage);
    const broken = unknownVariable(diagnostics);
    if (broken) throw broken;
    context.step("plan", title, "done", summary);
    return {
      file,
      discard,
      changes,
      drift,
      summary,
      warnings: diagnostics.filter(
        (one) => one.severity === "warning" && !(targeted && isOfTargets({ diagnostic: one })),
      ),
      targeted,
      at: ops.clock.now(),
      json: async () => JSON.parse(await workspace.capture(["show", "-json", file])),
    };
  } catch (error) {
    await discard();
    context.step("plan", title, "failed");
    throw error;
  }
}

/** The plan in lines for people: what changes, then what was changed outside. */
export function planLines(plan: Pick<Plan, "changes" | "drift">): readonly string[] {
  const line = ({ address, action, reason }: PlannedChange) =>
    `${(MARKS[action] ?? action).padStart(6)} ${address}${reason ? ` (${reason.replaceAll("_", " ")})` : ""}`;
  return [
    ...plan.changes.map(line),
    ...(plan.drift.length > 0 ? ["Changed outside Terraform:", ...plan.drift.map(line)] : []),
  ];
}
