/** Whether a key would do something now, and if not, why: for the footer, the help and the toast after a press. */

import type { Machine } from "../../ops/fleet/model.ts";
import type { Command } from "./registry.ts";

export type Availability = { readonly ok: true } | { readonly ok: false; readonly reason: string };

const YES: Availability = { ok: true };
const no = (reason: string): Availability => ({ ok: false, reason });

/**
 * Whether `command` would act on `machine` (undefined: nothing was observed yet). Nothing here depends on being signed
 * in: an operation that needs it asks for it by itself.
 */
export function availability(command: Command, machine: Machine | undefined): Availability {
  switch (command) {
    case "open":
    case "power":
      return machine ? living(machine) : no("no machine has been seen yet");
    case "swap":
      return machine ? swappable(machine) : no("no machine has been seen yet");
    case "kernel":
      return machine ? buildable(machine) : no("no machine has been seen yet");
    default:
      return YES;
  }
}

function buildable(machine: Machine): Availability {
  // kernel.md: 2 vCPUs, and it is no hypervisor.
  if (machine.spec.name === "jumpbox") return no("the jumpbox builds no kernels");
  return living(machine);
}

function living(machine: Machine): Availability {
  const { instance, spec } = machine;
  if (!instance) return no(`there is no ${spec.name} in this account`);
  if (instance.state === "terminated" || instance.state === "shutting-down") return no(`${spec.name} is terminated`);
  return YES;
}

function swappable(machine: Machine): Availability {
  const { spec, rootKind, persistent } = machine;
  if (spec.market !== "spot") return no(`${spec.name} is not a spot machine: nothing replaces its root volume`);
  if (!persistent) return no(`no persistent root volume is recorded for ${spec.name}`);
  const alive = living(machine);
  if (!alive.ok) return alive;
  return rootKind === "persistent" && machine.instance?.state === "running" && machine.addressPlace === "here"
    ? no(`${spec.name} runs on its persistent volume already`)
    : YES;
}
