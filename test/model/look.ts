/** What an observation of a simulated account shows, without the wire: for checks that look millions of times. */

import type { Attachment, Instance, Observation, OwnerValues, Snapshot, Volume } from "../../ops/fleet/model.ts";
import { type Account, associationIdOf, publicIpOf, type SimVolume, volumesOf } from "../simulator/ec2/account.ts";
import { PERSISTENT } from "../simulator/story.ts";
import { tableNumber } from "./tables.ts";

/** The present of every account here: nothing in a model check takes time. */
export const NOW = Date.UTC(2026, 0, 15, 12);

export const OWNER: OwnerValues = PERSISTENT;

/** The answers of one look, each perhaps from another moment: EC2's reads are eventually consistent. */
export interface Moments {
  readonly instances: Account;
  readonly spotRequests: Account;
  readonly volumes: Account;
  readonly addresses: Account;
  readonly snapshots: Account;
}

export function look(account: Account): Observation {
  return lookAt(allAt(account));
}

/** Every answer from one and the same moment. */
export function allAt(account: Account): Moments {
  return { instances: account, spotRequests: account, volumes: account, addresses: account, snapshots: account };
}

const looks = new Map<string, Observation>();

/** The same look gives the same object; the accounts come from `same`. */
export function lookAt({ instances, spotRequests, volumes, addresses, snapshots }: Moments): Observation {
  const key = [
    instances.instances,
    instances.volumes,
    instances.addresses,
    spotRequests.spotRequests,
    volumes.volumes,
    addresses.addresses,
    snapshots.snapshots,
  ]
    .map(tableNumber)
    .join();
  const known = looks.get(key);
  if (known) return known;
  const made = viewOf({ instances, spotRequests, volumes, addresses, snapshots }, NOW);
  looks.set(key, made);
  return made;
}

/** The look itself, at AWS's time `at`. */
export function viewOf(moments: Moments, at: number): Observation {
  return {
    at,
    instances: instancesOf(moments.instances),
    spotRequests: spotRequestsOf(moments.spotRequests),
    volumes: volumesSeen(moments.volumes),
    addresses: addressesOf(moments.addresses),
    snapshots: snapshotsOf(moments.snapshots),
  };
}

function instancesOf(account: Account): Observation["instances"] {
  return Object.values(account.instances).map(
    (one): Instance => ({
      id: one.id,
      name: one.tags.Name,
      state: one.state,
      stateReason: one.stateReason?.code,
      ...(one.stateReason ? { stateReasonText: one.stateReason.message } : {}),
      type: one.type,
      architecture: one.architecture,
      imageId: one.imageId,
      availabilityZone: one.zone,
      launchedAt: one.launchedAt,
      publicIp: publicIpOf(account, one),
      privateIp: one.privateIp,
      rootDeviceName: one.rootDeviceName,
      blockDevices: one.state === "terminated" || one.unmapped ? [] : volumesOf(account, one.id).flatMap(attachmentsOf),
      market: one.spotRequestId ? "spot" : "on-demand",
      spotRequestId: one.spotRequestId,
      tags: one.tags,
    }),
  );
}

function spotRequestsOf(account: Account): Observation["spotRequests"] {
  return Object.values(account.spotRequests).map((one) => ({
    id: one.id,
    state: one.state,
    statusCode: one.statusCode,
    statusAt: one.statusAt,
    instanceId: one.instanceId,
    type: one.type,
    interruptionBehavior: one.interruptionBehavior,
    createdAt: one.createdAt,
    instanceType: one.launch.type,
    tags: one.tags,
  }));
}

function volumesSeen(account: Account): Observation["volumes"] {
  return Object.values(account.volumes).map(
    (one): Volume => ({
      id: one.id,
      name: one.tags.Name,
      state: one.state,
      sizeGiB: one.sizeGiB,
      type: one.type,
      iops: 3000,
      throughput: 125,
      availabilityZone: one.zone,
      createdAt: one.createdAt,
      snapshotId: one.snapshotId,
      encrypted: one.encrypted,
      attachments: attachmentsOf(one),
      tags: one.tags,
    }),
  );
}

function addressesOf(account: Account): Observation["addresses"] {
  return Object.values(account.addresses).map((one) => ({
    allocationId: one.allocationId,
    associationId: associationIdOf(one),
    publicIp: one.publicIp,
    instanceId: one.instanceId,
    tags: one.tags,
  }));
}

function snapshotsOf(account: Account): readonly Snapshot[] {
  return Object.values(account.snapshots).map(({ id, state, volumeId, startedAt, sizeGiB, description, tags }) => ({
    id,
    state,
    volumeId,
    startedAt,
    sizeGiB,
    description,
    tags,
  }));
}

function attachmentsOf({ id, attachment }: SimVolume): readonly Attachment[] {
  if (!attachment) return [];
  const { instanceId, device, state, attachedAt, deleteOnTermination } = attachment;
  return [{ volumeId: id, instanceId, device, state, attachedAt, deleteOnTermination }];
}
