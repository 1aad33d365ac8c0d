/** This folder: the Lambda that stops what is idle. Not here: anything that the cockpit imports, but for this rule's figures. */
/** When an idle dev server is stopped (mission.md, "Auto-stop"). Pure: what is known of one machine in, a verdict out. */

export const HOUR = 3_600_000;

/** An hour whose highest CPUUtilization is below this many percent is an idle one. */
const IDLE_BELOW_PERCENT = 5;

/** How long a busy signal holds: three of its five-minute periods, and as much again for CloudWatch to show it. */
const BUSY_HOLDS = 30 * 60_000;

/** Times are milliseconds since the epoch. */
export interface History {
  readonly state: string | undefined;
  readonly launchedAt: number | undefined;
  /** Highest CPU percent by the start of each clock hour, the current one included; an hour without figures is absent. */
  readonly peaks: ReadonlyMap<number, number>;
  /** When the machine last said that somebody is at work on it (dev-instance-common.tf, heartbeat_script). */
  readonly busyAt: number | undefined;
}

interface Verdict {
  readonly stop: boolean;
  /** Why, as a sentence for the log and for the message. */
  readonly because: string;
}

/**
 * Stops where each of the last `idleHours` whole clock hours lies after the launch, has figures and peaked below 5 %, and
 * nothing has happened since. A missing hour is not an idle hour: CloudWatch's silence proves nothing.
 */
export function verdict(history: History, now: number, idleHours: number): Verdict {
  const keep = (because: string): Verdict => ({ stop: false, because });
  if (history.state !== "running") return keep(`It is ${history.state ?? "in no known state"}.`);
  if (history.launchedAt === undefined) return keep("Its launch time is not known.");
  if (history.busyAt !== undefined && now - history.busyAt <= BUSY_HOLDS) {
    return keep("Somebody has a terminal open on it, or it is building a kernel.");
  }
  const current = Math.floor(now / HOUR) * HOUR;
  const first = current - idleHours * HOUR;
  if (history.launchedAt > first) return keep(`It was started less than ${idleHours} whole hours ago.`);
  for (let hour = first; hour <= current; hour += HOUR) {
    const peak = history.peaks.get(hour);
    const clock = new Date(hour).toISOString().slice(0, 16);
    if (peak !== undefined && !(peak < IDLE_BELOW_PERCENT)) {
      return keep(`Its CPU peaked at ${peak.toFixed(1)} % in the hour from ${clock} UTC.`);
    }
    // The current hour is not over: it can only speak against a stop.
    if (peak === undefined && hour < current) return keep(`CloudWatch has no figures for the hour from ${clock} UTC.`);
  }
  return {
    stop: true,
    because: `Its CPU stayed under ${IDLE_BELOW_PERCENT} % in every one of the last ${idleHours} hours.`,
  };
}
