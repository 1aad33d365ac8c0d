/** Since when a machine has been in the state that it is in, as far as AWS says or this process has seen. */

import { stateWords } from "../../ops/fleet/derive/words.ts";
import type { MachineName } from "../../ops/fleet/machines.ts";
import type { Machine } from "../../ops/fleet/model.ts";

interface Seen {
  readonly text: string;
  readonly at: number;
}

/** Kept beside the fleet's core and not in a component: the screen comes and goes with what lies over it. */
const seen = new WeakMap<object, Map<MachineName, Seen>>();

/**
 * The instant at which the wait for the machine began: its launch, its spot request's last change, else when we first
 * saw it so. Undefined where it is not on its way.
 */
export function stateSince(core: object, machine: Machine, now: number): number | undefined {
  const { instance, spotRequest, spec } = machine;
  const { text, tone } = stateWords(machine);
  const states = seen.get(core) ?? new Map<MachineName, Seen>();
  seen.set(core, states);
  if (states.get(spec.name)?.text !== text) states.set(spec.name, { text, at: now });
  if (tone !== "busy") return undefined;
  const told = instance?.state === "pending" ? instance.launchedAt : spotRequest?.statusAt;
  return Math.min(now, told ?? states.get(spec.name)?.at ?? now);
}
