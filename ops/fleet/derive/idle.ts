/** How long a machine has been idle and when auto-stop will strike: the Lambda's own rule, asked of what the cockpit knows. */

import { IDLE_HOURS, outlook } from "../../../terraform/auto-stop/rule.ts";
import type { Machine } from "../model.ts";
import type { CpuHour, Lately } from "../state.ts";
import { HOUR } from "./ages.ts";

export interface Idle {
  /** Whole idle hours in a row, up to the newest that CloudWatch has. */
  readonly hours: number;
  /** When that idleness began; absent where the newest hour was busy or unknown. */
  readonly since: number | undefined;
  /** When auto-stop strikes if nothing happens until then; absent for a machine that it does not watch. */
  readonly autoStopAt: number | undefined;
}

/**
 * @param hours whole hours, oldest first, from MetricsState
 * @param lately what is known of the hour that is not over, and of people at work
 * Gives undefined for a machine that does not run or without figures.
 */
export function idleness(machine: Machine, hours: readonly CpuHour[] | undefined, lately?: Lately): Idle | undefined {
  const { instance, spec } = machine;
  const newest = hours?.at(-1);
  if (!hours || !newest || instance?.state !== "running") return undefined;
  const asOf = newest.start + HOUR;
  const known = [...hours, { start: asOf, maximum: lately?.peak }];
  const peaks = new Map(
    known.flatMap(({ start, maximum }) => (maximum === undefined ? [] : [[start, maximum] as const])),
  );
  const history = { launchedAt: instance.launchedAt, peaks, busyAt: lately?.busyAt };
  const { since, stopsAt } = outlook(history, instance.launchedAt, asOf, IDLE_HOURS);
  return {
    hours: since === undefined ? 0 : Math.floor((asOf - since) / HOUR),
    since,
    autoStopAt: spec.autoStop ? stopsAt : undefined,
  };
}
