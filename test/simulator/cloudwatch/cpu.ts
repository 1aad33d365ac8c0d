/** CPU histories of the simulated machines: five-minute samples, as EC2's basic monitoring sends them. */

import { type Account, mix, type SimInstance } from "../ec2/account.ts";

export const SAMPLE = 300_000;
const HOUR = 3_600_000;

/** Percent of CPU in the five minutes that begin at `at` (milliseconds since the epoch); undefined: no sample was sent. */
type CpuHistory = (at: number) => number | undefined;

export interface CpuBook {
  /** Gives an instance its history, in place of the one that follows from what it is. */
  readonly set: (instanceId: string, history: CpuHistory) => void;
  /**
   * The same by hours: percent for each clock hour, oldest first, the last one being the hour of `now`; null is an hour
   * without any sample, and so is every hour that is not named.
   */
  readonly setHours: (instanceId: string, hours: readonly (number | null)[], now: number) => void;
  readonly sample: (account: Account, instanceId: string, at: number) => number | undefined;
}

export function cpuBook(): CpuBook {
  const histories = new Map<string, CpuHistory>();
  return {
    set: (instanceId, history) => histories.set(instanceId, history),
    setHours: (instanceId, hours, now) => {
      const last = Math.floor(now / HOUR);
      histories.set(instanceId, (at) => hours[hours.length - 1 - (last - Math.floor(at / HOUR))] ?? undefined);
    },
    sample: (account, instanceId, at) => {
      const given = histories.get(instanceId);
      if (given) return given(at);
      const instance = account.instances[instanceId];
      return instance && ranAt(instance, at) ? usual(instance, at) : undefined;
    },
  };
}

const ranAt = (instance: SimInstance, at: number) =>
  at >= instance.launchedAt && at < (instance.endedAt ?? Number.POSITIVE_INFINITY);

/** Metal compiles in some hours and idles in others; a small machine murmurs. */
function usual(instance: SimInstance, at: number): number {
  const hour = mix(`${instance.id}/${Math.floor(at / HOUR)}`) % 100;
  const noise = (mix(`${instance.id}/${at}`) % 1000) / 1000;
  if (!instance.type.endsWith(".metal")) return 0.8 + noise * 4 + (hour < 10 ? 15 * noise : 0);
  return hour < 45 ? 5 + (hour + 40) * noise : 0.2 + noise * 2.5;
}
