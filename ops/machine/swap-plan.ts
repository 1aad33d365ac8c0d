/** What a swap will do to which ID, told before it is done; and whether there is anything to do. Pure. */

import { duration } from "../fleet/derive/ages.ts";
import { dollars } from "../fleet/derive/cost.ts";
import type { Volume } from "../fleet/model.ts";
import { snapshotPerMonth } from "../fleet/prices.ts";
import type { Deed } from "../operation/types.ts";
import type { Written } from "../ssh/probe-script.ts";
import { decide } from "./decide.ts";
import { leftovers, snapshotName } from "./decide-swap.ts";
import type { Goal, SwapGoal } from "./decision.ts";
import { defaultAfterSwap, hasHeldData, keepsOf, markOf, mustKeep } from "./mark.ts";
import { type Origins, originOf, sayOrigin } from "./origin.ts";
import { seatOf, type World } from "./world.ts";

/** What becomes of the temporary disks: kept, deleted, or deleted with a snapshot left behind. */
export type Fate = "keep" | "delete" | "snapshot";

export interface SwapPlan {
  /** Each thing that will be done, with its IDs, in order; what cannot be undone is last. */
  readonly deeds: readonly Deed[];
  /** What else is to be known. */
  readonly lines: readonly string[];
  /** The temporary disks: the only ones that any answer deletes. */
  readonly temporaryDisks: readonly Volume[];
  /** What becomes of them when the person says nothing. */
  readonly fate: Fate;
  /** Whether that is asked for by itself, because there is data to lose, or something to pay for. */
  readonly asksFate: boolean;
  /** What a snapshot of them costs, in words. */
  readonly snapshotCost: string;
  /** The root that comes off; undefined where none does. */
  readonly takeOff: string | undefined;
  /** The predecessors' spot requests that will be cancelled. */
  readonly cancel: readonly string[];
}

/** Whether the machine is where the goal wants it, SSH aside: that is asked only when there was something to do. */
export function isReached(world: World, goal: Goal): boolean {
  return decide({ ...world, ssh: { status: "answered", hostname: "", lines: [] } }, goal).kind === "done";
}

const NO_PLAN: SwapPlan = {
  deeds: [],
  lines: [],
  temporaryDisks: [],
  fate: "keep",
  asksFate: false,
  snapshotCost: "",
  takeOff: undefined,
  cancel: [],
};

/** The volumes that a swap would leave behind: their origins are worth knowing before anybody is asked. */
export function temporaryDisksOf(world: World): readonly Volume[] {
  const { instance, persistentId } = world;
  if (!instance || !persistentId) return [];
  const root = foreignRoot(world);
  // What was kept once is kept: only a question about that volume alone, among the orphans, undoes it.
  return root ? [root] : leftovers(world, instance, persistentId).filter((volume) => !mustKeep(volume));
}

/** More than this on a temporary disk, outside dot-directories, is somebody's work and not a look around. */
const A_LITTLE = 10;

/**
 * @param origins where the temporary disks come from
 * @param written what was written on the root that comes off, as far as the machine says
 */
export function planSwap(world: World, origins: Origins, written?: Written): SwapPlan {
  const { instance, persistentId, spec, address } = world;
  if (!instance || !persistentId) return NO_PLAN;
  const seat = seatOf(world);
  const root = foreignRoot(world);
  const onItsOwn = seat.kind === "held" && seat.volumeId === persistentId;
  const temporaryDisks = temporaryDisksOf(world);
  const held = temporaryDisks.some((volume) => hasHeldData(volume, world.at));
  const keepsAny = temporaryDisks.some(
    (volume) => defaultAfterSwap(volume, instance, world.at, originOf(origins, volume.id)) === "keep",
  );
  const isWork = written !== undefined && written.files > A_LITTLE;
  const fate: Fate = temporaryDisks.length === 0 || keepsAny || isWork ? "keep" : held ? "snapshot" : "delete";
  const asksFate = temporaryDisks.length > 0 && fate !== "delete";
  const snapshotCost = dollars(
    temporaryDisks.reduce((sum, volume) => sum + snapshotPerMonth(volume), 0),
    "month",
  );
  const cancel = world.predecessors
    .filter(({ instance: state }) => state === "gone" || state === "terminated" || state === "shutting-down")
    .map(({ request }) => request.id);
  const deeds: readonly Deed[] = [
    ...cancel.map(
      (id): Deed => ({
        act: "Cancel",
        object: id,
        consequence: `the spot request of an earlier ${spec.name}, once that is gone: it would launch a stranger`,
      }),
    ),
    ...(root && instance.state === "running"
      ? [{ act: "Stop", object: instance.id, consequence: `what runs on it ends; what it wrote stays on ${root.id}` }]
      : []),
    ...(root
      ? [
          {
            act: "Detach",
            object: root.id,
            consequence: `the temporary disk, ${ageOf(root, world.at)}, marked as replaced`,
          },
        ]
      : []),
    ...(onItsOwn
      ? []
      : [{ act: "Attach", object: persistentId, consequence: `your disk, as root (${instance.rootDeviceName})` }]),
    ...(onItsOwn && seat.deleteOnTermination
      ? [{ act: "Protect", object: persistentId, consequence: `your disk: it stays when ${instance.id} is terminated` }]
      : []),
    ...(onItsOwn && instance.state === "running" ? [] : [{ act: "Start", object: instance.id }]),
    ...(address && address.instanceId !== instance.id
      ? [
          {
            act: "Attach",
            object: address.publicIp,
            consequence: `its address, ${address.allocationId}${address.instanceId ? `, now on ${address.instanceId}` : ""}`,
          },
        ]
      : []),
    ...temporaryDisks.flatMap((volume) => fateDeeds(volume, fate, world)),
  ];
  const lines = [
    ...world.predecessors
      .filter(({ request }) => !cancel.includes(request.id))
      .map(
        ({ request, instance: state }) =>
          `Left alone: spot request ${request.id}, whose machine ${request.instanceId} is ${state}.`,
      ),
    ...(root && written ? [sayWritten(root, written)] : []),
    ...(onItsOwn
      ? []
      : [
          `The first boot of your disk under ${instance.id} runs that machine's first-boot script, sets the host name and may renew the SSH host keys.`,
        ]),
    ...temporaryDisks.flatMap((volume) => fateLines(volume, fate, world, origins)),
    onItsOwn && instance.state === "running"
      ? "It goes on running meanwhile; your disk is never deleted."
      : `About ${root ? "4 to 12" : "3 to 10"} minutes on a metal machine; your disk is never deleted.`,
  ];
  return { deeds, lines, temporaryDisks, fate, asksFate, snapshotCost, takeOff: root?.id, cancel };
}

