/** Since when things are as they are, as far as AWS says or this process has seen. */

import { stateWords } from "../../ops/fleet/derive/words.ts";
import type { MachineName } from "../../ops/fleet/machines.ts";
import type { Machine } from "../../ops/fleet/model.ts";

interface Seen {
  readonly states: Map<MachineName, { readonly text: string; readonly at: number }>;
  refreshing: number | undefined;
}

/** Kept beside the fleet's core and not in a component: the screen comes and goes with what lies over it. */
const memory = new WeakMap<object, Seen>();

function seenOf(core: object): Seen {
  const known = memory.get(core);
  if (known) return known;
  const fresh: Seen = { states: new Map(), refreshing: undefined };
  memory.set(core, fresh);
  return fresh;
}

/**
 * The instant at which the wait for the machine began: its launch, its spot request's last change, else when we first
 * saw it so. Undefined where it is not on its way.
 */
export function stateSince(core: object, machine: Machine, now: number): number | undefined {
  const { instance, spotRequest, spec } = machine;
  const { text, tone } = stateWords(machine);
  const { states } = seenOf(core);
  if (states.get(spec.name)?.text !== text) states.set(spec.name, { text, at: now });
  if (tone !== "busy") return undefined;
  const told = instance?.state === "pending" ? instance.launchedAt : spotRequest?.statusAt;
  return Math.min(now, told ?? states.get(spec.name)?.at ?? now);
}

/** For how many milliseconds the refresh that is under way has been seen to take; 0 where none is. */
export function refreshingFor(core: object, refreshing: boolean, now: number): number {
  const seen = seenOf(core);
  if (!refreshing) seen.refreshing = undefined;
  else seen.refreshing ??= now;
  return seen.refreshing === undefined ? 0 : now - seen.refreshing;
}
