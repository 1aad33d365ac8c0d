/** One player of the model: looks, decides, and is given what its call would do. Also what must never be. */

import { assemble } from "../../ops/fleet/assemble.ts";
import type { Observation } from "../../ops/fleet/model.ts";
import type { Act } from "../../ops/machine/acts.ts";
import { decide } from "../../ops/machine/decide.ts";
import type { Decision, Goal } from "../../ops/machine/decision.ts";
import { guard } from "../../ops/machine/guard.ts";
import { keepTag, mustKeep, tagsOf } from "../../ops/machine/mark.ts";
import { snapshotTags } from "../../ops/machine/snapshots.ts";
import { type Heard, type World, worldOf } from "../../ops/machine/world.ts";
import { type Account, rootOf, type SimVolume, spotRequestOf, volumesOf } from "../simulator/ec2/account.ts";
import type { Call } from "../simulator/ec2/calls.ts";
import { apply } from "../simulator/ec2/rules.ts";
import { PERSISTENT, STORY_IDS } from "../simulator/story.ts";
import { NOW, OWNER } from "./look.ts";

export const MACHINE = "fcvm-metal-arm";
export const INSTANCE = STORY_IDS.arm;
export const OWN_VOLUME = PERSISTENT[MACHINE].volumeId;
export const ALLOCATION = PERSISTENT[MACHINE].allocationId;

/** What decides and what guards: the real ones, or a mutant's. */
export interface Mind {
  readonly decide: (world: World, goal: Goal) => Decision;
  readonly guard: (act: Act, world: World, goal: Goal) => unknown;
}

export const SOUND: Mind = { decide, guard };

export function see(observation: Observation, heard: Heard): World {
  return worldOf(assemble(observation, OWNER), MACHINE, heard);
}

/** The act as the simulator's own rules take it. */
export function callOf(act: Act): Call {
  switch (act.kind) {
    case "StopInstance":
      return { name: "StopInstances", instanceIds: [act.instanceId] };
    case "StartInstance":
      return { name: "StartInstances", instanceIds: [act.instanceId] };
    case "DetachVolume":
      return { name: "DetachVolume", volumeId: act.volumeId, instanceId: act.instanceId, device: act.device };
    case "AttachVolume":
      return { name: "AttachVolume", volumeId: act.volumeId, instanceId: act.instanceId, device: act.device };
    case "TagVolume":
      return { name: "CreateTags", resources: [act.volumeId], tags: tagsOf(act.mark) };
    case "KeepVolume":
      return { name: "CreateTags", resources: [act.volumeId], tags: { [keepTag(act.agreement)]: "" } };
    case "SnapshotVolume":
      return { name: "CreateSnapshot", volumeId: act.volumeId, description: act.name, tags: snapshotTags(act) };
    case "ClearDeleteOnTermination":
      return {
        name: "ModifyInstanceAttribute",
        instanceId: act.instanceId,
        deleteOnTermination: { [act.device]: false },
      };
    case "AssociateAddress":
      return { name: "AssociateAddress", allocationId: act.allocationId, instanceId: act.instanceId };
    case "DeleteVolume":
      return { name: "DeleteVolume", volumeId: act.volumeId };
    case "CancelSpotRequest":
      return { name: "CancelSpotInstanceRequests", requestIds: [act.requestId] };
  }
}

/** The account after an act of ours, or the code with which AWS refuses it; what it breaks is told to `broken`. */
export function perform(
  account: Account,
  act: Act,
  goal: Goal,
  heard: Heard,
  broken: (what: string) => void,
  now = NOW,
): { readonly after: Account; readonly refused: string | undefined; readonly words: string } {
  const outcome = apply(account, callOf(act), now);
  if (outcome.error) return { after: account, refused: outcome.error.code, words: outcome.error.message };
  checkAct(account, act, goal, heard, broken);
  return { after: outcome.account, refused: undefined, words: "" };
}

