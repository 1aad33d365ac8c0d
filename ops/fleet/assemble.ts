/** From what EC2 says and the owner's values to the Fleet. Pure. */

import { MACHINE_NAMES, MACHINES, type MachineName } from "./machines.ts";
import type {
  Address,
  Attachment,
  Fleet,
  Instance,
  Machine,
  Observation,
  OwnerValues,
  SpotRequest,
  Volume,
} from "./model.ts";
import { claimOf, PERSISTENT_TAG } from "./tags.ts";

/** What one look at the account means for the three machines. Never throws: whatever is odd is told, not hidden. */
export function assemble(observation: Observation, owner: OwnerValues): Fleet {
  const machines = Object.fromEntries(
    MACHINE_NAMES.map((name) => [name, assembleMachine(name, observation, owner)]),
  ) as Record<MachineName, Machine>;
  const all = Object.values(machines);
  const protectedVolumeIds = new Set<string>([
    ...Object.values(owner).map((root) => root.volumeId),
    ...observation.volumes.filter((volume) => PERSISTENT_TAG in volume.tags).map((volume) => volume.id),
  ]);
  const ours = new Set(all.filter((machine) => isLive(machine.instance)).map((machine) => machine.instance?.id));
  return {
    observation,
    machines,
    // Where nothing is known to be protected, everything may be what should have been.
    orphans: observation.volumes.filter(
      (volume) =>
        protectedVolumeIds.size > 0 &&
        (volume.state === "available" || volume.state === "error") &&
        !volume.attachments.some(holds) &&
        !protectedVolumeIds.has(volume.id) &&
        claimOf(volume) === undefined,
    ),
    straySpotRequests: observation.spotRequests.filter(
      (request) =>
        isLiveRequest(request) &&
        !ours.has(request.instanceId) &&
        // A request without an instance may be the one that is about to restart a machine of ours.
        !all.some((machine) => isLive(machine.instance) && machine.instance?.spotRequestId === request.id),
    ),
    strayInstances: all.flatMap((machine) => machine.others.filter(isLive)),
    protectedVolumeIds,
  };
}

/** Whether the instance exists and is not on its way to the grave. */
export function isLive(instance: Instance | undefined): boolean {
  return instance !== undefined && instance.state !== "terminated" && instance.state !== "shutting-down";
}

/** Whether the request holds an instance or may still launch or start one. */
export function isLiveRequest(request: SpotRequest): boolean {
  return request.state === "open" || request.state === "active" || request.state === "disabled";
}

/** Whether the attachment ties the volume to its instance in any way. */
function holds(attachment: Attachment): boolean {
  return attachment.state !== "detached";
}

function assembleMachine(name: MachineName, observation: Observation, owner: OwnerValues): Machine {
  const persistent = findPersistent(name, observation.volumes, owner);
  const [instance, ...others] = observation.instances
    .filter((one) => one.name === name)
    .sort(mostItselfFirst(name, observation, owner, persistent?.volumeId));
  const rootId = findRootId(instance, observation.volumes);
  const address = findAddress(name, instance, observation.addresses, owner);
  return {
    spec: MACHINES[name],
    instance,
    others,
    spotRequest: findSpotRequest(instance, observation.spotRequests),
    root: observation.volumes.find((volume) => volume.id === rootId),
    persistent,
    rootKind: !rootId
      ? "none"
      : !persistent
        ? "unrecorded"
        : rootId === persistent.volumeId
          ? "persistent"
          : "temporary",
    address,
    addressPlace: addressPlaceOf(address, instance, owner[name]?.allocationId),
    dataVolumes: observation.volumes.filter(
      (volume) =>
        volume.id !== rootId &&
        instance !== undefined &&
        volume.attachments.some((attachment) => attachment.instanceId === instance.id && holds(attachment)),
    ),
  };
}

/** Of several that carry the name, the machine is the one that lives, with its own volume, its own address; then the newest. */
function mostItselfFirst(
  name: MachineName,
  { volumes, addresses }: Observation,
  owner: OwnerValues,
  persistentId: string | undefined,
): (a: Instance, b: Instance) => number {
  const rank = (one: Instance) => {
    if (!isLive(one)) return one.state === "shutting-down" ? 3 : 4;
    if (persistentId !== undefined && findRootId(one, volumes) === persistentId) return 0;
    return findAddress(name, undefined, addresses, owner)?.instanceId === one.id ? 1 : 2;
  };
  return (a, b) => rank(a) - rank(b) || b.launchedAt - a.launchedAt || (a.id < b.id ? -1 : 1);
}

/** The owner's file says which; without it the tag does, and of several tagged ones the oldest has most to lose. */
function findPersistent(name: MachineName, volumes: readonly Volume[], owner: OwnerValues): Machine["persistent"] {
  const recorded = owner[name]?.volumeId;
  if (recorded) return { volumeId: recorded, volume: volumes.find((volume) => volume.id === recorded) };
  const [volume] = volumes
    .filter((one) => one.tags[PERSISTENT_TAG] === name)
    .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  return volume && { volumeId: volume.id, volume };
}

/** The volumes' own attachments know first what is attached; the instance's mapping fills in where they are silent. */
function findRootId(instance: Instance | undefined, volumes: readonly Volume[]): string | undefined {
  if (!instance || instance.state === "terminated") return undefined;
  const atRoot = (attachment: Attachment) =>
    attachment.instanceId === instance.id && attachment.device === instance.rootDeviceName && holds(attachment);
  return volumes.find((volume) => volume.attachments.some(atRoot))?.id ?? instance.blockDevices.find(atRoot)?.volumeId;
}

function findSpotRequest(instance: Instance | undefined, requests: readonly SpotRequest[]): SpotRequest | undefined {
  if (!instance) return undefined;
  return (
    requests.find((request) => request.id === instance.spotRequestId) ??
    requests
      .filter((request) => request.instanceId === instance.id)
      .sort((a, b) => Number(isLiveRequest(b)) - Number(isLiveRequest(a)))[0]
  );
}

/** Recorded by the owner, else named like the machine, else whatever is on it. */
function findAddress(
  name: MachineName,
  instance: Instance | undefined,
  addresses: readonly Address[],
  owner: OwnerValues,
): Address | undefined {
  const recorded = owner[name]?.allocationId;
  if (recorded) return addresses.find((address) => address.allocationId === recorded);
  const onIt = addresses.find((address) => instance !== undefined && address.instanceId === instance.id);
  return addresses.find((address) => address.tags.Name === name) ?? onIt;
}

function addressPlaceOf(
  address: Address | undefined,
  instance: Instance | undefined,
  recorded: string | undefined,
): Machine["addressPlace"] {
  if (!address) return recorded ? "nowhere" : "unrecorded";
  if (address.instanceId !== undefined && address.instanceId === instance?.id) return "here";
  return address.instanceId !== undefined || address.associationId !== undefined ? "elsewhere" : "nowhere";
}
