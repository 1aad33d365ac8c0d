/** The swap: a machine gets its persistent volume back as its root. Pure; the traps are those of aws.md. */

import type { Instance, Volume } from "../fleet/model.ts";
import { absence, toAddress, toFree, toRunning, toSsh, toStopped, waitForSeat } from "./decide-run.ts";
import { act, blocked, type Decision, type Deletion, PATIENCE, type SwapGoal, wait } from "./decision.ts";
import { giveBack } from "./give-back.ts";
import { keepTag, type Mark, markOf, mustKeep } from "./mark.ts";
import { takenFor } from "./snapshots.ts";
import { stopBar } from "./spot.ts";
import { type Predecessor, seatOf, type World } from "./world.ts";

/** The next step of the swap. */
export function decideSwap(world: World, goal: SwapGoal): Decision {
  const gone = absence(world);
  if (gone) return gone;
  const instance = world.instance as Instance;
  const { name } = world.spec;
  const { persistentId } = world;
  if (persistentId === undefined) {
    // Apply by itself records the root that the machine has now: only its owner knows whether that is the right one.
    const now = seatOf(world);
    return blocked(
      `No persistent volume is recorded for ${name}, so there is nothing to swap back.`,
      `If your data is on ${now.kind === "held" ? `${now.volumeId}, its root now` : "its root"}, run make apply: that is recorded. If not, write the right volume into persistent_roots in terraform.tfvars first.`,
    );
  }
  if (persistentId !== goal.persistentId) {
    return blocked(
      `The persistent volume of ${name} is recorded as ${persistentId} by now; the swap was agreed for ${goal.persistentId}.`,
      "Swap again: the question then names what is recorded now.",
    );
  }
  const keeping = sayKeep(world, goal);
  if (keeping) return keeping;
  const stranger = cancelPredecessor(world, goal.cancel);
  if (stranger) return stranger;
  const seat = seatOf(world);
  if (seat.kind === "held" && seat.volumeId === persistentId) {
    return finish(world, instance, persistentId, seat.deleteOnTermination, goal);
  }
  // What cannot be known is waited for before anything is done.
  if (seat.kind === "changing" || seat.kind === "unclear") return waitForSeat(instance, seat);
  const bar = persistentBar(world, instance, persistentId);
  return seat.kind === "empty"
    ? rootless(world, instance, persistentId, bar, goal)
    : takeOff(world, instance, persistentId, seat.volumeId, bar, goal);
}

/** The machine is on some other root: everything up to the moment when the root device is free. */
function takeOff(
  world: World,
  instance: Instance,
  persistentId: string,
  rootId: string,
  bar: Decision | undefined,
  goal: SwapGoal,
): Decision {
  const { name } = world.spec;
  const root = world.roots.find((volume) => volume.id === rootId) as Volume;
  if (world.protectedIds.includes(rootId)) {
    return blocked(
      `${rootId}, the root of ${instance.id} (${name}), is protected: it is the persistent volume of some machine.`,
      "Look at terraform.tfvars and the snowglobe:persistent tags: two volumes are claimed for this machine.",
    );
  }
  const marked = markedFor(root, world, instance, persistentId);
  if (bar) return bar.kind === "wait" || !marked ? bar : (toRunning(world) ?? bar);
  if (rootId !== goal.takeOff) {
    return blocked(
      `${rootId} is the root of ${instance.id} (${name}) by now, and the swap was agreed for ${goal.takeOff ?? "a machine without one"}: it is left on.`,
      "Find out who put it there; then swap again: the question names it.",
    );
  }

  const stuck = stopBar(world);
  if (stuck) {
    return blocked(
      `${name} cannot be swapped: ${stuck}. Going on would end the machine.`,
      "Terminate it and run make apply to have Terraform make a new one, then swap; the persistent volume stays.",
    );
  }
  const wanted: Mark = {
    machine: world.spec.name,
    replacedBy: persistentId,
    instanceId: instance.id,
    afterSwap: goal.deletions.some((one) => mayGo(root, one)) ? "delete" : "keep",
    at: world.at,
  };
  if (!marked) {
    return act(
      "mark",
      { kind: "TagVolume", volumeId: rootId, mark: wanted },
      `${rootId} is the root of ${instance.id}`,
    );
  }
  const stopping = toStopped(world, instance);
  if (stopping) return stopping;
  const meanwhile = "a start is under way, and only a stop by us makes it safe to take the disk off";
  return (
    toFree(world, instance, "release", meanwhile) ??
    act(
      "detach",
      { kind: "DetachVolume", volumeId: rootId, instanceId: instance.id, device: instance.rootDeviceName },
      `${instance.id} is stopped, and nothing holds it`,
    )
  );
}

