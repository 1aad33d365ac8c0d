/** The calls that change a machine: each is one API call, and each is harmless when made twice. */

import type { Subject } from "../fleet/glance.ts";
import type { Table } from "../fleet/parts.ts";
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

/** The parts of the account that an act changes: what was seen of them before says nothing any more. */
export function changes(act: Act): readonly Table[] {
  return CHANGES[act.kind];
}

const CHANGES: Readonly<Record<Act["kind"], readonly Table[]>> = {
  StopInstance: ["instances", "spotRequests"],
  StartInstance: ["instances", "spotRequests"],
  DetachVolume: ["instances", "volumes"],
  AttachVolume: ["instances", "volumes"],
  TagVolume: ["volumes"],
  KeepVolume: ["volumes"],
  SnapshotVolume: ["volumes"],
  ClearDeleteOnTermination: ["instances", "volumes"],
  AssociateAddress: ["instances", "addresses"],
  DeleteVolume: ["volumes"],
  CancelSpotRequest: ["spotRequests"],
};

/**
 * The parts that are read afresh before an act: those by which it could do harm. What AWS itself refuses where it does not
 * fit (a start too early, a device that is in use) is left to AWS.
 */
export function restsOn(act: Act): readonly Table[] {
  return RESTS_ON[act.kind];
}

const RESTS_ON: Readonly<Record<Act["kind"], readonly Table[]>> = {
  StopInstance: ["instances", "spotRequests"],
  StartInstance: ["instances"],
  DetachVolume: ["instances", "spotRequests", "volumes"],
  AttachVolume: [],
  TagVolume: ["instances", "volumes"],
  KeepVolume: ["volumes"],
  SnapshotVolume: ["volumes"],
  ClearDeleteOnTermination: ["instances", "volumes"],
  AssociateAddress: ["addresses"],
  DeleteVolume: ["instances", "volumes"],
  CancelSpotRequest: ["instances", "spotRequests"],
};

/** What shows how an act goes on that AWS only begins; undefined for one that is done when AWS says yes. */
export function shownBy(act: Act): Subject | undefined {
  switch (act.kind) {
    case "StopInstance":
    case "StartInstance":
      return { kind: "instance", id: act.instanceId };
    case "DetachVolume":
    case "AttachVolume":
      return { kind: "volume", id: act.volumeId };
    default:
      return undefined;
  }
}

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
