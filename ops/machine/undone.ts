/** Acts that AWS accepts and the world undoes: after a few of them, another one is no way to the goal. */

import type { Failure } from "../failure.ts";
import { stoppedBy } from "../fleet/derive/stopped-by.ts";
import { type Act, keyOf, sayAct } from "./acts.ts";
import { seatOf, type World } from "./world.ts";

/** The code of the failure that says so. */
export const UNDONE = "Undone";

/** aws.md: repeating a start that EC2 takes back changes nothing. */
const STARTS = 2;
/** Of others, somebody else's hand may be in it: it is not fought with for ever. */
const TIMES = 3;

interface Undone {
  /** AWS said yes to the act. */
  readonly accepted: (act: Act) => void;
  /** Why the act is not tried once more; undefined where it may be. */
  readonly inVain: (act: Act) => Failure | undefined;
  /** Hears of every look, and says why the machine does not start on the root that it has: of starts in this run alone. */
  readonly startsTakenBack: (world: World) => string | undefined;
}

export function createUndone(): Undone {
  const times = new Map<string, number>();
  /** On which root each start that failed was made, by its time. */
  const failed = new Map<number, string>();
  let before: number | undefined;
  return {
    accepted: (act) => {
      times.set(keyOf(act), (times.get(keyOf(act)) ?? 0) + 1);
    },
    inVain: (act) => {
      const count = times.get(keyOf(act)) ?? 0;
      // Of starts the machine itself says more; each change of its root is a reason for one of its own.
      if (count < TIMES + (act.kind === "StartInstance" ? STARTS : 0)) return undefined;
      return {
        kind: "conflict",
        code: UNDONE,
        sentence: `AWS accepted ${count} times to do this, and it was undone each time: ${sayAct(act)}.`,
        action: "Find out who or what undoes it, then try again.",
      };
    },
    startsTakenBack: (world) => {
      const { instance } = world;
      if (!instance) return undefined;
      before ??= instance.launchedAt;
      const seat = seatOf(world);
      if (instance.state !== "stopped" || seat.kind !== "held" || !isTakenBack(world)) return undefined;
      // The reason stays on the machine when its root is another one: a start is that of the root with which it was seen first.
      if (instance.launchedAt !== before && !failed.has(instance.launchedAt)) {
        failed.set(instance.launchedAt, seat.volumeId);
      }
      const starts = [...failed.values()].filter((root) => root === seat.volumeId).length;
      if (starts < STARTS) return undefined;
      const reason = instance.stateReasonText ?? instance.stateReason ?? "it gives no reason";
      return `EC2 took the start of ${instance.id} with ${seat.volumeId} back ${starts} times: ${reason.replace(/\.$/, "")}.`;
    },
  };
}

/** For want of room a start waits, on whatever root: EC2 makes it by itself once there is some. */
function isTakenBack(world: World): boolean {
  return stoppedBy(world)?.who === "launch" && !/Insufficient/.test(world.instance?.stateReason ?? "");
}
