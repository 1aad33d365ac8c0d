/** Where the model check begins, who else has a hand in the account, and when two accounts are the same. */

import { tagsOf } from "../../ops/machine/mark.ts";
import { type Account, idFrom, type SimInstance, type SimVolume } from "../simulator/ec2/account.ts";
import type { Call } from "../simulator/ec2/calls.ts";
import { type Happening, happens } from "../simulator/ec2/happenings.ts";
import { apply } from "../simulator/ec2/rules.ts";
import { BY_EXPERIMENT, BY_USER, FAILED_STARTS } from "../simulator/ec2/transitions.ts";
import { healthyAccount, interruptedByAws, recreatedAccount, STORY_IDS } from "../simulator/story.ts";
import { NOW } from "./look.ts";
import { ALLOCATION, INSTANCE, MACHINE, OWN_VOLUME } from "./player.ts";

export interface Start {
  readonly name: string;
  readonly account: Account;
  /** Whether somebody else may do here what ends the machine. */
  readonly mortal: boolean;
  /** Whether there is more to lose than the persistent volume: other disks of the machine, words to keep one, snapshots. */
  readonly data?: boolean;
}

type Table = "instances" | "volumes" | "spotRequests";

function changed<T extends Table>(
  account: Account,
  table: T,
  id: string,
  change: Partial<Account[T][string]>,
): Account {
  const row = account[table][id];
  if (!row) throw new Error(`there is no ${id}`);
  return { ...account, [table]: { ...account[table], [id]: { ...row, ...change } } };
}

function attachment(instanceId: string, device: string) {
  return {
    instanceId,
    device,
    state: "attached",
    attachedAt: NOW,
    deleteOnTermination: false,
    mounted: true,
  } as const;
}

/** A disk with somebody's data: taken off this very machine by an earlier swap, kept, and put on again by hand at will. */
export const EARLIER = idFrom("vol", "earlier");

function withEarlier(account: Account): Account {
  const [model] = Object.values(account.volumes).filter(({ id }) => id === STORY_IDS.orphan);
  if (!model) throw new Error("there is no orphan");
  const volume: SimVolume = {
    ...model,
    id: EARLIER,
    snapshotId: idFrom("snap", "backup"),
    tags: tagsOf({
      machine: MACHINE,
      replacedBy: OWN_VOLUME,
      instanceId: INSTANCE,
      // As a run of somebody else's may have left it: nothing on it tells that it is not this run's to delete.
      afterSwap: "delete",
      at: NOW - 3_600_000,
    }),
  };
  return { ...account, volumes: { ...account.volumes, [EARLIER]: volume } };
}

