/** How long a machine has been idle and when auto-stop will strike, by the Lambda's rule (mission.md, "Auto-stop"). */

import type { Machine } from "../model.ts";
import type { CpuHour } from "../state.ts";
import { HOUR } from "./ages.ts";

/** Idle hours in a row after which a dev server is stopped. */
export const IDLE_HOURS = 12;
/** An hour is idle when its highest CPUUtilization is below this many percent. */
export const IDLE_BELOW_PERCENT = 5;

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
 * Gives undefined for a machine that does not run or without figures.
 */
export function idleness(machine: Machine, hours: readonly CpuHour[] | undefined): Idle | undefined {
  const { instance, spec } = machine;
  const newest = hours?.at(-1);
  if (!hours || !newest || instance?.state !== "running") return undefined;
  let count = 0;
  let since: number | undefined;
  for (const hour of hours.toReversed()) {
    // Only an hour that lies wholly after the launch and has a figure can be an idle one.
    if (hour.start < instance.launchedAt || hour.maximum === undefined || hour.maximum >= IDLE_BELOW_PERCENT) break;
    if (since !== undefined && hour.start !== since - HOUR) break;
    count += 1;
    since = hour.start;
  }
  const end = newest.start + HOUR;
  const countingFrom = since ?? Math.max(end, Math.ceil(instance.launchedAt / HOUR) * HOUR);
  return {
    hours: count,
    since,
    autoStopAt: spec.autoStop ? Math.max(end, countingFrom + IDLE_HOURS * HOUR) : undefined,
  };
}
