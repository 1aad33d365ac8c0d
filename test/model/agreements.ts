/** What the persons of the model have said yes to, each before its run began. */

import type { SwapGoal } from "../../ops/machine/decision.ts";
import type { Fate } from "../../ops/machine/swap-plan.ts";
import { STORY_IDS } from "../simulator/story.ts";
import { INSTANCE, OWN_VOLUME } from "./player.ts";

/** The swap of the story, as its question named it: one instance, one root that comes off, and what becomes of that. */
export function agreedTo(fate: Fate): SwapGoal {
  const volumeId = STORY_IDS.armTemporaryDisk;
  return {
    kind: "swapped",
    instanceId: INSTANCE,
    agreement: fate,
    persistentId: OWN_VOLUME,
    takeOff: volumeId,
    deletions: fate === "keep" ? [] : [{ volumeId, snapshot: fate === "snapshot", over: [] }],
    keep: fate === "keep" ? [volumeId] : [],
    cancel: [STORY_IDS.armPredecessorRequest],
  };
}
