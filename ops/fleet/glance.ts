/** A glance: one thing asked about in one call, to learn whether it has changed since a whole look showed it. */

import type { EC2Client } from "@aws-sdk/client-ec2";
import { instanceFrom, snapshotFrom, spotRequestFrom, volumeFrom } from "./facts.ts";
import type { Instance, Observation, Snapshot, SpotRequest, Volume } from "./model.ts";

export interface Subject {
  readonly kind: "instance" | "spotRequest" | "volume" | "snapshot";
  readonly id: string;
}

/** What a glance shows; undefined where there is no such thing. */
export type Glimpse = Instance | SpotRequest | Volume | Snapshot | undefined;

/** Asks EC2 about one thing by its ID, the cheapest of its questions. Throws what the SDK throws, also for an unknown ID. */
export async function glance(ec2: EC2Client, { kind, id }: Subject, signal: AbortSignal): Promise<Glimpse> {
  const aws = await import("../aws/ec2-sdk.ts");
  const options = { abortSignal: signal };
  switch (kind) {
    case "instance": {
      const answer = await ec2.send(new aws.DescribeInstancesCommand({ InstanceIds: [id] }), options);
      return answer.Reservations?.[0]?.Instances?.map(instanceFrom)[0];
    }
    case "spotRequest": {
      const command = new aws.DescribeSpotInstanceRequestsCommand({ SpotInstanceRequestIds: [id] });
      return (await ec2.send(command, options)).SpotInstanceRequests?.map(spotRequestFrom)[0];
    }
    case "volume":
      return (await ec2.send(new aws.DescribeVolumesCommand({ VolumeIds: [id] }), options)).Volumes?.map(volumeFrom)[0];
    case "snapshot": {
      const command = new aws.DescribeSnapshotsCommand({ SnapshotIds: [id] });
      return (await ec2.send(command, options)).Snapshots?.map(snapshotFrom)[0];
    }
  }
}

/** The same thing as a whole look showed it. */
export function shownIn(observation: Observation, { kind, id }: Subject): Glimpse {
  const list = {
    instance: "instances",
    spotRequest: "spotRequests",
    volume: "volumes",
    snapshot: "snapshots",
  } as const;
  return observation[list[kind]]?.find((one) => one.id === id);
}
