/** What a screen shows of a run that plans and applies: handed out beside the operation, as one immutable value. */

import type { Diagnostic } from "../terraform/messages.ts";
import type { Verdict } from "./guard.ts";
import type { LastPlan } from "./last.ts";
import type { Money } from "./money.ts";
import type { PlanModel } from "./plan.ts";
import { type ApplyState, NOT_BEGUN, type PlanProgress } from "./stream.ts";

export interface PlanView {
  readonly phase: "preparing" | "planning" | "planned" | "applying" | "over";
  readonly progress: PlanProgress;
  /** The plan with all that follows from it; absent until it is made. */
  readonly planned:
    | {
        readonly plan: PlanModel;
        readonly verdict: Verdict;
        readonly money: Money;
        /** Terraform's own sum. */
        readonly summary: string;
        readonly at: number;
      }
    | undefined;
  readonly apply: ApplyState | undefined;
}

export const NOTHING_YET: PlanView = { phase: "preparing", progress: NOT_BEGUN, planned: undefined, apply: undefined };

/** Warnings and errors of both parts, in the order in which they came. */
export function diagnosticsOf({ progress, apply }: PlanView): readonly Diagnostic[] {
  return [...progress.diagnostics, ...(apply?.diagnostics ?? [])];
}

/** "2 changes outside Terraform, 1 pending"; undefined where all was as configured. */
export function driftWords({ drift, pending }: Pick<LastPlan, "drift" | "pending">): string | undefined {
  const outside = drift ? `${drift} ${drift === 1 ? "change" : "changes"} outside Terraform` : "";
  return [outside, pending ? `${pending} pending` : ""].filter(Boolean).join(", ") || undefined;
}

/** Said until AWS has been answered: a machine that is stopped, or could not be, is told of by mail only then. */
export function unconfirmedWords({ unconfirmed }: Pick<PlanModel, "unconfirmed">): readonly string[] {
  return unconfirmed
    ? ["AWS mails a link to the address in alert_email: no message of auto-stop comes until it is followed."]
    : [];
}
