/**
 * When an idle dev server is stopped, and when it will be (mission.md, "Auto-stop"). Pure: what is known of one machine in,
 * a verdict out. The Lambda acts by it and the cockpit foretells by it, so that neither can say what the other denies.
 */

export const HOUR = 3_600_000;

/** Idle hours in a row after which a dev server is stopped. */
export const IDLE_HOURS = 12;

/** An hour whose highest CPUUtilization is below this many percent is an idle one. */
export const IDLE_BELOW_PERCENT = 5;

/** The minute of each hour at which the Lambda looks (dev-auto-stop-lambda.tf): CloudWatch then has all of the hour before. */
export const LOOKS_AT_MINUTE = 20;

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

interface Outlook {
  /** When the idleness that goes on began; absent where there is none. */
  readonly since: number | undefined;
  /** When the machine is stopped if nothing happens until then: the Lambda's first look at which the rule holds. */
  readonly stopsAt: number;
}

const isIdle = (peak: number | undefined) => peak !== undefined && peak < IDLE_BELOW_PERCENT;
const hourOf = (time: number) => Math.floor(time / HOUR) * HOUR;

/**
 * Stops where each of the last `idleHours` whole clock hours lies after the launch, has figures and peaked below 5 %, where
 * nobody said in as long that somebody is at work, and nothing has happened since. A missing hour is not an idle hour:
 * CloudWatch's silence proves nothing.
 */
export function verdict(history: History, now: number, idleHours: number): Verdict {
  const keep = (because: string): Verdict => ({ stop: false, because });
  if (history.state !== "running") return keep(`It is ${history.state ?? "in no known state"}.`);
  if (history.launchedAt === undefined) return keep("Its launch time is not known.");
  if (ripeAt(history, history.launchedAt, now, idleHours) > now) {
    return keep(reason({ ...history, launchedAt: history.launchedAt }, now, idleHours));
  }
  return {
    stop: true,
    because: `Its CPU stayed under ${IDLE_BELOW_PERCENT} % in every one of the last ${idleHours} hours, and nobody was at work on it.`,
  };
}

/** What is to come of a machine that runs and was started at `launchedAt`, by what was known at `now`. */
export function outlook(history: Omit<History, "state">, launchedAt: number, now: number, idleHours: number): Outlook {
  const quiet = quietSince(history.peaks, launchedAt, now);
  const worked = history.busyAt ?? Number.NEGATIVE_INFINITY;
  const since = quiet === undefined || worked >= hourOf(now) ? undefined : Math.max(quiet, worked);
  return { since, stopsAt: nextLook(ripeAt(history, launchedAt, now, idleHours)) };
}

/** When the rule holds, if nothing happens until then: idleness begins anew where work of any kind ended. */
function ripeAt(
  { peaks, busyAt }: Pick<History, "peaks" | "busyAt">,
  launchedAt: number,
  now: number,
  hours: number,
): number {
  const current = hourOf(now);
  const begins = quietSince(peaks, launchedAt, now) ?? Math.max(current, Math.ceil(launchedAt / HOUR) * HOUR);
  const peak = peaks.get(current);
  // The current hour is not over: it can only speak against a stop.
  const counted = peak === undefined || isIdle(peak) ? begins : current + HOUR;
  return Math.max(counted, busyAt ?? Number.NEGATIVE_INFINITY) + hours * HOUR;
}

/** The beginning of the idle hours in a row that end with the newest whole one; undefined where that one is not idle. */
function quietSince(peaks: ReadonlyMap<number, number>, launchedAt: number, now: number): number | undefined {
  const current = hourOf(now);
  let since = current;
  while (since - HOUR >= launchedAt && isIdle(peaks.get(since - HOUR))) since -= HOUR;
  const peak = peaks.get(current);
  return since === current || !(peak === undefined || isIdle(peak)) ? undefined : since;
}

function nextLook(time: number): number {
  const look = hourOf(time) + LOOKS_AT_MINUTE * 60_000;
  return look >= time ? look : look + HOUR;
}

function reason(
  { launchedAt, peaks, busyAt }: History & { launchedAt: number },
  now: number,
  idleHours: number,
): string {
  const clock = (time: number) => new Date(time).toISOString().slice(0, 16);
  if (busyAt !== undefined && busyAt + idleHours * HOUR > now) {
    return `Somebody was at work on it, or it was building a kernel, at ${clock(busyAt)} UTC.`;
  }
  const current = hourOf(now);
  const first = current - idleHours * HOUR;
  if (launchedAt > first) return `It was started less than ${idleHours} whole hours ago.`;
  for (let hour = first; hour <= current; hour += HOUR) {
    const peak = peaks.get(hour);
    if (peak !== undefined && !isIdle(peak)) {
      return `Its CPU peaked at ${peak.toFixed(1)} % in the hour from ${clock(hour)} UTC.`;
    }
    if (peak === undefined && hour < current) return `CloudWatch has no figures for the hour from ${clock(hour)} UTC.`;
  }
  return "It is not idle.";
}
