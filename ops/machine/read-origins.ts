/** Asks EC2 where volumes come from. */

import type { EC2Client } from "@aws-sdk/client-ec2";
import { snapshotFrom } from "../fleet/facts.ts";
import type { Instance, Snapshot, Volume } from "../fleet/model.ts";
import type { Origin, Origins } from "./origin.ts";

/** Asks EC2 for the origins of volumes that are, or were, a root of this instance. What it does not tell is `unknown`; throws only for the signal's reason. */
export async function readOrigins(
  ec2: EC2Client,
  instance: Instance,
  volumes: readonly Volume[],
  signal: AbortSignal,
): Promise<Origins> {
  if (volumes.length === 0) return {};
  const image = await quietly(imageSnapshot(ec2, instance, signal), signal);
  const origins = await Promise.all(
    volumes.map(async ({ id, snapshotId }): Promise<readonly [string, Origin]> => {
      if (snapshotId === undefined) return [id, { kind: "empty" }];
      if (snapshotId === image) return [id, { kind: "image" }];
      const snapshot = await quietly(oneSnapshot(ec2, snapshotId, signal), signal);
      // An image that is no longer there may well have been the origin; what is not known is not thrown away.
      if (image === undefined && snapshot === undefined) return [id, { kind: "unknown" }];
      return [id, { kind: "snapshot", id: snapshotId, snapshot }];
    }),
  );
  return Object.fromEntries(origins);
}

async function imageSnapshot(ec2: EC2Client, instance: Instance, signal: AbortSignal): Promise<string | undefined> {
  const { DescribeImagesCommand } = await import("../aws/ec2-sdk.ts");
  const answer = await ec2.send(new DescribeImagesCommand({ ImageIds: [instance.imageId] }), { abortSignal: signal });
  const image = answer.Images?.find((one) => one.ImageId === instance.imageId);
  const root = image?.BlockDeviceMappings?.find((one) => one.DeviceName === image.RootDeviceName);
  return root?.Ebs?.SnapshotId || undefined;
}

async function oneSnapshot(ec2: EC2Client, id: string, signal: AbortSignal): Promise<Snapshot | undefined> {
  const { DescribeSnapshotsCommand } = await import("../aws/ec2-sdk.ts");
  const answer = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }), { abortSignal: signal });
  return answer.Snapshots?.map(snapshotFrom).find((one) => one.id === id);
}

async function quietly<T>(asked: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await asked;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
