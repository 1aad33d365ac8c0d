/** What there is to know about one machine, from one fresh look: plain values, and all that `decide` ever sees. */

import { isLive, isLiveRequest } from "../fleet/assemble.ts";
import type { MachineName, MachineSpec } from "../fleet/machines.ts";
import type {
  Address,
  Attachment,
  Fleet,
  Instance,
  InstanceState,
  Snapshot,
  SpotRequest,
  Volume,
} from "../fleet/model.ts";
import { markOf } from "./mark.ts";

/** What SSH said on this boot of this instance. */
export type SshFact =
  | { readonly status: "unknown" }
  | {
      readonly status: "answered";
      readonly hostname: string;
      readonly lines: readonly string[];
      /** Where its host key was met for the first time: whose word it was taken on. */
      readonly hostKey?: { readonly sentence: string; readonly verified: boolean };
    }
  /** `final`: waiting will not mend it, such as a refused key. */
  | {
      readonly status: "silent";
      readonly sentence: string;
      readonly final: boolean;
      readonly action?: string | undefined;
    };

/** A spot request of an earlier machine of this name that could still launch a stranger. */
export interface Predecessor {
  readonly request: SpotRequest;
  /** The state of the instance that it stands for; `gone` where EC2 knows none. */
  readonly instance: InstanceState | "gone";
}

export interface World {
  /** AWS's time of the look, milliseconds since the epoch. */
  readonly at: number;
  readonly spec: MachineSpec;
  readonly instance: Instance | undefined;
  readonly spotRequest: SpotRequest | undefined;
  readonly persistentId: string | undefined;
  readonly persistent: Volume | undefined;
  /** Volumes that say of themselves that they hold the root device of this instance; more than one is a contradiction. */
  readonly roots: readonly Volume[];
  /** Volumes with the mark of a swap of this machine. */
  readonly marked: readonly Volume[];
  /** Of the volumes that this run may delete, as far as it asked for them. */
  readonly snapshots: readonly Snapshot[];
  readonly address: Address | undefined;
  readonly predecessors: readonly Predecessor[];
  readonly protectedIds: readonly string[];
  /** All instances that EC2 shows, by ID: whom a volume is still tied to. */
  readonly instanceStates: Readonly<Record<string, InstanceState>>;
  readonly architectures: Readonly<Record<string, string>>;
  readonly ssh: SshFact;
  /** Why AWS would not have the persistent volume on this instance: known only from a refused call. */
  readonly persistentRefused: string | undefined;
  /** Why AWS would not take a snapshot of the temporary disk: known only from a refused call. */
  readonly snapshotRefused: string | undefined;
  /** Why EC2 takes every start on the persistent volume back: known only from starts that failed. */
  readonly startRefused: string | undefined;
}

/** What no look at EC2 can tell. */
export interface Heard {
  readonly ssh: SshFact;
  readonly persistentRefused: string | undefined;
  readonly snapshotRefused: string | undefined;
  readonly startRefused: string | undefined;
}

export const NOTHING_HEARD: Heard = {
  ssh: { status: "unknown" },
  persistentRefused: undefined,
  snapshotRefused: undefined,
  startRefused: undefined,
};

/** The world of one machine, from a fresh fleet and what was heard besides. Pure. */
export function worldOf(fleet: Fleet, name: MachineName, heard: Heard = NOTHING_HEARD): World {
  const machine = fleet.machines[name];
  const { observation } = fleet;
  const { instance } = machine;
  const persistentId = machine.persistent?.volumeId;
  return {
    at: observation.at,
    spec: machine.spec,
    instance,
    spotRequest: machine.spotRequest,
    persistentId,
    persistent: observation.volumes.find((volume) => volume.id === persistentId),
    roots: instance ? observation.volumes.filter((volume) => volume.attachments.some(atRootOf(instance))) : [],
    marked: observation.volumes.filter((volume) => markOf(volume)?.machine === name),
    snapshots: observation.snapshots ?? [],
    address: machine.address,
    predecessors: predecessorsOf(fleet, name),
    protectedIds: [...fleet.protectedVolumeIds],
    instanceStates: Object.fromEntries(observation.instances.map((one) => [one.id, one.state])),
    architectures: Object.fromEntries(observation.instances.map((one) => [one.id, one.architecture])),
    ssh: heard.ssh,
    persistentRefused: heard.persistentRefused,
    snapshotRefused: heard.snapshotRefused,
    startRefused: heard.startRefused,
  };
}

