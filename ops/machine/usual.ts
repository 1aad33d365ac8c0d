/** The steps that start, stop and swap usually have, and AWS's usual times for them. Pure. */

import { MACHINES } from "../fleet/machines.ts";
import type { Operation, StepAhead } from "../operation/types.ts";
import { STEPS, type StepId } from "./decision.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/**
 * Seen on metal machines (aws.md, "Spot requests", "Volumes and root devices"): minutes to stop and to boot, about 40
 * seconds until a spot request is released, seconds for a volume.
 */
const USUAL: Readonly<Partial<Record<StepId, readonly [least: number, most: number]>>> = {
  look: [SECOND, 3 * SECOND],
  mark: [SECOND, 4 * SECOND],
  stop: [MINUTE, 4 * MINUTE],
  release: [10 * SECOND, MINUTE],
  detach: [4 * SECOND, 15 * SECOND],
  attach: [4 * SECOND, 15 * SECOND],
  protect: [SECOND, 4 * SECOND],
  start: [20 * SECOND, 90 * SECOND],
  address: [SECOND, 5 * SECOND],
  ssh: [2 * MINUTE, 8 * MINUTE],
  cleanUp: [2 * SECOND, 20 * SECOND],
};

const ORDER: Readonly<Record<string, readonly StepId[]>> = {
  start: ["look", "start"],
  stop: ["look", "stop", "release"],
  /** Up to a prompt, where the machine has to be started for it. */
  walk: ["look", "start", "address", "ssh"],
  swap: ["look", "mark", "stop", "release", "detach", "attach", "protect", "start", "address", "ssh", "cleanUp"],
};

/** The steps of an operation on a machine; none where they depend on what is found. */
export function usualSteps({ name, machine }: Pick<Operation, "name" | "machine">): readonly StepAhead[] {
  if (!machine || !Object.hasOwn(ORDER, name)) return [];
  const onDemand = MACHINES[machine].market !== "spot";
  return (ORDER[name] ?? []).flatMap((id) => {
    const usualMs = USUAL[id];
    return usualMs && !(onDemand && id === "release") ? [{ id, title: STEPS[id], usualMs }] : [];
  });
}
