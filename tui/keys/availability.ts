/** Why a key would do nothing now: for the footer, the help and the toast after a press. */

import { type ActionName, isActionName, whyNot } from "../../ops/actions.ts";
import type { MachineName } from "../../ops/fleet/machines.ts";
import type { Ops } from "../../ops/ops.ts";
import type { Command } from "./registry.ts";

/** Part of a sentence; undefined where the command would do something. */
export type WhyNot = (command: Command) => string | undefined;

/** What stands in the way of each command of the fleet screen, with `selected` chosen, as far as is known now. */
export function whyNotOn(
  ops: Pick<Ops, "fleet" | "sessions" | "operations" | "environment">,
  selected: MachineName,
): WhyNot {
  const ofAction = (name: ActionName) => whyNot(name, ops.fleet.get().fleet?.machines[selected]);
  return (command) => {
    if (isActionName(command)) return ofAction(command);
    switch (command) {
      case "newSession":
        return ofAction("ssh");
      case "session":
      case "endSession":
        return ops.sessions.get().some(({ machine }) => machine === selected)
          ? undefined
          : `no session is open on ${selected}`;
      case "copyMenu":
      case "console": {
        const { fleet } = ops.fleet.get();
        if (!fleet) return "no machine has been seen yet";
        if (!fleet.machines[selected].instance) return `there is no ${selected} in this account`;
        return command === "console" && ops.environment.demo ? "the demo's account has no page at AWS" : undefined;
      }
      case "orphans": {
        const { fleet } = ops.fleet.get();
        const quiet =
          fleet && fleet.orphans.length + fleet.straySpotRequests.length + fleet.strayInstances.length === 0;
        return quiet ? "no volume is unattached" : undefined;
      }
      case "runs":
        return ops.operations.get().length > 0 ? undefined : "nothing has been run yet";
      default:
        return undefined;
    }
  };
}
