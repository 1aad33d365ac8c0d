/** This folder: start, stop and swap: look, decide, act, look again. Not here: how a run is shown, or what a person may press. */
/** From the world and the goal to the next act. Pure: everything that a crash could forget is in the world itself. */

import { anotherMachine, decideStopped, toReachable, toRunning } from "./decide-run.ts";
import { decideSwap } from "./decide-swap.ts";
import type { Decision, Goal } from "./decision.ts";
import { isBeingTaken } from "./spot.ts";
import type { World } from "./world.ts";

/** The next step from `world` towards `goal`. */
export function decide(world: World, goal: Goal): Decision {
  const { name } = world.spec;
  const other = anotherMachine(world, goal);
  if (other) return other;
  const notice = isBeingTaken(world) ? " AWS has announced that it stops it soon." : "";
  switch (goal.kind) {
    case "stopped":
      return decideStopped(world);
    case "running":
      return toRunning(world) ?? { kind: "done", sentence: `${name} is running.${notice}` };
    case "reachable":
      return toReachable(world) ?? { kind: "done", sentence: `${name} is running and answers.${notice}` };
    case "swapped":
      return decideSwap(world, goal);
  }
}