export function starts(): readonly Start[] {
  const story = recreatedAccount(NOW);
  const healthy = healthyAccount(NOW);
  const own = healthy.volumes[OWN_VOLUME];
  if (!own?.attachment) throw new Error("the healthy account has no root volume");
  const stoppedByUser = changed(
    changed(story, "instances", INSTANCE, { state: "stopped", stateReason: BY_USER, endedAt: NOW }),
    "spotRequests",
    STORY_IDS.armRequest,
    { state: "disabled", statusCode: "instance-stopped-by-user", statusAt: NOW },
  );
  const byExperiment = changed(
    changed(story, "instances", INSTANCE, { state: "stopped", stateReason: BY_EXPERIMENT, endedAt: NOW }),
    "spotRequests",
    STORY_IDS.armRequest,
    { state: "disabled", statusCode: "instance-stopped-by-experiment", statusAt: NOW },
  );
  const cancelled = changed(story, "spotRequests", STORY_IDS.armRequest, {
    state: "cancelled",
    statusCode: "request-canceled-and-instance-running",
  });
  const onDemand = changed(story, "instances", INSTANCE, { spotRequestId: undefined });
  const elsewhere = changed(story, "volumes", OWN_VOLUME, {
    state: "in-use",
    attachment: attachment(STORY_IDS.jumpbox, "/dev/sdg"),
  });
  // The predecessor is still on its way out: it holds the disk, and its request will be open again.
  const leaving = changed(
    changed(
      changed(story, "volumes", OWN_VOLUME, {
        state: "in-use",
        attachment: attachment(STORY_IDS.armPredecessor, "/dev/sda1"),
      }),
      "instances",
      STORY_IDS.armPredecessor,
      { state: "shutting-down", endedAt: undefined },
    ),
    "spotRequests",
    STORY_IDS.armPredecessorRequest,
    { state: "active", statusCode: "fulfilled" },
  );
  const terminate = `terminate:${STORY_IDS.armPredecessor}`;
  const predecessorLeaving: Account = {
    ...leaving,
    pending: { [terminate]: { id: terminate, kind: "terminate", subject: STORY_IDS.armPredecessor, since: NOW } },
  };
  return [
    { name: "recreated", account: story, mortal: true },
    { name: "recreated and stopped", account: stoppedByUser, mortal: true },
    { name: "recreated, with data to lose", account: withEarlier(stoppedByUser), mortal: true, data: true },
    // What is not publicly known of AWS is played both ways.
    { name: "recreated, starts retried", account: { ...story, habits: { retriesStarts: true } }, mortal: false },
    { name: "recreated, relaunches tagged", account: relaunchingTagged(story), mortal: true },
    { name: "stopped by an experiment", account: byExperiment, mortal: false },
    { name: "healthy", account: healthy, mortal: true },
    {
      name: "root would be deleted",
      account: changed(healthy, "volumes", OWN_VOLUME, {
        attachment: { ...own.attachment, deleteOnTermination: true },
      }),
      mortal: false,
    },
    { name: "stopped by AWS", account: interruptedByAws(NOW), mortal: true },
    {
      name: "temporary disk, stopped by AWS",
      account: { ...story, ...pickStopped(interruptedByAws(NOW), story) },
      mortal: true,
    },
    { name: "cancelled request", account: cancelled, mortal: true },
    { name: "on demand", account: onDemand, mortal: true },
    { name: "volume on another machine", account: elsewhere, mortal: true },
    {
      name: "volume in another zone",
      account: changed(story, "volumes", OWN_VOLUME, { zone: "us-west-1b" }),
      mortal: true,
    },
    { name: "predecessor leaving", account: predecessorLeaving, mortal: true },
    { name: "predecessor leaving, relaunches tagged", account: relaunchingTagged(predecessorLeaving), mortal: true },
  ];
}

/** What a request of this account launches again carries the machine's name, which is not publicly known to be so or not. */
export function relaunchingTagged(account: Account): Account {
  const spotRequests = Object.fromEntries(
    Object.entries(account.spotRequests).map(([id, request]) => [
      id,
      request.launch.type === "c7gd.metal"
        ? { ...request, launch: { ...request.launch, tags: { Name: MACHINE } } }
        : request,
    ]),
  );
  return { ...account, spotRequests, habits: { ...account.habits, tagsRelaunched: true } };
}

function pickStopped(interrupted: Account, story: Account): Partial<Account> {
  const request = interrupted.spotRequests[STORY_IDS.armRequest];
  const instance = interrupted.instances[INSTANCE];
  if (!request || !instance) throw new Error("the story has no such machine");
  return {
    noSpotCapacity: interrupted.noSpotCapacity,
    pending: interrupted.pending,
    instances: { ...story.instances, [INSTANCE]: instance },
    spotRequests: { ...story.spotRequests, [request.id]: request },
  };
}

/** What is under way with this machine and its disks, and may be taken back. */
function undoable(account: Account): readonly Happening[] {
  const ours = new Set([INSTANCE, OWN_VOLUME, STORY_IDS.armTemporaryDisk, STORY_IDS.armRequest]);
  return Object.values(account.pending)
    .filter(({ kind, subject }) => TAKEN_BACK.has(kind) && ours.has(subject))
    .map(({ id }) => ({ name: "take-back", pendingId: id, reason: FAILED_STARTS.client }));
}

