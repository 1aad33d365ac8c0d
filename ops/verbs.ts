/** Every action as data: what Make, the command line and the cockpit's keys all go by. */

import { connectOperation } from "./database/connect.ts";
import type { MachineName } from "./fleet/machines.ts";
import { buildKernel } from "./kernel/build.ts";
import type { KernelKind } from "./kernel/view.ts";
import { startMachine, stopMachine, swapMachine } from "./machine/operations.ts";
import { CONNECT_NEEDS, connectMachine, type Need } from "./machine/prerequisites.ts";
import { machineTools } from "./machine/tools.ts";
import type { Handover } from "./operation/handover.ts";
import type { Operation } from "./operation/types.ts";
import type { Ops } from "./ops.ts";
import { sshHandover } from "./ssh/direct.ts";
import { applyOperation, planOperation } from "./terraform/apply.ts";
import { destroyOperation } from "./terraform/destroy.ts";
import { initOperation } from "./terraform/init.ts";
import { shellOperation } from "./terraform/shell.ts";
import { formatOperation, imageOperation, outputOperation, validateOperation } from "./terraform/small.ts";

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
  ssh: {
    help: "open a shell on a machine, whatever has to happen first",
    scope: "machine",
    needs: CONNECT_NEEDS,
    confirm: "simple",
    create: (ops, machine) => {
      const connect = connectMachine(machine, machineTools(ops));
      const handover = (): Handover | undefined => {
        const address = connect.address();
        return address ? sshHandover(ops.environment, ops.access.channel, machine, address) : undefined;
      };
      return { ...connect, handover };
    },
  },
  start: {
    help: "start a machine",
    scope: "machine",
    needs: ["signed-in"],
    confirm: "simple",
    create: (ops, machine) => startMachine(machine, machineTools(ops)),
  },
  stop: {
    help: "stop a machine",
    scope: "machine",
    needs: ["signed-in"],
    confirm: "simple",
    create: (ops, machine) => stopMachine(machine, machineTools(ops)),
  },
  swap: {
    help: "give a recreated machine its persistent root volume back",
    scope: "machine",
    needs: ["signed-in"],
    confirm: "simple",
    create: (ops, machine) => swapMachine(machine, machineTools(ops)),
  },
  kernel: kernelVerb("build a kernel on the machine, guest or host", undefined),
  "kernel-guest": kernelVerb("build the guest kernel, a Firecracker microVM's image", "guest"),
  "kernel-host": kernelVerb("build the machine's own kernel, and try it by one boot", "host"),
  image: account("build the container image, where the Dockerfile changed", "none", imageOperation),
  init: account("prepare Terraform: image, session, state bucket, backend", "none", initOperation),
  plan: account("show what apply would change", "none", planOperation),
  apply: account("plan, ask, apply: all of it from a cold start", "simple", applyOperation),
  destroy: account("take the machines away; data and addresses stay", "dangerous", destroyOperation),
  output: account("what Terraform's outputs say", "none", outputOperation),
  fmt: account("format terraform/", "none", formatOperation),
  shell: account("a shell in the container, signed in", "none", shellOperation),
  connect: account("the database client, signed in by IAM", "none", connectOperation),
  validate: account("check terraform/ for errors", "none", validateOperation),
};

/** A kernel build; without a kind it asks which. */
function kernelVerb(help: string, kind: KernelKind | undefined): Verb {
  return {
    help,
    scope: "machine",
    needs: CONNECT_NEEDS,
    confirm: "simple",
    create: (ops, machine) => buildKernel(machine, { kind }, ops),
  };
}

/** A verb of the whole account that brings about by itself what it needs. */
function account(help: string, confirm: Verb["confirm"], create: (ops: Ops) => Operation): Verb {
  return { help, scope: "account", needs: [], confirm, create };
}
