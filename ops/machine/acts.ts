/** The calls that change a machine: each is one API call, and each is harmless when made twice. */

import type { Mark } from "./mark.ts";

export type Act =
  | { readonly kind: "StopInstance"; readonly instanceId: string }
  | { readonly kind: "StartInstance"; readonly instanceId: string }
  | {
      readonly kind: "DetachVolume";
      readonly volumeId: string;
      readonly instanceId: string;
      readonly device: string;
    }
  | {
      readonly kind: "AttachVolume";
      readonly volumeId: string;
      readonly instanceId: string;
      readonly device: string;
    }
  | { readonly kind: "TagVolume"; readonly volumeId: string; readonly mark: Mark }
  /** Adds a tag of this agreement's own, so that no other run can undo it by writing its own. */
  | { readonly kind: "KeepVolume"; readonly volumeId: string; readonly agreement: string }
  | { readonly kind: "SnapshotVolume"; readonly volumeId: string; readonly agreement: string; readonly name: string }
  /** Only ever to false. */
  | { readonly kind: "ClearDeleteOnTermination"; readonly instanceId: string; readonly device: string }
  | { readonly kind: "AssociateAddress"; readonly allocationId: string; readonly instanceId: string }
  | { readonly kind: "DeleteVolume"; readonly volumeId: string }
  | { readonly kind: "CancelSpotRequest"; readonly requestId: string };

/** What must not rest on one late answer is done only when two looks in a row, some time apart, both ask for it. */
export function needsSecondLook(act: Act): boolean {
  return SECOND_LOOK.has(act.kind);
}

const SECOND_LOOK: ReadonlySet<Act["kind"]> = new Set([
  "DetachVolume",
  "DeleteVolume",
  "CancelSpotRequest",
  // Not idempotent: after an answer that was lost, a second one would cost as much again.
  "SnapshotVolume",
]);

/** The same act has the same key, whenever it is decided upon. */
export function keyOf(act: Act): string {
  switch (act.kind) {
    case "TagVolume":
      return `TagVolume ${act.volumeId} ${act.mark.replacedBy} ${act.mark.instanceId} ${act.mark.afterSwap}`;
    case "DetachVolume":
    case "AttachVolume":
      return `${act.kind} ${act.volumeId} ${act.instanceId}`;
    case "AssociateAddress":
      return `${act.kind} ${act.allocationId} ${act.instanceId}`;
    case "DeleteVolume":
      return `${act.kind} ${act.volumeId}`;
    case "KeepVolume":
    case "SnapshotVolume":
      return `${act.kind} ${act.volumeId} ${act.agreement}`;
    case "CancelSpotRequest":
      return `${act.kind} ${act.requestId}`;
    default:
      return `${act.kind} ${act.instanceId}`;
  }
}

/** The act as an imperative for the person. */
export function sayAct(act: Act): string {
  switch (act.kind) {
    case "StopInstance":
      return `Stop ${act.instanceId}`;
    case "StartInstance":
      return `Start ${act.instanceId}`;
    case "DetachVolume":
      return `Take ${act.volumeId} off ${act.instanceId} (${act.device})`;
    case "AttachVolume":
      return `Put ${act.volumeId} on ${act.instanceId} as its root (${act.device})`;
    case "TagVolume":
      return `Mark ${act.volumeId} as replaced by ${act.mark.replacedBy} (${act.mark.afterSwap} afterwards)`;
    case "KeepVolume":
      return `Mark ${act.volumeId} to be kept`;
    case "SnapshotVolume":
      return `Take a snapshot of ${act.volumeId}, named "${act.name}"`;
    case "ClearDeleteOnTermination":
      return `Set DeleteOnTermination to false at ${act.device} of ${act.instanceId}`;
    case "AssociateAddress":
      return `Put the address ${act.allocationId} on ${act.instanceId}`;
    case "DeleteVolume":
      return `Delete ${act.volumeId}`;
    case "CancelSpotRequest":
      return `Cancel the spot request ${act.requestId}`;
  }
}