const TAKEN_BACK: ReadonlySet<string> = new Set(["run", "fulfil", "stop", "attach", "detach"]);

/** Every call that somebody else could make: by hand, with Terraform, or with another copy of this program. */
export function interference(
  account: Account,
  { mortal, data }: Pick<Start, "mortal" | "data">,
  now = NOW,
): readonly (readonly [string, Account])[] {
  const instance = account.instances[INSTANCE];
  if (!instance) return [];
  if (instance.state === "terminated") return successor(account, instance, now);
  const root = Object.values(account.volumes).find((one) => one.attachment?.instanceId === INSTANCE);
  const type = instance.type;
  const calls: readonly (Call | undefined)[] = [
    { name: "StartInstances", instanceIds: [INSTANCE] },
    { name: "StopInstances", instanceIds: [INSTANCE] },
    mortal ? { name: "TerminateInstances", instanceIds: [INSTANCE] } : undefined,
    mortal && instance.spotRequestId
      ? { name: "CancelSpotInstanceRequests", requestIds: [instance.spotRequestId] }
      : undefined,
    mortal && root ? { name: "DetachVolume", volumeId: root.id } : undefined,
    { name: "AttachVolume", volumeId: OWN_VOLUME, instanceId: INSTANCE, device: instance.rootDeviceName },
    { name: "AttachVolume", volumeId: OWN_VOLUME, instanceId: STORY_IDS.jumpbox, device: "/dev/sdg" },
    { name: "DetachVolume", volumeId: OWN_VOLUME, instanceId: STORY_IDS.jumpbox },
    {
      name: "AttachVolume",
      volumeId: STORY_IDS.armTemporaryDisk,
      instanceId: INSTANCE,
      device: instance.rootDeviceName,
    },
    { name: "AttachVolume", volumeId: EARLIER, instanceId: INSTANCE, device: instance.rootDeviceName },
    data
      ? { name: "CreateTags", resources: [STORY_IDS.armTemporaryDisk], tags: { "snowglobe:keep": "by hand" } }
      : undefined,
    { name: "AssociateAddress", allocationId: ALLOCATION, instanceId: STORY_IDS.jumpbox },
    { name: "DeleteVolume", volumeId: STORY_IDS.armTemporaryDisk },
    { name: "DeleteTags", resources: [STORY_IDS.armTemporaryDisk], tags: {} },
  ];
  const happenings: readonly Happening[] = [
    { name: "stop-by-ec2", instanceId: INSTANCE },
    { name: "notice-interruption", instanceId: INSTANCE },
    { name: "stop-by-experiment", instanceId: INSTANCE },
    ...undoable(account),
    { name: "lose-spot-capacity", type },
    { name: "regain-spot-capacity", type },
  ];
  const after = instance.state === "shutting-down" ? [...successor(account, instance, now)] : [];
  for (const call of calls) {
    const outcome = call && apply(account, call, now);
    if (call && outcome && !outcome.error) after.push([`somebody: ${call.name}`, outcome.account]);
  }
  for (const happening of happenings) after.push([`AWS: ${happening.name}`, happens(account, happening, now)]);
  return after;
}

/** Terraform has noticed that the machine is gone, and makes another of the same name. */
function successor(
  account: Account,
  { imageId, type, zone }: SimInstance,
  now: number,
): readonly (readonly [string, Account])[] {
  const known: readonly string[] = [INSTANCE, STORY_IDS.armPredecessor];
  if (Object.values(account.instances).some(({ id, tags }) => tags.Name === MACHINE && !known.includes(id))) return [];
  const outcome = apply(
    account,
    {
      name: "RunInstances",
      imageId,
      type,
      zone,
      count: 1,
      spot: { type: "persistent", interruptionBehavior: "stop" },
      tags: { instance: { Name: MACHINE } },
    },
    now,
  );
  return outcome.error ? [] : [["Terraform: RunInstances", outcome.account]];
}
