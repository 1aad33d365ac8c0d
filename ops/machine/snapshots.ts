/** The snapshot that is left behind of a volume before it is deleted: how it is known again. Pure. */

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