function sayWritten(root: Volume, { files, bytes, atLeast }: Written): string {
  if (files === 0) return `Nothing was written under /home on ${root.id} since it came up, outside dot-directories.`;
  const size = bytes < 2 ** 20 ? `${Math.ceil(bytes / 2 ** 10)} KiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
  const count = `${atLeast ? "at least " : ""}${files} ${files === 1 ? "file" : "files"}`;
  return `Written under /home on ${root.id} since it came up: ${count}, ${size}, outside dot-directories.`;
}

/** The goal of a swap that was agreed to as planned. `agreement` is unlike any other's. */
export function swapGoal(world: World, plan: SwapPlan, fate: Fate, agreement: string): SwapGoal {
  const { temporaryDisks, takeOff, cancel } = plan;
  return {
    kind: "swapped",
    instanceId: world.instance?.id ?? "",
    agreement,
    persistentId: world.persistentId ?? "",
    takeOff,
    deletions:
      fate === "keep"
        ? []
        : temporaryDisks.map((volume) => ({
            volumeId: volume.id,
            snapshot: fate === "snapshot",
            over: keepsOf(volume),
          })),
    keep: fate === "keep" ? temporaryDisks.map(({ id }) => id) : [],
    cancel,
  };
}

/** The swap that destroys nothing: what is decided before the person was asked. */
export function safestSwap(world: World): SwapGoal {
  return swapGoal(world, { ...NO_PLAN, takeOff: foreignRoot(world)?.id }, "keep", "");
}

/** The root that is not the machine's own disk. */
function foreignRoot(world: World): Volume | undefined {
  const seat = seatOf(world);
  return seat.kind === "held" && seat.volumeId !== world.persistentId
    ? world.roots.find((volume) => volume.id === seat.volumeId)
    : undefined;
}

function fateDeeds(volume: Volume, fate: Fate, world: World): readonly Deed[] {
  const object = volume.id;
  const what = `${volume.sizeGiB} GiB, ${ageOf(volume, world.at)}, ${inUse(volume, world.at)}`;
  const after = "once SSH has answered";
  switch (fate) {
    case "delete":
      return [{ act: "Delete", object, consequence: `${what}; ${after}`, irreversible: true }];
    case "snapshot":
      return [
        { act: "Snapshot", object, consequence: `${snapshotOf(volume, world)}; ${after}` },
        { act: "Delete", object, consequence: `${what}; once it has that snapshot`, irreversible: true },
      ];
    case "keep":
      return [{ act: "Keep", object, consequence: `${what}; unless you say to delete it` }];
  }
}

function fateLines(volume: Volume, fate: Fate, world: World, origins: Origins): readonly string[] {
  if (fate !== "keep") return [];
  const from = sayOrigin(originOf(origins, volume.id));
  return [
    ...(from ? [`${volume.id}: ${from}.`] : []),
    ...(hasHeldData(volume, world.at) ? [`The snapshot of it, if you want one: ${snapshotOf(volume, world)}.`] : []),
  ];
}

function snapshotOf(volume: Volume, world: World): string {
  return `"${snapshotName(world.spec.name, volume.id)}", at most ${dollars(snapshotPerMonth(volume), "month")}`;
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
