/** What somebody else may do to the account beside a run of ours: by hand, by Terraform, by a restore; and what AWS does. */

import { KEEP_TAG, MARK_TAGS, PERSISTENT_TAG } from "../../ops/fleet/tags.ts";
import { tagsOf } from "../../ops/machine/mark.ts";
import { type Account, idFrom, type SimInstance, type SimVolume, type Tags } from "../simulator/ec2/account.ts";
import type { Call } from "../simulator/ec2/calls.ts";
import { type Happening, happens } from "../simulator/ec2/happenings.ts";
import { IMAGES } from "../simulator/ec2/images.ts";
import { apply } from "../simulator/ec2/rules.ts";
import { FAILED_STARTS } from "../simulator/ec2/transitions.ts";
import { STORY_IDS } from "../simulator/story.ts";
import { ALLOCATION, MACHINE, OWN_VOLUME } from "./player.ts";

export type Pick = <T>(list: readonly T[]) => T;

/** One thing that another hand does; undefined where AWS refuses it, or where it changes nothing. */
export function meddle(
  account: Account,
  pick: Pick,
  now: number,
): { readonly how: string; readonly after: Account } | undefined {
  const how = pick(Object.keys(WAYS) as (keyof typeof WAYS)[]);
  const done = WAYS[how](account, pick, now);
  const after = done && "name" in done ? called(account, done, now) : done;
  return after && after !== account ? { how, after } : undefined;
}

function called(account: Account, call: Call, now: number): Account {
  const outcome = apply(account, call, now);
  return outcome.error ? account : outcome.account;
}

type Way = (account: Account, pick: Pick, now: number) => Call | Account | undefined;

/** Every disk that may be ours to lose but the jumpbox's own. */
function disks(account: Account): readonly SimVolume[] {
  const others: readonly string[] = [STORY_IDS.jumpboxRoot, STORY_IDS.jumpboxHome];
  return Object.values(account.volumes).filter(({ id, state }) => !others.includes(id) && state !== "deleting");
}

/** The machines that carry the name, the living first. */
function machines(account: Account): readonly SimInstance[] {
  return Object.values(account.instances)
    .filter(({ tags }) => tags.Name === MACHINE)
    .sort((one, other) => Number(isGone(one)) - Number(isGone(other)) || other.launchedAt - one.launchedAt);
}

const isGone = ({ state }: SimInstance) => state === "terminated" || state === "shutting-down";

function onMachine(make: (machine: SimInstance) => Call | undefined): Way {
  return (account) => {
    const [machine] = machines(account);
    return machine && make(machine);
  };
}

function onDisk(make: (disk: SimVolume, account: Account, pick: Pick, now: number) => Call | Account | undefined): Way {
  return (account, pick, now) => {
    const all = disks(account);
    return all.length > 0 ? make(pick(all), account, pick, now) : undefined;
  };
}

const happening =
  (make: (machine: SimInstance) => Happening): Way =>
  (account, _pick, now) => {
    const [machine] = machines(account);
    return machine && happens(account, make(machine), now);
  };

const retag = (id: string, tags: Tags): Call => ({ name: "CreateTags", resources: [id], tags });

