/** What a swap will do to which ID, told before it is done; and whether there is anything to do. Pure. */

import { duration } from "../fleet/derive/ages.ts";
import type { Volume } from "../fleet/model.ts";
import { decide } from "./decide.ts";
import { leftovers } from "./decide-swap.ts";
import type { Goal, SwapGoal } from "./decision.ts";
import { type AfterSwap, defaultAfterSwap, madeFor, markOf } from "./mark.ts";
import { seatOf, type World } from "./world.ts";

export interface SwapPlan {
  /** One line for each thing that will be done, with its IDs. */
  readonly lines: readonly string[];
  /** The throw-away volumes, and what becomes of them when the person says nothing else. */
  readonly throwAways: readonly Volume[];
  readonly afterSwap: AfterSwap;
  /** Whether deleting may be chosen where keeping is the default. */
  readonly mayDelete: boolean;
  /** The predecessors' spot requests that will be cancelled. */
  readonly cancel: readonly string[];
}

/** Whether the machine is where the goal wants it, SSH aside: that is asked only when there was something to do. */
export function isReached(world: World, goal: Goal): boolean {
  return decide({ ...world, ssh: { status: "answered", hostname: "", lines: [] } }, goal).kind === "done";
}

export function planSwap(world: World): SwapPlan {
  const { instance, persistentId, spec, address } = world;
  if (!instance || !persistentId) {
    return { lines: [], throwAways: [], afterSwap: "keep", mayDelete: false, cancel: [] };
  }
  const seat = seatOf(world);
  const root =
    seat.kind === "held" && seat.volumeId !== persistentId
      ? world.roots.find((volume) => volume.id === seat.volumeId)
      : undefined;
  const onItsOwn = seat.kind === "held" && seat.volumeId === persistentId;
  const throwAways = root ? [root] : leftovers(world, instance, persistentId);
  const keepsAny = throwAways.some((volume) => defaultAfterSwap(volume, instance, world.at) === "keep");
  const afterSwap: AfterSwap = throwAways.length > 0 && !keepsAny ? "delete" : "keep";
  const mayDelete = throwAways.length > 0 && (root === undefined || madeFor(root, instance));
  const cancel = world.predecessors
    .filter(({ instance: state }) => state === "gone" || state === "terminated" || state === "shutting-down")
    .map(({ request }) => request.id);
  const lines = [
    ...cancel.map(
      (id) => `Cancel the spot request ${id} of an earlier ${spec.name} once that is gone: it would launch a stranger.`,
    ),
    ...world.predecessors
      .filter(({ request }) => !cancel.includes(request.id))
      .map(
        ({ request, instance: state }) =>
          `Left alone: spot request ${request.id}, whose machine ${request.instanceId} is ${state}.`,
      ),
    ...(root && instance.state === "running"
      ? [`Stop ${instance.id}: what runs on it ends; what it wrote stays on ${root.id}.`]
      : []),
    ...(root
      ? [`Take its root ${root.id} off (${ageOf(root, world.at)}), marked as replaced by ${persistentId}.`]
      : []),
    ...(onItsOwn ? [] : [`Put the persistent volume ${persistentId} on as its root (${instance.rootDeviceName}).`]),
    ...(onItsOwn && instance.state === "running" ? [] : [`Start ${instance.id}.`]),
    ...(address && address.instanceId !== instance.id
      ? [
          `Put ${address.publicIp} (${address.allocationId}) on it${address.instanceId ? `, taking it from ${address.instanceId}` : ""}.`,
        ]
      : []),
    ...throwAways.map((volume) => fateLine(volume, afterSwap, mayDelete, world)),
    `About ${root ? "4 to 12" : "3 to 10"} minutes on a metal machine; the persistent volume is never deleted.`,
  ];
  return { lines, throwAways, afterSwap, mayDelete, cancel };
}

export function swapGoal({ cancel }: SwapPlan, afterSwap: AfterSwap): SwapGoal {
  return { kind: "swapped", afterSwap, cancel };
}

function fateLine(volume: Volume, afterSwap: AfterSwap, mayDelete: boolean, world: World): string {
  const age = ageOf(volume, world.at);
  if (afterSwap === "delete") {
    return `Then, once SSH has answered, delete ${volume.id} (${volume.sizeGiB} GiB, ${age}, ${inUse(volume, world.at)}).`;
  }
  return mayDelete
    ? `Keep ${volume.id} (${volume.sizeGiB} GiB, ${age}, ${inUse(volume, world.at)}), unless you say to delete it.`
    : `Keep ${volume.id} (${volume.sizeGiB} GiB, ${age}): it was not made with this machine.`;
}

function ageOf(volume: Volume, at: number): string {
  return volume.createdAt > 0 ? `${duration(at - volume.createdAt)} old` : "of unknown age";
}

function inUse(volume: Volume, at: number): string {
  const since = volume.attachments.find((one) => one.state !== "detached")?.attachedAt;
  if (since !== undefined) return `in use for ${duration(at - since)}`;
  const mark = markOf(volume);
  return mark ? `marked ${duration(at - mark.at)} ago` : "not in use";
}
