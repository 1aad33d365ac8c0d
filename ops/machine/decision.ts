/** What `decide` answers: one act, a wait with its reason, the end, or why it cannot go on. */

import type { Act } from "./acts.ts";

/** A goal is for one instance: another one under the same name is not what anybody agreed to. */
export type Goal =
  | {
      /** `reachable`: running, its own address on it, SSH answers. */
      readonly kind: "stopped" | "running" | "reachable";
      readonly instanceId: string;
    }
  | SwapGoal;

/**
 * Running on its persistent volume at its own root device, DeleteOnTermination false, its address on it, SSH has answered,
 * and the temporary disks are gone or kept as agreed. It carries the agreement: what the person saw and said yes to, by
 * ID. Whatever it does not name is not taken off, not deleted and not cancelled, whatever its tags say.
 */
export interface SwapGoal {
  readonly kind: "swapped";
  readonly instanceId: string;
  /** Unlike any other agreement's. */
  readonly agreement: string;
  readonly persistentId: string;
  /** The root that may come off; undefined where none was to. */
  readonly takeOff: string | undefined;
  readonly deletions: readonly Deletion[];
  /** Volumes that the person wants kept, which every other run is to know. */
  readonly keep: readonly string[];
  /** The predecessors' spot requests that may be cancelled. */
  readonly cancel: readonly string[];
}

/** A volume that may be deleted once the machine is up on its own disk. */
export interface Deletion {
  readonly volumeId: string;
  /** Whether a snapshot of it comes first. */
  readonly snapshot: boolean;
  /** The tags that kept it when the person was asked (`keepsOf`): only of these was it said that they no longer count. */
  readonly over: readonly string[];
}

/** The steps that a person sees; every decision belongs to one. */
export const STEPS = {
  look: "Look at the machine",
  predecessor: "Clear the predecessor's spot request",
  mark: "Mark the temporary disk",
  stop: "Stop the machine",
  release: "Wait for the spot request",
  detach: "Detach the temporary disk",
  attach: "Attach your disk as root",
  putBack: "Put the old root back",
  protect: "Protect the root from deletion on termination",
  start: "Start the machine",
  address: "Attach its address",
  ssh: "Wait for SSH",
  snapshot: "Take a snapshot of the temporary disk",
  cleanUp: "Clean up the temporary disk",
} as const;
export type StepId = keyof typeof STEPS;

export type Decision =
  | { readonly kind: "act"; readonly step: StepId; readonly act: Act; readonly why: string }
  | {
      readonly kind: "wait";
      readonly step: StepId;
      /** What is so now. */
      readonly reason: string;
      /** What ends the wait; also its identity: the same words, the same wait. */
      readonly until: string;
      readonly patienceMs: number;
      /** `ssh`: only asking over SSH can end it. */
      readonly ask?: "ssh";
      /** At the end of patience the persistent volume counts as refused, and the old root goes back. */
      readonly thenGiveUpPersistent?: boolean;
    }
  | { readonly kind: "done"; readonly sentence: string }
  | { readonly kind: "blocked"; readonly sentence: string; readonly next: string };

const MINUTE = 60_000;

/** How long each wait may last before it explains itself. Metal machines take minutes to stop and to boot. */
export const PATIENCE = {
  settle: 2 * MINUTE,
  stop: 20 * MINUTE,
  release: 20 * MINUTE,
  volume: 10 * MINUTE,
  start: 20 * MINUTE,
  capacity: 30 * MINUTE,
  ssh: 20 * MINUTE,
  predecessor: 20 * MINUTE,
  snapshot: 90 * MINUTE,
} as const;

export function wait(
  step: StepId,
  reason: string,
  until: string,
  patienceMs: number,
  more: { ask?: "ssh"; thenGiveUpPersistent?: boolean } = {},
): Decision {
  return { kind: "wait", step, reason, until, patienceMs, ...more };
}

export function act(step: StepId, what: Act, why: string): Decision {
  return { kind: "act", step, act: what, why };
}

export function blocked(sentence: string, next: string): Decision {
  return { kind: "blocked", sentence, next };
}
