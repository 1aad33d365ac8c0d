/** Where a volume comes from: the image of its machine, or something that somebody had already. Pure. */

import type { Snapshot } from "../fleet/model.ts";

export type Origin =
  /** Made from the very snapshot that its instance's image holds at the root device. */
  | { readonly kind: "image" }
  /** Made from another snapshot; `snapshot` says which, as far as EC2 still shows it. */
  | { readonly kind: "snapshot"; readonly id: string; readonly snapshot: Snapshot | undefined }
  /** Made empty. */
  | { readonly kind: "empty" }
  /** EC2 does not tell: then it counts as somebody's data. */
  | { readonly kind: "unknown" };

export type Origins = Readonly<Record<string, Origin>>;

export function originOf(origins: Origins, volumeId: string): Origin {
  return origins[volumeId] ?? { kind: "unknown" };
}

/** "from the backup snap-… of vol-…"; undefined for what came from the image. */
export function sayOrigin(origin: Origin): string | undefined {
  switch (origin.kind) {
    case "image":
      return undefined;
    case "empty":
      return "it was made empty, not from this machine's image";
    case "unknown":
      return "EC2 does not say whether it came from this machine's image";
    case "snapshot": {
      const { snapshot } = origin;
      const day =
        snapshot?.startedAt === undefined ? "" : ` of ${new Date(snapshot.startedAt).toISOString().slice(0, 10)}`;
      const backup = snapshot && isBackup(snapshot);
      const of = snapshot?.volumeId ? `, taken of ${snapshot.volumeId}` : "";
      return `it was restored from ${backup ? "the backup " : "the snapshot "}${origin.id}${day}${of}, not from this machine's image`;
    }
  }
}

/** AWS Backup says so of its snapshots, in their description and in tags. */
function isBackup({ description, tags }: Snapshot): boolean {
  return /AWS Backup/i.test(description) || Object.keys(tags).some((key) => key.startsWith("aws:backup:"));
}