/** Nothing is at the root device: the persistent volume goes on, and where it cannot, the old root goes back. */
function rootless(
  world: World,
  instance: Instance,
  persistentId: string,
  bar: Decision | undefined,
  goal: SwapGoal,
): Decision {
  const { name } = world.spec;
  if (instance.state !== "stopped") {
    // AWS never runs a machine without a root: this is a machine on its way, or an answer that is late.
    return wait(
      "look",
      `${instance.id} is ${instance.state} and shows no root volume`,
      `${instance.id} shows its root volume`,
      PATIENCE.stop,
    );
  }
  if (!bar) {
    return act(
      "attach",
      { kind: "AttachVolume", volumeId: persistentId, instanceId: instance.id, device: instance.rootDeviceName },
      `${instance.rootDeviceName} of ${instance.id} is free`,
    );
  }
  if (bar.kind === "wait") return bar;
  const old = oldRoots(world, instance, persistentId, goal);
  const ready = old.find((volume) => volume.state === "available" && !volume.attachments.some(holding));
  if (ready) {
    return act(
      "putBack",
      { kind: "AttachVolume", volumeId: ready.id, instanceId: instance.id, device: instance.rootDeviceName },
      `${persistentId} cannot be put on ${instance.id}`,
    );
  }
  const leaving = old.find((volume) => volume.attachments.some((one) => one.state === "detaching"));
  if (leaving) {
    return wait("putBack", `${leaving.id} is still detaching`, `${leaving.id} is available`, PATIENCE.volume);
  }
  return bar.kind === "blocked"
    ? blocked(`${name} (${instance.id}) has no root volume. ${bar.sentence}`, bar.next)
    : bar;
}

/** The machine has its own disk: protected, running, reachable, and only then cleaned up. */
function finish(
  world: World,
  instance: Instance,
  persistentId: string,
  deleteOnTermination: boolean,
  goal: SwapGoal,
): Decision {
  if (deleteOnTermination && (instance.state === "stopped" || instance.state === "running")) {
    return act(
      "protect",
      { kind: "ClearDeleteOnTermination", instanceId: instance.id, device: instance.rootDeviceName },
      `${persistentId} would be deleted with ${instance.id}`,
    );
  }
  if (world.startRefused && instance.state === "stopped")
    return giveBack(world, instance, persistentId, oldRoots(world, instance, persistentId, goal));
  const up = toRunning(world) ?? toAddress(world, instance) ?? toSsh(world, instance);
  // A snapshot takes minutes, and so does the machine: it is begun as soon as that is on its way, and never waited for first.
  if (up) return (up.kind === "wait" && firstSnapshot(world, instance, persistentId, goal)) || up;
  return (
    cleanUp(world, instance, persistentId, goal) ??
    awaitPredecessor(world, goal.cancel) ?? {
      kind: "done",
      sentence: `${world.spec.name} runs on its persistent volume ${persistentId}${leftSentence(world, instance, persistentId, goal)}.`,
    }
  );
}

function cleanUp(world: World, instance: Instance, persistentId: string, goal: SwapGoal): Decision | undefined {
  for (const [volume, deletion] of leaving(world, instance, persistentId, goal)) {
    if (volume.attachments.some(holding) || volume.state !== "available") {
      if (volume.attachments.some((one) => holding(one) && one.instanceId !== instance.id)) continue;
      return wait("cleanUp", `${volume.id} is still ${volume.state}`, `${volume.id} is available`, PATIENCE.volume);
    }
    const first = deletion.snapshot ? snapshotFirst(volume, world, goal) : undefined;
    if (first === "impossible") continue;
    return (
      first ??
      act(
        "cleanUp",
        { kind: "DeleteVolume", volumeId: volume.id },
        `${world.spec.name} is up on ${persistentId} and SSH has answered`,
      )
    );
  }
  return undefined;
}

/** What has to come before a volume is deleted that leaves a snapshot behind; undefined once that is whole. */
function snapshotFirst(volume: Volume, world: World, goal: SwapGoal): Decision | "impossible" | undefined {
  const taken = takenFor(world.snapshots, volume.id, goal.agreement);
  if (taken.some((one) => one.state === "completed")) return undefined;
  const pending = taken.find((one) => one.state === "pending");
  if (pending) {
    return wait(
      "snapshot",
      `${pending.id}, the snapshot of ${volume.id}, is being written`,
      `${pending.id} is completed`,
      PATIENCE.snapshot,
    );
  }
  if (taken.length > 0 || world.snapshotRefused) return "impossible";
  return act(
    "snapshot",
    {
      kind: "SnapshotVolume",
      volumeId: volume.id,
      agreement: goal.agreement,
      name: snapshotName(world.spec.name, volume.id),
    },
    `${volume.id} is deleted only once there is a snapshot of it`,
  );
}

export function snapshotName(machine: string, volumeId: string): string {
  return `${machine}: ${volumeId} before its deletion`;
}