const WAYS = {
  start: onMachine(({ id }) => ({ name: "StartInstances", instanceIds: [id] })),
  stop: onMachine(({ id }) => ({ name: "StopInstances", instanceIds: [id] })),
  reboot: onMachine(({ id }) => ({ name: "RebootInstances", instanceIds: [id] })),
  terminate: onMachine(({ id }) => ({ name: "TerminateInstances", instanceIds: [id] })),
  "cancel the spot request": onMachine(({ spotRequestId }) =>
    spotRequestId ? { name: "CancelSpotInstanceRequests", requestIds: [spotRequestId] } : undefined,
  ),
  // Terraform where the machine is gone; somebody's experiment where it is not.
  "launch another": (account, pick, now) => {
    const [last] = machines(account);
    if (last && !isGone(last) && pick([true, true, true, false])) return undefined;
    const call: Call = {
      name: "RunInstances",
      imageId: IMAGES.arm64.id,
      type: "c7gd.metal",
      zone: "us-west-1a",
      count: 1,
      devices: [{ device: "/dev/sda1", sizeGiB: 300, type: "gp3", deleteOnTermination: false, encrypted: true }],
      spot: { type: "persistent", interruptionBehavior: "stop" },
      tags: { instance: { Name: MACHINE } },
    };
    return called(account, call, now);
  },
  detach: onDisk(({ id, attachment }) => (attachment ? { name: "DetachVolume", volumeId: id } : undefined)),
  "attach as root": onDisk(({ id }, account) => {
    const [machine] = machines(account);
    return machine && { name: "AttachVolume", volumeId: id, instanceId: machine.id, device: machine.rootDeviceName };
  }),
  "attach to the jumpbox": onDisk(({ id }) => ({
    name: "AttachVolume",
    volumeId: id,
    instanceId: STORY_IDS.jumpbox,
    device: "/dev/sdg",
  })),
  restore: (account, pick, now) => {
    const id = idFrom("vol", `restore at ${now}`);
    const [model] = disks(account);
    if (!model) return undefined;
    const tags = pick<Tags>([{}, {}, { Name: "restored" }, marked(account, now - 3_600_000)]);
    const from = pick([idFrom("snap", "backup"), IMAGES.arm64.snapshotId]);
    const disk: SimVolume = {
      ...model,
      id,
      state: "available",
      createdAt: now,
      snapshotId: from,
      attachment: undefined,
      tags,
    };
    return { ...account, volumes: { ...account.volumes, [id]: disk } };
  },
  "say to keep": onDisk(({ id }) => retag(id, { [KEEP_TAG]: "by hand" })),
  "say to keep, as an older cockpit": onDisk(({ id }) => retag(id, { [MARK_TAGS.afterSwap]: "keep" })),
  "say to delete, as an older cockpit": onDisk(({ id }) => retag(id, { [MARK_TAGS.afterSwap]: "delete" })),
  "mark as replaced": onDisk(({ id }, account, _pick, now) => retag(id, marked(account, now))),
  "mark as persistent": onDisk(({ id }) => retag(id, { [PERSISTENT_TAG]: MACHINE })),
  "take every tag off": onDisk(({ id, tags }) =>
    Object.keys(tags).length > 0 ? { name: "DeleteTags", resources: [id], tags: {} } : undefined,
  ),
  "take the address": () => ({
    name: "AssociateAddress",
    allocationId: ALLOCATION,
    instanceId: STORY_IDS.jumpbox,
    allowReassociation: true,
  }),
  "AWS stops it": happening(({ id }) => ({ name: "stop-by-ec2", instanceId: id })),
  "AWS takes it in two minutes": happening(({ id }) => ({ name: "notice-interruption", instanceId: id })),
  "an experiment stops it": happening(({ id }) => ({ name: "stop-by-experiment", instanceId: id })),
  "AWS has no room": happening(({ type }) => ({ name: "lose-spot-capacity", type })),
  "AWS has room": happening(({ type }) => ({ name: "regain-spot-capacity", type })),
  "AWS does not start it": happening(({ id }) => ({ name: "doom", id, reason: FAILED_STARTS.client })),
  "AWS takes something back": (account, pick, now) => {
    const due = Object.keys(account.pending);
    return due.length > 0 ? happens(account, { name: "take-back", pendingId: pick(due) }, now) : undefined;
  },
} satisfies Record<string, Way>;

/** The mark as a run of somebody else's may have left it. */
function marked(account: Account, at: number): Tags {
  const instanceId = machines(account)[0]?.id ?? STORY_IDS.arm;
  return tagsOf({ machine: MACHINE, replacedBy: OWN_VOLUME, instanceId, afterSwap: "delete", at });
}
