/** Recognises a swap that was begun and not ended, from the world alone. */

import { MACHINE_NAMES, type MachineName } from "../fleet/machines.ts";
import type { Fleet } from "../fleet/model.ts";
import { absence } from "./decide-run.ts";
import { leftovers } from "./decide-swap.ts";
import { markOf, mustKeep } from "./mark.ts";
import { seatOf, worldOf } from "./world.ts";

interface UnfinishedSwap {
  readonly machine: MachineName;
  /** Where it stopped, as a sentence to offer going on with. */
  readonly sentence: string;
}

/** Swaps that `s` would go on with, in the machines' order. Pure. */
export function unfinishedSwaps(fleet: Fleet): readonly UnfinishedSwap[] {
  return MACHINE_NAMES.flatMap((machine) => {
    const sentence = whereItStopped(fleet, machine);
    return sentence === undefined ? [] : [{ machine, sentence }];
  });
}

function whereItStopped(fleet: Fleet, name: MachineName): string | undefined {
  const world = worldOf(fleet, name);
  const { instance, persistentId } = world;
  if (!instance || !persistentId || absence(world)) return undefined;
  const seat = seatOf(world);
  switch (seat.kind) {
    case "empty":
      return instance.state === "stopped"
        ? `${name} has no root volume: its swap to ${persistentId} is half done.`
        : undefined;
    case "held": {
      if (seat.volumeId !== persistentId) {
        const root = world.roots.find((volume) => volume.id === seat.volumeId);
        const mark = root && markOf(root);
        return mark?.instanceId === instance.id && mark.replacedBy === persistentId
          ? `The swap of ${name} from ${seat.volumeId} to ${persistentId} is half done.`
          : undefined;
      }
      const left = leftovers(world, instance, persistentId).filter(
        (volume) => markOf(volume)?.afterSwap === "delete" && !mustKeep(volume),
      );
      return left.length > 0
        ? `${name} is on its own disk, but ${left.map(({ id }) => id).join(", ")} of its swap is still to be deleted.`
        : undefined;
    }
    default:
      return undefined;
  }
}
