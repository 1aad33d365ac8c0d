/** How long everything takes that happens by itself: the only place where the simulated account knows of durations. */

import { type Account, mix, type Pending, type PendingKind } from "./ec2/account.ts";

/** From, to, in milliseconds. As seen on bare metal; other types take half of it where it depends on the machine. */
export const LATENCIES: Readonly<Record<PendingKind | "boot", readonly [number, number]>> = {
  map: [1_000, 3_000],
  run: [3_000, 8_000],
  /** From `running` to an SSH server that answers. */
  boot: [30_000, 60_000],
  stop: [20_000, 40_000],
  terminate: [20_000, 60_000],
  "forget-instance": [3_600_000, 3_600_000],
  fulfil: [1_000, 3_000],
  /** After a stop about 40 s were publicly measured (aws.md); minutes have been seen. */
  release: [5_000, 60_000],
  restart: [300_000, 600_000],
  relaunch: [20_000, 60_000],
  interrupt: [120_000, 120_000],
  "forget-request": [4 * 3_600_000, 4 * 3_600_000],
  attach: [2_000, 5_000],
  detach: [2_000, 5_000],
  "delete-volume": [1_000, 3_000],
  snapshot: [60_000, 180_000],
};

const MACHINE_BOUND: ReadonlySet<string> = new Set(["run", "boot", "stop", "terminate"]);
/** Tries that are made again when they fail: never at once, however small the scale. */
const RETRIED: ReadonlySet<string> = new Set(["restart", "relaunch"]);
/** How long AWS remembers does not shrink with the scale. */
const UNSCALED: ReadonlySet<string> = new Set(["forget-instance", "forget-request"]);

/** How long a transition takes, in milliseconds of simulated time: scattered over its range, always the same for the same one. */
export function latencyOf(
  account: Account,
  kind: PendingKind | "boot",
  subject: string,
  since: number,
  scale: number,
): number {
  const [from, to] = LATENCIES[kind];
  const scatter = (mix(`${kind}${subject}${since}`) % 1000) / 1000;
  const metal = account.instances[subject]?.type.endsWith(".metal") ?? true;
  const whole = (from + (to - from) * scatter) * (MACHINE_BOUND.has(kind) && !metal ? 0.5 : 1);
  if (UNSCALED.has(kind)) return whole;
  return Math.max(RETRIED.has(kind) ? 1_000 : 0, Math.round(whole * scale));
}

/** When a pending transition will happen. */
export function dueOf(account: Account, pending: Pending, scale: number): number {
  return pending.since + latencyOf(account, pending.kind, pending.subject, pending.since, scale);
}
