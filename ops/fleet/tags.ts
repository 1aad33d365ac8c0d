/** The tags of snowglobe's own, and what a volume's tags and name say of whose it is. Pure. */

import { MACHINE_NAMES } from "./machines.ts";
import type { Volume } from "./model.ts";

/** A volume with this tag is a machine's persistent root; the value is the machine's name. */
export const PERSISTENT_TAG = "snowglobe:persistent";

/** Together they are the mark of a root volume that a swap has replaced. */
export const MARK_TAGS = {
  machine: "snowglobe:machine",
  replacedBy: "snowglobe:replaced-by",
  instance: "snowglobe:instance",
  afterSwap: "snowglobe:after-swap",
  markedAt: "snowglobe:marked-at",
} as const;

/** Tags that begin so say that the volume is to be kept; each agreement writes one of its own. */
export const KEEP_TAG = "snowglobe:keep";

/** Whose a volume is by its name or its tags, as a reason not to throw it away; undefined where none of them says so. */
export function claimOf({ name, tags }: Pick<Volume, "name" | "tags">): string | undefined {
  const ours = name !== undefined && [...MACHINE_NAMES, "snowglobe"].some((one) => name.startsWith(one));
  if (ours) return `its name, ${name}, is one of ours`;
  const keys = Object.keys(tags);
  const service = keys.find((key) => key.startsWith("aws:"));
  if (service) return `its tag ${service} says that an AWS service looks after it`;
  const mark: readonly string[] = Object.values(MARK_TAGS);
  const isMarked = mark.every((tag) => tags[tag]);
  const own = keys.find(
    (key) => key.startsWith("snowglobe:") && !(isMarked && (mark.includes(key) || key.startsWith(KEEP_TAG))),
  );
  return own && `its tag ${own} says that it is one of ours`;
}