/** The first snapshot that can be begun while the machine comes up on its own disk. */
function firstSnapshot(world: World, instance: Instance, persistentId: string, goal: SwapGoal): Decision | undefined {
  if (instance.state !== "pending" && instance.state !== "running") return undefined;
  for (const [volume, deletion] of leaving(world, instance, persistentId, goal)) {
    if (!deletion.snapshot || volume.state !== "available" || volume.attachments.some(holding)) continue;
    const first = snapshotFirst(volume, world, goal);
    if (first && first !== "impossible" && first.kind === "act") return first;
  }
  return undefined;
}

/** Of the volumes that were agreed to be deleted, those of which that still holds. */
function leaving(
  world: World,
  instance: Instance,
  persistentId: string,
  goal: SwapGoal,
): readonly (readonly [Volume, Deletion])[] {
  return leftovers(world, instance, persistentId).flatMap((volume) => {
    const deletion = goal.deletions.find((one) => mayGo(volume, one));
    return deletion ? [[volume, deletion] as const] : [];
  });
}

/** Whether the agreement is about this volume, and nobody has said since that it is to be kept. */
function mayGo(volume: Volume, deletion: Deletion): boolean {
  return deletion.volumeId === volume.id && !mustKeep(volume, deletion.over);
}

/** Where keeping was agreed, that is written on the volume first of all: another run may be about to delete it. */
function sayKeep(world: World, goal: SwapGoal): Decision | undefined {
  const unsaid = [...world.roots, ...world.marked].find(
    ({ id, tags }) => goal.keep.includes(id) && !world.protectedIds.includes(id) && !(keepTag(goal.agreement) in tags),
  );
  return (
    unsaid &&
    act(
      "mark",
      { kind: "KeepVolume", volumeId: unsaid.id, agreement: goal.agreement },
      `${unsaid.id} is to be kept, whatever another run was told`,
    )
  );
}

/** The one that came off in this swap, else the newest: what was kept of an earlier one is not this machine's any more. */
function oldRoots(world: World, instance: Instance, persistentId: string, goal: SwapGoal): readonly Volume[] {
  return world.marked
    .filter((volume) => markedFor(volume, world, instance, persistentId))
    .sort((one, other) => rank(other, goal) - rank(one, goal));
}

function rank(volume: Volume, goal: SwapGoal): number {
  return volume.id === goal.takeOff ? Number.POSITIVE_INFINITY : (markOf(volume)?.at ?? 0);
}

/** Temporary disks of this machine that this swap replaced and that still exist. */
export function leftovers(world: World, instance: Instance, persistentId: string): readonly Volume[] {
  return world.marked.filter(
    (volume) =>
      markedFor(volume, world, instance, persistentId) &&
      !world.protectedIds.includes(volume.id) &&
      volume.state !== "deleting" &&
      volume.state !== "deleted" &&
      volume.state !== "error",
  );
}

/** What is left behind: volumes that are kept, and snapshots of those that went. */
function leftSentence(world: World, instance: Instance, persistentId: string, goal: SwapGoal): string {
  const kept = leftovers(world, instance, persistentId).map(({ id }) => id);
  const taken = goal.deletions.flatMap(({ volumeId }) => takenFor(world.snapshots, volumeId, goal.agreement));
  const refused = world.snapshotRefused ? `, as no snapshot could be taken of it (${world.snapshotRefused})` : "";
  return [
    ...(kept.length > 0 ? [`; ${kept.join(", ")} ${kept.length > 1 ? "are" : "is"} kept${refused}`] : []),
    ...taken.map((one) => `; ${one.id} is the snapshot of ${one.volumeId}`),
  ].join("");
}

/** The spot request of a machine that is gone would launch a stranger at any moment: it goes first. */
function cancelPredecessor(world: World, agreed: readonly string[]): Decision | undefined {
  const open = world.predecessors.find((one) => isCancellable(one) && agreed.includes(one.request.id))?.request;
  return (
    open &&
    act(
      "predecessor",
      { kind: "CancelSpotRequest", requestId: open.id },
      `${open.id} (${open.state}, ${open.statusCode}) would launch a machine that nobody manages`,
    )
  );
}

/** Whether an earlier request may be cancelled: its machine is gone, and it waits to launch or start another. */
function isCancellable({ request, instance }: Predecessor): boolean {
  return (
    (instance === "gone" || instance === "terminated") && (request.state === "open" || request.state === "disabled")
  );
}

/** A predecessor that is still on its way out will leave its request behind. */
function awaitPredecessor(world: World, agreed: readonly string[]): Decision | undefined {
  const leaving = world.predecessors.find(
    ({ request, instance }) => instance === "shutting-down" && agreed.includes(request.id),
  );
  return (
    leaving &&
    wait(
      "predecessor",
      `${leaving.request.instanceId}, the machine of ${leaving.request.id}, is shutting down`,
      `${leaving.request.instanceId} is gone`,
      PATIENCE.predecessor,
    )
  );
}

