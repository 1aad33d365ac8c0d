/** Deletes one volume that belongs to nothing, after its ID was typed. */

import { duration } from "../fleet/derive/ages.ts";
import { dollars } from "../fleet/derive/cost.ts";
import type { Fleet, Volume } from "../fleet/model.ts";
import { volumePerMonth } from "../fleet/prices.ts";
import type { Operation, OperationContext, Outcome } from "../operation/types.ts";
import { markOf } from "./mark.ts";
import { FAILING_MS, pollAfter } from "./pace.ts";
import type { MachineTools } from "./tools.ts";

/** Why this volume must not be deleted; undefined where it is an orphan that nobody needs. */
function orphanBar(fleet: Fleet, volumeId: string): string | undefined {
  if (fleet.protectedVolumeIds.has(volumeId)) return `${volumeId} is a persistent volume and is never deleted`;
  const volume = fleet.observation.volumes.find((one) => one.id === volumeId);
  if (!volume || isGone(volume)) return `${volumeId} is not in the account`;
  if (volume.attachments.some((one) => one.state !== "detached")) return `${volumeId} is attached`;
  if (volume.state !== "available" && volume.state !== "error") return `${volumeId} is ${volume.state}`;
  return fleet.orphans.some((one) => one.id === volumeId) ? undefined : `${volumeId} belongs to a machine`;
}

/** The operation `delete-orphan`. */
export function deleteOrphan(volumeId: string, tools: MachineTools): Operation {
  return {
    name: "delete-orphan",
    title: `Delete ${volumeId}`,
    harmlessToDrop: false,
    run: async (context) => {
      const before = await tools.look(context.signal);
      const bar = orphanBar(before, volumeId);
      if (bar) return barred(bar);
      const answer = await context.ask({
        kind: "confirm",
        title: `Delete ${volumeId} for ever?`,
        lines: orphanLines(before, volumeId),
        yes: "Delete it",
        no: "Cancel",
        typed: volumeId,
      });
      if (answer !== "yes") return { status: "cancelled", sentence: `${volumeId} is kept.` };
      return deleteNow(volumeId, tools, context);
    },
  };
}

async function deleteNow(volumeId: string, tools: MachineTools, context: OperationContext): Promise<Outcome> {
  const title = `Delete ${volumeId}`;
  context.step("delete", title, "running");
  // The person took a while to type: what was seen before may no longer be so.
  const bar = orphanBar(await tools.look(context.signal), volumeId);
  if (bar) {
    context.step("delete", title, "failed", bar);
    return barred(bar);
  }
  context.signal.throwIfAborted();
  const answer = await tools.act({ kind: "DeleteVolume", volumeId });
  const began = tools.clock.now();
  for (;;) {
    context.step("delete", title, "waiting", `${answer}; waiting until it is gone`);
    const fleet = await tools.look(context.signal);
    const seen = fleet.observation.volumes.find((one) => one.id === volumeId);
    if (!seen || isGone(seen)) break;
    const waited = tools.clock.now() - began;
    if (waited > FAILING_MS) return barred(`${volumeId} is still ${seen.state} after ${duration(waited)}`);
    await tools.clock.sleep(pollAfter(waited), context.signal);
  }
  context.step("delete", title, "done");
  return { status: "done", sentence: `${volumeId} is deleted.` };
}

function barred(bar: string): Outcome {
  return { status: "blocked", sentence: `Not deleted: ${bar}.`, next: "Look at the fleet again." };
}

function isGone(volume: Volume): boolean {
  return volume.state === "deleting" || volume.state === "deleted";
}

function orphanLines(fleet: Fleet, volumeId: string): readonly string[] {
  const volume = fleet.observation.volumes.find((one) => one.id === volumeId);
  if (!volume) return [];
  const mark = markOf(volume);
  return [
    `Delete ${volume.id}${volume.name ? ` (${volume.name})` : ""}: ${volume.sizeGiB} GiB, ${duration(fleet.observation.at - volume.createdAt)} old, ${dollars(volumePerMonth(volume), "month")}.`,
    mark
      ? `It was the root of ${mark.instanceId} (${mark.machine}) until ${mark.replacedBy} took its place.`
      : "Nothing tells which machine it was on.",
    "What is on it is lost; no snapshot is taken.",
  ];
}
