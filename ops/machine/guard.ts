/**
 * The last look before a call: what must hold for each act, whoever decided on it. Written from the invariants and not
 * from `decide`, and it shares none of its conclusions, so that a fault in one is caught by the other.
 */

import type { Failure } from "../failure.ts";
import type { Volume } from "../fleet/model.ts";
import { MARK_TAGS } from "../fleet/tags.ts";
import { type Act, sayAct } from "./acts.ts";
import type { Goal } from "./decision.ts";
import { markOf } from "./mark.ts";
import type { World } from "./world.ts";

/** Why `act` must not be done in `world` under what was agreed (`goal`); undefined where nothing speaks against it. */
export function guard(act: Act, world: World, goal: Goal): Failure | undefined {
  const objection = object(act, world, goal);
  if (objection === undefined) return undefined;
  return {
    kind: "internal",
    sentence: `Not done: ${sayAct(act)}, because ${objection}.`,
    action: "Look at the fleet and try again; nothing was changed by this step.",
    code: "Guard",
  };
}

function object(act: Act, world: World, goal: Goal): string | undefined {
  const { instance, persistentId } = world;
  if (!instance) return "the machine is not there";
  if (instance.id !== goal.instanceId) return `it was agreed for ${goal.instanceId}`;
  if ("instanceId" in act && act.instanceId !== instance.id) return `${act.instanceId} is not ${world.spec.name}`;
  if ("device" in act && act.device !== instance.rootDeviceName) return `its root device is ${instance.rootDeviceName}`;
  switch (act.kind) {
    case "StopInstance":
      if (instance.state !== "running") return `it is ${instance.state}`;
      return isSpot(world) && world.spotRequest && !STOPPABLE.has(world.spotRequest.state)
        ? `its spot request is ${world.spotRequest.state}, so it would never start again`
        : undefined;
    case "StartInstance":
      if (instance.state !== "stopped") return `it is ${instance.state}`;
      if (rootIds(world).length !== 1) return "it has no root volume, or more than one";
      return releasedByUser(world) || stoppedByExperiment(world) ? undefined : "its spot request is not released";
    case "DetachVolume":
      return objectToDetach(act.volumeId, world, goal);
    case "AttachVolume":
      return objectToAttach(act.volumeId, world, goal);
    case "TagVolume":
      if (world.protectedIds.includes(act.volumeId) || act.volumeId === persistentId) return "it is protected";
      if (act.mark.instanceId !== instance.id || act.mark.replacedBy !== persistentId)
        return "the mark is not this swap's";
      return act.mark.machine === world.spec.name ? undefined : "the mark is not this machine's";
    case "KeepVolume":
      return undefined;
    case "SnapshotVolume":
      return deletionOf(act.volumeId, goal)?.snapshot ? undefined : "no snapshot of it was agreed to";
    case "ClearDeleteOnTermination":
      return undefined;
    case "AssociateAddress":
      if (world.address?.allocationId !== act.allocationId) return "that is not this machine's address";
      return instance.state === "running" ? undefined : `it is ${instance.state}`;
    case "DeleteVolume":
      return objectToDelete(act.volumeId, world, goal);
    case "CancelSpotRequest":
      if (goal.kind !== "swapped" || !goal.cancel.includes(act.requestId)) return "that was not agreed to";
      return objectToCancel(act.requestId, world);
  }
}

const STOPPABLE: ReadonlySet<string> = new Set(["active", "open", "disabled"]);

/** What the person said yes to about this volume; nothing that stands on the volume can take its place. */
function deletionOf(volumeId: string, goal: Goal) {
  return goal.kind === "swapped" ? goal.deletions.find((one) => one.volumeId === volumeId) : undefined;
}

function objectToDetach(volumeId: string, world: World, goal: Goal): string | undefined {
  const { instance, persistent } = world;
  if (volumeId === world.persistentId && world.startRefused) return objectToGiveBack(volumeId, world, goal);
  if (world.protectedIds.includes(volumeId) || volumeId === world.persistentId) return "it is protected";
  if (goal.kind !== "swapped" || goal.takeOff !== volumeId) return "nobody agreed to take it off";
  if (instance?.state !== "stopped") return `the machine is ${instance?.state}`;
  if (!releasedByUser(world)) return "its spot request is not disabled by our own stop, and AWS might start it";
  const volume = world.roots.find((one) => one.id === volumeId);
  if (!volume || world.roots.length !== 1) return "it is not the one root of the machine";
  if (volume.tags[MARK_TAGS.replacedBy] !== world.persistentId) return "it is not marked as replaced";
  if (volume.tags[MARK_TAGS.instance] !== instance.id) return "it is marked for another machine";
  if (persistent?.state !== "available" || isTied(persistent)) {
    return "the persistent volume is not ready to take its place";
  }
  return persistent.availabilityZone === instance.availabilityZone
    ? undefined
    : "the persistent volume is in another zone";
}

