/** How a run ends that is not done, in words: in what state the machine is left, and what to run to go on. Pure. */

import { MACHINES, type MachineName } from "../fleet/machines.ts";
import type { Outcome } from "../operation/types.ts";
import type { Goal } from "./decision.ts";
import { seatOf, type World } from "./world.ts";

/** What to run, or press, to go on. */
function goOn(name: MachineName, goal: Goal): string {
  const verb = { stopped: "stop", running: "start", reachable: "ssh", swapped: "swap" }[goal.kind];
  return `Run make ${verb}-${MACHINES[name].short} to go on from there.`;
}

export function stuck(name: MachineName, goal: Goal, sentence: string): Outcome {
  return { status: "blocked", sentence, next: goOn(name, goal) };
}

export function cancelled(name: MachineName, goal: Goal, world: World | undefined): Outcome {
  return {
    status: "cancelled",
    sentence: `Cancelled, after the call that was under way. ${sayRoot(world)}`.trimEnd(),
    next: goOn(name, goal),
  };
}

/** In what state the machine is left, in a sentence; empty where nothing was seen. */
export function sayRoot(world: World | undefined): string {
  const { instance, spec, persistentId } = world ?? {};
  if (!world || !instance || !spec) return "";
  const seat = seatOf(world);
  const root =
    seat.kind === "held"
      ? `with ${seat.volumeId} as its root${seat.volumeId === persistentId ? ", its persistent volume" : ""}`
      : seat.kind === "empty"
        ? "with no root volume for now"
        : "with its root volume changing";
  return `${spec.name} (${instance.id}) is ${instance.state}, ${root}.`;
}
