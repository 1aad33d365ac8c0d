/**
 * The guard: what a plan would do to data, addresses, machines, rights and the bill, as one verdict. Pure. A plan is what its
 * changes do, each placed by the table (table/table.ts); what is not known to be harmless is not, and unknown values count as
 * the worst that they could be.
 */

import type { Fleet, OwnerValues } from "../fleet/model.ts";
import { type Objection, objections } from "./guard-rules.ts";
import type { PlanModel } from "./plan.ts";

export type Verdict =
  | { readonly kind: "safe"; readonly notes: readonly string[] }
  /** Confirmed by typing `type`; where that is undefined, by typing what is to be done. */
  | {
      readonly kind: "dangerous";
      readonly type: string | undefined;
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
  /** The account as it is now. */
  readonly fleet?: Fleet;
}

/** Judges a plan. What is refused comes alone; what is dangerous comes with its reasons, the gravest first. */
export function judge(plan: PlanModel, known: Known): Verdict {
  const ids = protectedIds(plan, known);
  const { found, notes } = objections(plan, ids, rootsOf(plan, known), known.owner, known.fleet);
  const refused = found.filter(({ grade }) => grade === "refused");
  if (!plan.whole) {
    refused.unshift({
      address: "",
      grade: "refused",
      word: undefined,
      sentence: "The plan is not whole: planning met an error.",
    });
  }
  if (refused.length > 0) return { kind: "refused", reasons: refused, notes };
  if (found.length === 0) return { kind: "safe", notes };
  return { kind: "dangerous", type: found.find(({ word }) => word)?.word, reasons: found, notes };
}

/** Every volume and address that no plan may end: recorded by the owner, tagged, or named by the state's outputs. */
function protectedIds(plan: PlanModel, { owner, protectedVolumeIds, fleet }: Known): ReadonlySet<string> {
  const recorded = Object.values(owner).flatMap(({ volumeId, allocationId }) => [volumeId, allocationId]);
  return new Set([
    ...plan.recordedIds,
    ...(protectedVolumeIds ?? []),
    ...(fleet?.protectedVolumeIds ?? []),
    ...recorded.filter((id) => id !== undefined),
  ]);
}

/** The volumes that belong at a machine's root device, by any record. */
function rootsOf(plan: PlanModel, { owner, fleet }: Known): ReadonlySet<string> {
  const machines = Object.values(fleet?.machines ?? {});
  return new Set([
    ...[...plan.recordedIds].filter((id) => id.startsWith("vol-")),
    ...Object.values(owner).map(({ volumeId }) => volumeId),
    ...machines.flatMap(({ persistent, root }) => [persistent?.volumeId, root?.id]).filter((id) => id !== undefined),
  ]);
}

/** The objection as a sentence. */
export function said({ sentence }: Pick<Objection, "sentence">): string {
  const text = sentence.charAt(0).toUpperCase() + sentence.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