/** The persistent volume comes off again only for the root that it replaced, and only where the machine cannot be lost. */
function objectToGiveBack(volumeId: string, world: World, goal: Goal): string | undefined {
  const { instance } = world;
  if (goal.kind !== "swapped" || goal.persistentId !== volumeId) return "another volume was agreed to";
  if (instance?.state !== "stopped") return `the machine is ${instance?.state}`;
  if (!releasedByUser(world)) return "its spot request is not disabled by our own stop, and AWS might start it";
  const roots = rootIds(world);
  if (roots.length !== 1 || roots[0] !== volumeId) return "it is not the one root of the machine";
  const old = world.marked.find(
    (one) =>
      one.tags[MARK_TAGS.instance] === instance.id &&
      one.tags[MARK_TAGS.replacedBy] === volumeId &&
      one.state === "available" &&
      !isTied(one) &&
      one.availabilityZone === instance.availabilityZone,
  );
  return old ? undefined : "no other root is ready to take its place";
}

function objectToAttach(volumeId: string, world: World, goal: Goal): string | undefined {
  const { instance } = world;
  if (goal.kind !== "swapped" || goal.persistentId !== world.persistentId) return "another volume was agreed to";
  if (instance?.state !== "stopped") return `the machine is ${instance?.state}`;
  if (rootIds(world).length > 0) return "something is at its root device";
  const old = world.marked.find((one) => one.id === volumeId);
  const volume = volumeId === world.persistentId ? world.persistent : old;
  if (!volume) return "it is neither the persistent volume nor a marked one";
  if (old && markOf(old)?.instanceId !== instance.id) return "it is marked for another machine";
  if (volume.state !== "available" || isTied(volume)) return `it is ${volume.state}`;
  return volume.availabilityZone === instance.availabilityZone ? undefined : "it is in another zone";
}

function objectToDelete(volumeId: string, world: World, goal: Goal): string | undefined {
  const { instance, persistentId } = world;
  if (world.protectedIds.includes(volumeId) || volumeId === persistentId) return "it is protected";
  const agreed = deletionOf(volumeId, goal);
  if (!agreed || goal.kind !== "swapped") return "nobody agreed to delete it";
  const volume = world.marked.find((one) => one.id === volumeId);
  if (!volume) return "it has no mark of a swap";
  const kept = Object.entries(volume.tags).find(
    ([key, value]) =>
      (key.startsWith("snowglobe:keep") || (key === MARK_TAGS.afterSwap && value === "keep")) &&
      !agreed.over.includes(key),
  );
  if (kept) return `its tag ${kept[0]} says to keep it`;
  const whole = world.snapshots.some(
    (one) => one.volumeId === volumeId && one.state === "completed" && Object.values(one.tags).includes(goal.agreement),
  );
  if (agreed.snapshot && !whole) return "the snapshot of it is not there";
  if (volume.state !== "available" || isTied(volume)) return `it is ${volume.state}`;
  if (instance?.state !== "running") return `the machine is ${instance?.state}`;
  const roots = rootIds(world);
  if (roots.length !== 1 || roots[0] !== persistentId) return "the machine is not on its persistent volume";
  return world.ssh.status === "answered" ? undefined : "SSH has not answered on the machine";
}

function objectToCancel(requestId: string, world: World): string | undefined {
  const { instance, spotRequest } = world;
  if (requestId === instance?.spotRequestId || requestId === spotRequest?.id) return "it is the machine's own";
  const found = world.predecessors.find((one) => one.request.id === requestId);
  if (!found) return "it is not a predecessor's";
  const holder = found.request.instanceId === undefined ? undefined : world.instanceStates[found.request.instanceId];
  const alive = [holder, found.instance].find((state) => state && state !== "terminated" && state !== "gone");
  return alive && `its machine is ${alive}`;
}

/** Every volume at the root device by either of EC2's answers, whatever the state of the attachment. */
function rootIds(world: World): readonly string[] {
  const { instance } = world;
  if (!instance) return [];
  const mapped = instance.blockDevices
    .filter((one) => one.device === instance.rootDeviceName && one.state !== "detached")
    .map((one) => one.volumeId);
  return [...new Set([...mapped, ...world.roots.map((volume) => volume.id)])];
}

function isTied(volume: Volume): boolean {
  return volume.attachments.some((one) => one.state !== "detached");
}

function isSpot(world: World): boolean {
  return world.instance?.market !== "on-demand" || world.instance.spotRequestId !== undefined;
}

function releasedByUser(world: World): boolean {
  return !isSpot(world) || isDisabled(world, "instance-stopped-by-user");
}

/** EC2 leaves it to its owner to start what an experiment stopped (aws.md, "Spot requests"). */
function stoppedByExperiment(world: World): boolean {
  return isDisabled(world, "instance-stopped-by-experiment");
}

function isDisabled({ spotRequest, instance }: World, statusCode: string): boolean {
  return (
    spotRequest !== undefined &&
    spotRequest.id === (instance?.spotRequestId ?? spotRequest.id) &&
    spotRequest.state === "disabled" &&
    spotRequest.statusCode === statusCode
  );
}
