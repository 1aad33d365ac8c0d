/**
 * The guard: what a plan would do to data, addresses and machines, as one verdict. Pure, and written from what must never
 * be lost and not from the configuration, so that a slip in terraform/ is caught here.
 */

import type { OwnerValues } from "../fleet/model.ts";
import { type Objection, objections } from "./guard-rules.ts";
import type { PlanModel } from "./plan.ts";

export type Verdict =
  | { readonly kind: "safe"; readonly notes: readonly string[] }
  /** Confirmed by typing `type`. */
  | {
      readonly kind: "dangerous";
      readonly type: string;
      readonly reasons: readonly Objection[];
      readonly notes: readonly string[];
    }
  /** Never applied, whatever anybody answers. */
  | { readonly kind: "refused"; readonly reasons: readonly Objection[]; readonly notes: readonly string[] };

interface Known {
  /** The owner's values as terraform.tfvars has them. */
  readonly owner: OwnerValues;
  /** Volumes that the fleet knows to be persistent, by record or by tag. */
  readonly protectedVolumeIds?: ReadonlySet<string>;
}

/** Judges a plan. What is refused comes alone; what is dangerous comes with its reasons, the gravest first. */
export function judge(plan: PlanModel, known: Known): Verdict {
  const ids = protectedIds(plan, known);
  const { found, notes } = objections(plan, ids, known.owner);
  if (!plan.complete) {
    notes.push("Terraform put some changes off: another plan follows this one.");
  }
  const refused = found.filter(({ grade }) => grade === "refused");
  if (!plan.whole) {
    refused.unshift({
      address: "",
      grade: "refused",
      word: "",
      sentence: "The plan is not whole: planning met an error.",
    });
  }
  if (refused.length > 0) return { kind: "refused", reasons: refused, notes };
  const [first] = found;
  return first ? { kind: "dangerous", type: first.word, reasons: found, notes } : { kind: "safe", notes };
}

/** Every volume and address that no plan may end: recorded by the owner, tagged, or named by the state's outputs. */
function protectedIds(plan: PlanModel, { owner, protectedVolumeIds }: Known): ReadonlySet<string> {
  const recorded = Object.values(owner).flatMap(({ volumeId, allocationId }) => [volumeId, allocationId]);
  return new Set([...plan.recordedIds, ...(protectedVolumeIds ?? []), ...recorded.filter((id) => id !== undefined)]);
}

/** The objection as a sentence. */
export function said({ sentence }: Pick<Objection, "sentence">): string {
  const text = sentence.charAt(0).toUpperCase() + sentence.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
