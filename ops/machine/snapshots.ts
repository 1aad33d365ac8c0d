/** The snapshot that is left behind of a volume before it is deleted. */

import type { EC2Client } from "@aws-sdk/client-ec2";
import { snapshotFrom } from "../fleet/facts.ts";
import type { Snapshot } from "../fleet/model.ts";

const TAGS = { of: "snowglobe:snapshot-of", agreement: "snowglobe:agreement" } as const;

/** The tags of a snapshot that an agreement asked for. */
export function snapshotTags(of: {
  readonly volumeId: string;
  readonly agreement: string;
  readonly name: string;
}): Readonly<Record<string, string>> {
  return { Name: of.name, [TAGS.of]: of.volumeId, [TAGS.agreement]: of.agreement };
}

/** The snapshots that this agreement took of the volume: what is older may lack what was written since. */
export function takenFor(snapshots: readonly Snapshot[], volumeId: string, agreement: string): readonly Snapshot[] {
  return snapshots.filter(
    (one) => one.volumeId === volumeId && one.tags[TAGS.of] === volumeId && one.tags[TAGS.agreement] === agreement,
  );
}

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