/** What no act of ours may ever do, told by the true state of the account in which it took effect. */
function checkAct(account: Account, act: Act, goal: Goal, heard: Heard, broken: (what: string) => void): void {
  const instance = account.instances[INSTANCE];
  const request = instance && spotRequestOf(account, instance);
  const released =
    !instance?.spotRequestId || (request?.state === "disabled" && request.statusCode === "instance-stopped-by-user");
  const swap = goal.kind === "swapped" ? goal : undefined;
  if ("instanceId" in act && act.instanceId !== goal.instanceId) {
    broken(`${act.kind} on a stranger, ${act.instanceId}`);
  }
  switch (act.kind) {
    case "DetachVolume": {
      const volume = account.volumes[act.volumeId];
      if (!released) broken(`detach at ${request?.state}/${request?.statusCode}`);
      // Two starts on it were taken back: it makes way for the root that it replaced, and for nothing else.
      const old = Object.values(account.volumes).some((one) => isMarked(one) && one.state === "available");
      if (act.volumeId === OWN_VOLUME && heard.startRefused && old) break;
      if (isProtected(act.volumeId)) broken("detach of a protected volume");
      if (!volume || !isMarked(volume)) broken("detach of an unmarked root");
      if (swap?.takeOff !== act.volumeId) broken(`detach of ${act.volumeId}, which was not in the agreement`);
      break;
    }
    case "AttachVolume": {
      const others = instance ? volumesOf(account, instance.id) : [];
      if (others.length > 0) broken("two roots on one machine");
      if (act.device !== instance?.rootDeviceName) broken("attach somewhere else than at the root device");
      break;
    }
    case "DeleteVolume": {
      const volume = account.volumes[act.volumeId];
      const agreed = swap?.deletions.find((one) => one.volumeId === act.volumeId);
      if (isProtected(act.volumeId)) broken("delete of a protected volume");
      if (!agreed) broken(`delete of ${act.volumeId}, which was not in the agreement`);
      else if (volume && mustKeep(volume, agreed.over)) broken("delete of a volume that somebody keeps");
      if (agreed?.snapshot && !isSaved(account, act.volumeId)) broken("delete before there is a snapshot");
      if (heard.ssh.status !== "answered") broken("delete before SSH has answered");
      break;
    }
    case "SnapshotVolume":
      if (!swap?.deletions.some((one) => one.volumeId === act.volumeId && one.snapshot)) {
        broken("a snapshot that nobody agreed to pay for");
      }
      break;
    case "KeepVolume":
      break;
    case "TagVolume":
      if (isProtected(act.volumeId)) broken("a protected volume is marked as temporary");
      break;
    case "CancelSpotRequest": {
      const holder = account.spotRequests[act.requestId]?.instanceId;
      if (act.requestId === instance?.spotRequestId) broken("the machine's own spot request is cancelled");
      const state = holder === undefined ? undefined : account.instances[holder]?.state;
      if (state && state !== "terminated") broken(`a spot request is cancelled while its machine is ${state}`);
      break;
    }
    case "StopInstance":
      if (instance?.spotRequestId && request?.state !== "active") broken(`stop at ${request?.state}`);
      break;
    case "StartInstance":
      if (heard.startRefused && instance && rootOf(account, instance)?.id === OWN_VOLUME) {
        broken("start of what EC2 takes back each time");
      }
      break;
    case "AssociateAddress":
    case "ClearDeleteOnTermination":
      break;
  }
}

/** What must hold in every state of the account that can be reached, whoever brought it about. */
export function checkState(account: Account, broken: (what: string) => void): void {
  for (const id of PROTECTED) {
    if (!account.volumes[id] || account.volumes[id]?.state === "deleting") broken(`${id} is lost`);
  }
  const instance = account.instances[INSTANCE];
  if (!instance) return;
  const roots = volumesOf(account, INSTANCE).filter((one) => one.attachment.device === instance.rootDeviceName);
  if (roots.length > 1) broken("two volumes at one root device");
  if ((instance.state === "pending" || instance.state === "running") && roots.length !== 1) {
    broken(`${instance.state} without a root`);
  }
}

/** Whether the goal is really reached, by the account itself and not by our view of it. */
export function checkDone(account: Account, goal: Goal, heard: Heard, broken: (what: string) => void): void {
  const instance = account.instances[INSTANCE];
  if (!instance) {
    broken(`${goal.kind} without a machine`);
    return;
  }
  if (goal.kind === "stopped") {
    if (instance.state !== "stopped") broken(`done, but ${instance.state}`);
    const request = spotRequestOf(account, instance);
    if (request?.state === "active" || request?.state === "open") broken("done, but the spot request is not released");
    return;
  }
  if (instance.state !== "running") broken(`done, but ${instance.state}`);
  if (goal.kind === "running") return;
  if (account.addresses[ALLOCATION]?.instanceId !== INSTANCE) broken("done, but without its address");
  if (goal.kind !== "swapped") return;
  const root = rootOf(account, instance);
  if (root?.id !== OWN_VOLUME) broken("done, but not on its persistent volume");
  if (root?.attachment?.deleteOnTermination)
    broken("done, but the persistent volume would be deleted with the machine");
  for (const { volumeId, over, snapshot } of goal.deletions) {
    const left = account.volumes[volumeId];
    if (!left || !isMarked(left) || mustKeep(left, over)) continue;
    if (left.state !== "available" && left.attachment?.instanceId !== INSTANCE) continue;
    if (!snapshot || heard.snapshotRefused === undefined) broken("done, but the temporary disk is still there");
  }
  for (const volumeId of goal.keep) {
    const kept = account.volumes[volumeId];
    if (kept && isMarked(kept) && !mustKeep(kept)) broken("done, but nothing on the volume says to keep it");
  }
}

function isSaved(account: Account, volumeId: string): boolean {
  return Object.values(account.snapshots).some((one) => one.volumeId === volumeId && one.state === "completed");
}

const PROTECTED: readonly string[] = Object.values(PERSISTENT).map((one) => one.volumeId);

function isProtected(volumeId: string): boolean {
  return PROTECTED.includes(volumeId);
}

function isMarked(volume: SimVolume): boolean {
  return volume.tags["snowglobe:replaced-by"] === OWN_VOLUME && volume.tags["snowglobe:instance"] === INSTANCE;
}
