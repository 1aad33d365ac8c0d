/** What an observation of a simulated account shows, without the wire: for checks that look millions of times. */

import type { Attachment, Instance, Observation, OwnerValues, Volume } from "../../ops/fleet/model.ts";
import { type Account, associationIdOf, publicIpOf, type SimVolume, volumesOf } from "../simulator/ec2/account.ts";
import { PERSISTENT } from "../simulator/story.ts";

/** The present of every account here: nothing in a model check takes time. */
export const NOW = Date.UTC(2026, 0, 15, 12);

export const OWNER: OwnerValues = PERSISTENT;

/** The four answers of one look, each perhaps from another moment: EC2's reads are eventually consistent. */
export interface Moments {
  readonly instances: Account;
  readonly spotRequests: Account;
  readonly volumes: Account;
  readonly addresses: Account;
}

export function look(account: Account): Observation {
  return lookAt({ instances: account, spotRequests: account, volumes: account, addresses: account });
}

export function lookAt(moments: Moments): Observation {
  return {
    at: NOW,
    instances: instancesOf(moments.instances),
    spotRequests: spotRequestsOf(moments.spotRequests),
    volumes: volumesSeen(moments.volumes),
    addresses: addressesOf(moments.addresses),
  };
}

/** Accounts share their unchanged tables, and so their views are made once. */
function remembered<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, Value>();
  return (key) => {
    const old = known.get(key);
    if (old) return old;
    const made = make(key);
    known.set(key, made);
    return made;
  };
}

const instancesOf = remembered((account: Account): Observation["instances"] =>
  Object.values(account.instances).map(
    (one): Instance => ({
      id: one.id,
      name: one.tags.Name,
      state: one.state,
      stateReason: one.stateReason?.code,
      type: one.type,
      architecture: one.architecture,
      imageId: one.imageId,
      availabilityZone: one.zone,
      launchedAt: one.launchedAt,
      publicIp: publicIpOf(account, one),
      privateIp: one.privateIp,
      rootDeviceName: one.rootDeviceName,
      blockDevices: one.state === "terminated" ? [] : volumesOf(account, one.id).flatMap(attachmentsOf),
      market: one.spotRequestId ? "spot" : "on-demand",
      spotRequestId: one.spotRequestId,
      tags: one.tags,
    }),
  ),
);

const spotRequestsOf = remembered((account: Account): Observation["spotRequests"] =>
  Object.values(account.spotRequests).map((one) => ({
    id: one.id,
    state: one.state,
    statusCode: one.statusCode,
    statusMessage: "",
    statusAt: one.statusAt,
    instanceId: one.instanceId,
    type: one.type,
    interruptionBehavior: one.interruptionBehavior,
    createdAt: one.createdAt,
    instanceType: one.launch.type,
    tags: one.tags,
  })),
);

const volumesSeen = remembered((account: Account): Observation["volumes"] =>
  Object.values(account.volumes).map(
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
  ),
);

const addressesOf = remembered((account: Account): Observation["addresses"] =>
  Object.values(account.addresses).map((one) => ({
    allocationId: one.allocationId,
    associationId: associationIdOf(one),
    publicIp: one.publicIp,
    instanceId: one.instanceId,
    tags: one.tags,
  })),
);

function attachmentsOf({ id, attachment }: SimVolume): readonly Attachment[] {
  if (!attachment) return [];
  const { instanceId, device, state, attachedAt, deleteOnTermination } = attachment;
  return [{ volumeId: id, instanceId, device, state, attachedAt, deleteOnTermination }];
}
