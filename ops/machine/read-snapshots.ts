/** Reads the snapshots of volumes. */

import type { EC2Client } from "@aws-sdk/client-ec2";
import { snapshotFrom } from "../fleet/facts.ts";
import type { Snapshot } from "../fleet/model.ts";

/** All snapshots of one's own of these volumes. Throws what the SDK throws. */
export async function readSnapshots(
  ec2: EC2Client,
  volumeIds: readonly string[],
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  const { DescribeSnapshotsCommand } = await import("../aws/ec2-sdk.ts");
  const snapshots: Snapshot[] = [];
  let next: string | undefined;
  do {
    const answer = await ec2.send(
      new DescribeSnapshotsCommand({
        OwnerIds: ["self"],
        Filters: [{ Name: "volume-id", Values: [...volumeIds] }],
        ...(next ? { NextToken: next } : {}),
      }),
      { abortSignal: signal },
    );
    snapshots.push(...(answer.Snapshots ?? []).map(snapshotFrom));
    next = answer.NextToken;
  } while (next);
  return snapshots;
}
