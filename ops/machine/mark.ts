/** The tags by which a throw-away root volume is known for ever as what it is, whoever looks next. */

import { MACHINE_NAMES, type MachineName } from "../fleet/machines.ts";
import type { Instance, Volume } from "../fleet/model.ts";

export const MARK_TAGS = {
  machine: "snowglobe:machine",
  replacedBy: "snowglobe:replaced-by",
  instance: "snowglobe:instance",
  afterSwap: "snowglobe:after-swap",
  markedAt: "snowglobe:marked-at",
} as const;

/** What becomes of the throw-away volume once the machine is up on its own disk. */
export type AfterSwap = "delete" | "keep";

export interface Mark {
  readonly machine: MachineName;
  /** The persistent volume that takes its place. */
  readonly replacedBy: string;
  /** The instance that it was made for. */
  readonly instanceId: string;
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

/** A volume that came with its instance was made in the moment in which it was attached; ten minutes is generous. */
const MADE_WITHIN_MS = 10 * 60_000;

/** Whether the volume was made by the launch of this very instance, as its attachment shows. */
export function madeFor(volume: Volume, instance: Instance): boolean {
  const attachment = volume.attachments.find((one) => one.instanceId === instance.id);
  if (attachment?.attachedAt === undefined) return false;
  return Math.abs(attachment.attachedAt - volume.createdAt) <= MADE_WITHIN_MS;
}

const DAY_MS = 24 * 3600_000;

/**
 * What becomes of a throw-away volume when the person says nothing: deleted only where it has served for less than a
 * day, by any reading of the facts, and came with its instance.
 */
export function defaultAfterSwap(volume: Volume, instance: Instance, at: number): AfterSwap {
  const mark = markOf(volume);
  const attached = volume.attachments.some((one) => one.instanceId === instance.id && one.state !== "detached");
  if (attached) return madeFor(volume, instance) && at - volume.createdAt < DAY_MS ? "delete" : "keep";
  // Off already: the decision taken then stands, unless it is so old that the machine may have been used since.
  if (mark?.afterSwap !== "delete" || mark.instanceId !== instance.id) return "keep";
  return at - Math.min(mark.at, at) < DAY_MS ? "delete" : "keep";
}
