/** The fleet for a script: `make status-json`. Names and units stay as they are; what is not known is null. */

import { machineCost } from "./fleet/derive/cost.ts";
import { idleness } from "./fleet/derive/idle.ts";
import { MACHINE_NAMES } from "./fleet/machines.ts";
import type { Fleet, Machine } from "./fleet/model.ts";
import type { MetricsState } from "./fleet/state.ts";
import { allHeadlines } from "./machine/headlines.ts";

export type Figures = Pick<MetricsState, "cpu" | "lately" | "spotPerHour">;

/** One JSON object as lines. Times are ISO 8601 in UTC, money US dollars. */
export function statusJson(fleet: Fleet, figures: Figures): readonly string[] {
  const told = {
    at: time(fleet.observation.at),
    machines: MACHINE_NAMES.map((name) => machineJson(fleet.machines[name], figures)),
    unattachedVolumes: fleet.orphans.map(({ id, sizeGiB }) => ({ id, sizeGiB })),
    notices: allHeadlines(fleet).map(({ severity, machine, sentence, action }) => ({
      severity,
      machine: machine ?? null,
      sentence,
      action: action ?? null,
    })),
  };
  return JSON.stringify(told, null, 2).split("\n");
}

function machineJson(machine: Machine, figures: Figures) {
  const { spec, instance, address, addressPlace, root, rootKind, persistent, spotRequest } = machine;
  const { perHour, stoppedPerMonth } = machineCost(machine, figures.spotPerHour[spec.name]);
  const idle = idleness(machine, figures.cpu[spec.name], figures.lately?.[spec.name]);
  return {
    name: spec.name,
    target: spec.short,
    state: instance?.state ?? null,
    instanceId: instance?.id ?? null,
    type: instance?.type ?? spec.instanceType,
    zone: instance?.availabilityZone ?? null,
    address: address?.publicIp ?? instance?.publicIp ?? null,
    addressIsHere: address ? addressPlace === "here" : null,
    upSince: instance?.state === "running" && instance.launchedAt > 0 ? time(instance.launchedAt) : null,
    idleSince: idle?.since === undefined ? null : time(idle.since),
    root: root ? { id: root.id, isTemporary: rootKind === "temporary" } : null,
    ownDisk: persistent?.volumeId ?? null,
    spotRequest: spotRequest?.id ?? null,
    costPerHour: rounded(perHour),
    costPerMonthStopped: rounded(stoppedPerMonth),
  };
}

function time(at: number): string {
  return new Date(at).toISOString();
}

/** To a hundredth of a cent. */
function rounded(amount: number | undefined): number | null {
  return amount === undefined ? null : Math.round(amount * 10_000) / 10_000;
}