/** Why the persistent volume cannot go on this instance now; undefined where it can. */
function persistentBar(world: World, instance: Instance, persistentId: string): Decision | undefined {
  const { persistent: volume, spec } = world;
  const stop = (sentence: string, next: string) => blocked(sentence, next);
  if (world.startRefused) {
    return stop(
      `${spec.name} does not start on its persistent volume ${persistentId}: ${world.startRefused}`,
      "Fix that, then swap again.",
    );
  }
  if (world.persistentRefused) {
    return stop(
      `${persistentId} could not be put on ${instance.id}: ${world.persistentRefused}`,
      "Fix that, then swap again.",
    );
  }
  if (!volume || volume.state === "deleted" || volume.state === "deleting") {
    return stop(
      `The persistent volume ${persistentId} of ${spec.name} is not in the account${volume ? ` any more (${volume.state})` : ""}.`,
      "Restore it from a backup (AWS Backup, vault of this account) and record the new volume in terraform.tfvars.",
    );
  }
  if (volume.availabilityZone !== instance.availabilityZone) {
    return stop(
      `${persistentId} is in ${volume.availabilityZone} and ${instance.id} in ${instance.availabilityZone}: a volume never leaves its zone.`,
      `Have Terraform make ${spec.name} in ${volume.availabilityZone}.`,
    );
  }
  const lineage = lineageBar(world, instance, volume);
  if (lineage) return lineage;
  const tie = volume.attachments.find(holding);
  if (tie) return tieBar(world, instance, volume, tie);
  if (volume.state === "available") return undefined;
  if (volume.state === "error") {
    return stop(
      `${persistentId} is in the state error.`,
      "Ask AWS support about the volume, or restore it from a backup.",
    );
  }
  return wait("attach", `${persistentId} is ${volume.state}`, `${persistentId} is available`, PATIENCE.volume, {
    thenGiveUpPersistent: true,
  });
}

/** The volume is tied to a machine: one that leaves is waited for, one that stays is not robbed. */
function tieBar(world: World, instance: Instance, volume: Volume, tie: Volume["attachments"][number]): Decision {
  const holder = world.instanceStates[tie.instanceId] ?? "terminated";
  if (tie.instanceId === instance.id && tie.state !== "detaching") {
    return blocked(
      `${volume.id} is on ${instance.id} as ${tie.device}, not as its root (${instance.rootDeviceName}): beside another root, the wrong one may boot.`,
      `Unmount it and detach it from ${tie.device}; then swap again.`,
    );
  }
  const leaves = tie.state === "detaching" || (holder !== "running" && holder !== "pending" && holder !== "stopped");
  if (leaves) {
    return wait(
      "attach",
      `${volume.id} is still ${tie.state} at ${tie.instanceId}, which is ${holder}`,
      `${volume.id} is available`,
      PATIENCE.predecessor,
      { thenGiveUpPersistent: true },
    );
  }
  return blocked(
    `${volume.id} is attached to another machine, ${tie.instanceId} (${holder}, ${tie.device}).`,
    `Find out what ${tie.instanceId} is; once it has let go of the volume, swap again.`,
  );
}

/** Whether anything that is known of the volume's past speaks against this machine. */
function lineageBar(world: World, instance: Instance, volume: Volume): Decision | undefined {
  const { spec } = world;
  const next = "Check which volume terraform.tfvars records for this machine.";
  if (instance.architecture !== spec.architecture) {
    return blocked(`${instance.id} is ${instance.architecture}, but ${spec.name} is ${spec.architecture}.`, next);
  }
  const named = [volume.tags["snowglobe:persistent"], volume.tags["snowglobe:machine"]].find(
    (name) => name !== undefined && name !== spec.name,
  );
  if (named !== undefined)
    return blocked(`${volume.id} is tagged as the volume of ${named}, not of ${spec.name}.`, next);
  const before = volume.attachments.map((one) => world.architectures[one.instanceId]);
  const architecture = [...before, volume.tags["snowglobe:architecture"]].find(
    (one) => one !== undefined && one !== spec.architecture,
  );
  return architecture === undefined
    ? undefined
    : blocked(`${volume.id} comes from ${architecture} machines, and ${spec.name} is ${spec.architecture}.`, next);
}

function markedFor(volume: Volume, world: World, instance: Instance, persistentId: string): boolean {
  const mark = markOf(volume);
  return (
    mark !== undefined &&
    mark.machine === world.spec.name &&
    mark.instanceId === instance.id &&
    mark.replacedBy === persistentId &&
    volume.id !== persistentId
  );
}

function holding(attachment: Volume["attachments"][number]): boolean {
  return attachment.state !== "detached";
}