/** The address to reach the machine at: its own, or what it has for now. */
export function addressOf({ address, instance }: Pick<World, "address" | "instance">): string | undefined {
  return address && address.instanceId === instance?.id ? address.publicIp : instance?.publicIp;
}

/** Whether an attachment is one at this instance's root device, in whatever state but over. */
function atRootOf(instance: Instance): (attachment: Attachment) => boolean {
  return (one) => one.instanceId === instance.id && one.device === instance.rootDeviceName && one.state !== "detached";
}

/** What is at the root device, by both of EC2's answers on it. */
type Seat =
  | { readonly kind: "empty" }
  | { readonly kind: "held"; readonly volumeId: string; readonly deleteOnTermination: boolean }
  | { readonly kind: "changing"; readonly volumeId: string; readonly state: Attachment["state"] }
  /** The volumes say one thing and the instance another: one of the two answers is older. */
  | { readonly kind: "unclear" };

export function seatOf(world: World): Seat {
  const { instance, roots } = world;
  if (!instance) return { kind: "empty" };
  const byInstance = instance.blockDevices.filter(atRootOf(instance));
  const byVolume = roots.flatMap((volume) =>
    volume.attachments.filter(atRootOf(instance)).map((one) => ({ ...one, volumeId: volume.id })),
  );
  const all = [...byVolume, ...byInstance];
  const [first] = all;
  if (!first) return { kind: "empty" };
  const { volumeId } = first;
  const changing = all.find((one) => one.state !== "attached");
  if (all.some((one) => one.volumeId !== volumeId)) return { kind: "unclear" };
  if (changing) return { kind: "changing", volumeId, state: changing.state };
  if (byVolume.length !== 1 || byInstance.length !== 1) return { kind: "unclear" };
  return { kind: "held", volumeId, deleteOnTermination: all.some((one) => one.deleteOnTermination) };
}

/**
 * Earlier requests of this machine that are still live: they carry its name, stood for an instance that does, or wait
 * without any instance to launch one of its type, which no other machine has. Only those older than the machine's own
 * request count, so that one that was just made is never taken for a leftover.
 */
function predecessorsOf(fleet: Fleet, name: MachineName): readonly Predecessor[] {
  const { instance, others, spotRequest, spec } = fleet.machines[name];
  const { observation } = fleet;
  const bornBefore = spotRequest?.createdAt;
  if (!instance || !isLive(instance) || !spotRequest || bornBefore === undefined) return [];
  const isFormer = (request: SpotRequest) =>
    request.tags.Name === name ||
    others.some((one) => one.id === request.instanceId || one.spotRequestId === request.id) ||
    (request.instanceId === undefined && request.instanceType === spec.instanceType);
  return observation.spotRequests
    .filter(
      (request) =>
        isLiveRequest(request) &&
        request.id !== instance.spotRequestId &&
        request.id !== spotRequest.id &&
        request.instanceId !== instance.id &&
        (request.createdAt ?? Number.POSITIVE_INFINITY) < bornBefore &&
        isFormer(request),
    )
    .map((request) => ({
      request,
      instance: stateOf(request, observation.instances),
    }));
}

function stateOf(request: SpotRequest, instances: readonly Instance[]): InstanceState | "gone" {
  const live = instances.find((one) => one.spotRequestId === request.id && one.state !== "terminated");
  return live?.state ?? instances.find((one) => one.id === request.instanceId)?.state ?? "gone";
}
