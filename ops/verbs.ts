/** Every action as data: what Make, the command line and the cockpit's keys all go by. */

import type { MachineName } from "./fleet/machines.ts";
import type { Operation } from "./operation/types.ts";
import type { Ops } from "./ops.ts";

/** What has to be so before an action can be taken, in the order in which it is brought about. */
export type Need = "signed-in" | "persistent-root" | "running" | "address" | "ssh";

export interface Verb {
  /** One line for `make help` and the overlay. */
  readonly help: string;
  /** `machine`: it is asked for with a machine's name. */
  readonly scope: "machine" | "account";
  readonly needs: readonly Need[];
  /** How a person confirms it: not at all, by yes or no, or (dangerous) by typing a name. The operation asks. */
  readonly confirm: "none" | "simple" | "dangerous";
  /** Makes the operation; one of scope `account` takes no notice of the machine. */
  readonly create: (ops: Ops, machine: MachineName) => Operation;
}

/** By the verb, as in the Make target. */
export const VERBS: Readonly<Record<string, Verb>> = {
  login: {
    help: "sign in by device code",
    scope: "account",
    needs: [],
    confirm: "none",
    create: (ops) => ops.signIn.login(),
  },
};
