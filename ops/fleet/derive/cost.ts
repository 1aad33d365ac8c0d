/** What a machine costs now, and what it costs while it is stopped. US dollars. */

import { isLive } from "../assemble.ts";
import type { Fleet, Machine, Volume } from "../model.ts";
import { ADDRESS_PER_HOUR, HOURS_A_MONTH, volumePerMonth } from "../prices.ts";

export interface MachineCost {
  /** The instance alone, an hour, while it runs: the spot price or the on-demand price. Absent where no spot price is known. */
  readonly instancePerHour: number | undefined;
  /** By how much the spot price is below on-demand: 0.7 is seventy percent; absent on demand or without a spot price. */
  readonly belowOnDemand: number | undefined;
  /** Everything of the machine as it is now, an hour. Absent where it runs and no price is known. */
  readonly perHour: number | undefined;
  /** What stays to be paid while it is stopped: its volumes, also a persistent one left behind, and its address. */
  readonly stoppedPerMonth: number;
  readonly stoppedPerHour: number;
}

/** @param spotPerHour the current spot price in US dollars, from MetricsState */
export function machineCost(machine: Machine, spotPerHour: number | undefined): MachineCost {
  const { instance, spec } = machine;
  const onSpot = (instance?.market ?? spec.market) === "spot";
  const instancePerHour = onSpot ? spotPerHour : spec.onDemandPerHour;
  const volumes = new Map<string, Volume>();
  for (const volume of [machine.root, machine.persistent?.volume, ...machine.dataVolumes]) {
    if (volume) volumes.set(volume.id, volume);
  }
  const storage = [...volumes.values()].reduce((sum, volume) => sum + volumePerMonth(volume), 0);
  const stoppedPerMonth = storage + (machine.address ? ADDRESS_PER_HOUR * HOURS_A_MONTH : 0);
  const stoppedPerHour = stoppedPerMonth / HOURS_A_MONTH;
  return {
    instancePerHour,
    belowOnDemand: onSpot && spotPerHour !== undefined ? 1 - spotPerHour / spec.onDemandPerHour : undefined,
    perHour: !isBilled(machine)
      ? stoppedPerHour
      : instancePerHour === undefined
        ? undefined
        : instancePerHour + stoppedPerHour,
    stoppedPerMonth,
    stoppedPerHour,
  };
}

/** EC2 bills an instance from `running` until it leaves it; one that is stopping may still be billed and counts so. */
function isBilled({ instance }: Machine): boolean {
  return isLive(instance) && (instance?.state === "running" || instance?.state === "stopping");
}

/** What volumes that belong to nothing cost a month. */
export function orphansPerMonth(fleet: Fleet): number {
  return fleet.orphans.reduce((sum, volume) => sum + volumePerMonth(volume), 0);
}

/** "$1.09/h" or "$28.80/month"; small amounts keep the digits that tell. */
export function dollars(amount: number, unit: "h" | "month"): string {
  return `$${amount.toFixed(amount > 0 && amount < 0.1 ? 3 : 2)}/${unit}`;
}
