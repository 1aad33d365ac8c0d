/** A glance: one thing asked about in one call, to learn whether it has changed since a look showed it. */

import type { EC2Client } from "@aws-sdk/client-ec2";
import { instanceFrom, spotRequestFrom, volumeFrom } from "./facts.ts";
import type { Instance, SpotRequest, Volume } from "./model.ts";

export interface Subject {
  readonly kind: "instance" | "spotRequest" | "volume";
  readonly id: string;
}

/** What a glance shows; undefined where there is no such thing. */
export type Glimpse = Instance | SpotRequest | Volume | undefined;

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
  }
}
