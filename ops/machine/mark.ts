/** The tags by which a temporary disk is known for ever as what it is, whoever looks next. */

import { MACHINE_NAMES, type MachineName } from "../fleet/machines.ts";
import type { Instance, Volume } from "../fleet/model.ts";
import { KEEP_TAG, MARK_TAGS } from "../fleet/tags.ts";
import type { Origin } from "./origin.ts";

/** What becomes of the temporary disk once the machine is up on its own disk. */
type AfterSwap = "delete" | "keep";

export interface Mark {
  readonly machine: MachineName;
  /** The persistent volume that takes its place. */
  readonly replacedBy: string;
  /** The instance that it was made for. */
  readonly instanceId: string;
  /** What was agreed when it was marked: a word to whoever looks later, and no leave to delete. */
  readonly afterSwap: AfterSwap;
  /** When it was marked, milliseconds since the epoch. */
  readonly at: number;
}

/** The volume's mark; undefined unless every tag of it is there and makes sense. */
export function markOf(volume: Pick<Volume, "tags">): Mark | undefined {
  const { tags } = volume;
  const machine = MACHINE_NAMES.find((name) => name === tags[MARK_TAGS.machine]);
  const replacedBy = tags[MARK_TAGS.replacedBy];
  const instanceId = tags[MARK_TAGS.instance];
  const afterSwap = tags[MARK_TAGS.afterSwap];
  const at = Date.parse(tags[MARK_TAGS.markedAt] ?? "");
  if (!machine || !replacedBy || !instanceId || Number.isNaN(at)) return undefined;
  if (afterSwap !== "delete" && afterSwap !== "keep") return undefined;
  return { machine, replacedBy, instanceId, afterSwap, at };
}

export function tagsOf(mark: Mark): Readonly<Record<string, string>> {
  return {
    [MARK_TAGS.machine]: mark.machine,
    [MARK_TAGS.replacedBy]: mark.replacedBy,
    [MARK_TAGS.instance]: mark.instanceId,
    [MARK_TAGS.afterSwap]: mark.afterSwap,
    [MARK_TAGS.markedAt]: new Date(mark.at).toISOString(),
  };
}

/**
 * The tag by which an agreement keeps a volume. Each writes one of its own: two runs that write at the same moment cannot
 * undo each other's word, as they would with one tag of two values.
 */
export function keepTag(agreement: string): string {
  return `${KEEP_TAG}:${agreement}`;
}

/** Every word that the volume is to be kept, whoever wrote it, as the names of its tags. */
export function keepsOf(volume: Pick<Volume, "tags">): readonly string[] {
  return Object.entries(volume.tags)
    .filter(([key, value]) => key.startsWith(KEEP_TAG) || (key === MARK_TAGS.afterSwap && value !== "delete"))
    .map(([key]) => key)
    .sort();
}

/** Whether somebody has said that it is to be kept, apart from what a person was told of and spoke `over`. */
export function mustKeep(volume: Pick<Volume, "tags">, over: readonly string[] = []): boolean {
  return keepsOf(volume).some((tag) => !over.includes(tag));
}

/** A volume that came with its instance was made in the moment in which it was attached; ten minutes is generous. */
const MADE_WITHIN_MS = 10 * 60_000;

/** Whether the volume was made by the launch of this very instance: from its image, and in that moment. */
function madeFor(volume: Volume, instance: Instance, origin: Origin): boolean {
  const attachment = volume.attachments.find((one) => one.instanceId === instance.id);
  if (origin.kind !== "image" || attachment?.attachedAt === undefined) return false;
  return Math.abs(attachment.attachedAt - volume.createdAt) <= MADE_WITHIN_MS;
}

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;

/** Whether it has held data for so long that it does not go without a snapshot, unless the person says so. */
export function hasHeldData(volume: Volume, at: number): boolean {
  return at - volume.createdAt > HOUR_MS;
}

/**
 * What becomes of a temporary disk when the person says nothing: deleted only where it came from the image with its
 * instance, has served for less than a day by any reading of the facts, and nobody has said to keep it.
 */
export function defaultAfterSwap(volume: Volume, instance: Instance, at: number, origin: Origin): AfterSwap {
  if (mustKeep(volume)) return "keep";
  const mark = markOf(volume);
  const attached = volume.attachments.some((one) => one.instanceId === instance.id && one.state !== "detached");
  if (attached) return madeFor(volume, instance, origin) && at - volume.createdAt < DAY_MS ? "delete" : "keep";
  // Off already: the decision taken then stands, unless it is so old that the machine may have been used since.
  if (origin.kind !== "image" || mark?.afterSwap !== "delete" || mark.instanceId !== instance.id) return "keep";
  return at - Math.min(mark.at, at) < DAY_MS ? "delete" : "keep";
}
