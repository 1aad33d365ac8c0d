/** What the observing cores hold for whoever draws or decides. */

import type { Failure } from "../failure.ts";
import type { MachineName } from "./machines.ts";
import type { Fleet } from "./model.ts";

export interface FleetState {
  /** The last good observation; absent only before the very first one. */
  readonly fleet: Fleet | undefined;
  /** `stored`: painted from disk, not seen by this process yet. */
  readonly source: "stored" | "live" | "none";
  readonly refreshing: boolean;
  /** Why the newest refresh failed; absent as soon as one succeeds. */
  readonly failure: Failure | undefined;
  /** When the next refresh is due, by the monotonic clock; absent while one is under way or the loop stands still. */
  readonly nextAt: number | undefined;
}

export interface CpuHour {
  /** The hour's beginning. */
  readonly start: number;
  /** The highest CPUUtilization of that hour in percent; absent where CloudWatch has none: a missing hour is not an idle hour. */
  readonly maximum: number | undefined;
}

/** What auto-stop goes by beside whole hours. */
export interface Lately {
  /** The highest CPUUtilization of the hour that is not over, in percent; absent where CloudWatch has none yet. */
  readonly peak: number | undefined;
  /** When the machine last said that somebody is at work on it, within the last 12 hours. */
  readonly busyAt: number | undefined;
}

/** Slower than the fleet: CPU and prices. */
export interface MetricsState {
  /** The last 12 whole-hour windows, oldest first, by machine. */
  readonly cpu: Readonly<Partial<Record<MachineName, readonly CpuHour[]>>>;
  readonly lately?: Readonly<Partial<Record<MachineName, Lately>>>;
  /** Current spot price, US dollars an hour. */
  readonly spotPerHour: Readonly<Partial<Record<MachineName, number>>>;
  /** The highest of every six hours of the last week, the oldest first. */
  readonly spotWeek?: Readonly<Partial<Record<MachineName, readonly number[]>>>;
  readonly at: number | undefined;
  readonly failure: Failure | undefined;
}
