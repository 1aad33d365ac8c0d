/** Every action, one literal each: what Make, the command line and the cockpit's keys, footer and help go by. */

import { connectOperation } from "./database/connect.ts";
import { MACHINE_NAMES, MACHINES, type MachineName, type MachineSpec } from "./fleet/machines.ts";
import type { InstanceState, Machine } from "./fleet/model.ts";
import { buildKernel } from "./kernel/build.ts";
import { kindsFor } from "./kernel/question.ts";
import { startMachine, stopMachine, swapMachine } from "./machine/operations.ts";
import { connectMachine } from "./machine/prerequisites.ts";
import { machineTools } from "./machine/tools.ts";
import type { Operation } from "./operation/types.ts";
import type { Ops } from "./ops.ts";
import { sshHandover } from "./ssh/direct.ts";
import { cleanPlainSsh, pipeTo, setUpPlainSsh } from "./ssh/plain-operations.ts";
import { printStatus, printStatusJson } from "./status.ts";
import { applyOperation, planOperation } from "./terraform/apply.ts";
import { destroyOperation } from "./terraform/destroy.ts";
import { initOperation } from "./terraform/init.ts";
import { shellOperation } from "./terraform/shell.ts";
import { formatOperation, imageOperation, outputOperation, validateOperation } from "./terraform/small.ts";

interface Told {
  /** What a person types after `make`, with `-MACHINE` behind it where it is a machine's; absent: the cockpit's alone. */
  readonly target?: string;
  /** What it does, in half a sentence. */
  readonly help: string;
  /** The keys that mean it on the cockpit's first screen; two actions of one key are never to be had at the same time. */
  readonly keys?: readonly string[];
  /** One or two words for the footer. */
  readonly label?: string;
  /** It asks nothing of any account. */
  readonly offline?: true;
}

interface MachineAction extends Told {
  readonly scope: "machine";
  /** Why a machine of this kind can never have it. */
  readonly notFor?: (spec: MachineSpec) => string | undefined;
  /** Why it cannot be had of a machine that is there and as it was seen last. */
  readonly notNow?: (machine: Machine) => string | undefined;
  readonly makes: (ops: Ops, machine: MachineName) => Operation;
}

interface AccountAction extends Told {
  readonly scope: "account";
  readonly makes: (ops: Ops) => Operation;
}

/** Says something and changes nothing: lines for a pipe, no run. */
interface Report extends Told {
  readonly scope: "report";
  readonly prints: (ops: Ops, signal: AbortSignal) => Promise<readonly string[]>;
}

export type Action = MachineAction | AccountAction | Report;

const TABLE = {
  status: {
    target: "status",
    help: "the three machines as a plain table",
    scope: "report",
    prints: printStatus,
  },
  "status-json": {
    target: "status-json",
    help: "the same for a script, as JSON",
    scope: "report",
    prints: printStatusJson,
  },
  ssh: {
    target: "ssh",
    help: "a shell on the machine, whatever has to happen first",
    keys: ["enter", "right"],
    label: "ssh",
    scope: "machine",
    makes: (ops, machine) => {
      const connect = connectMachine(machine, machineTools(ops));
      const handover = () => {
        const address = connect.address();
        return address ? sshHandover(ops.environment, ops.access.channel, machine, address) : undefined;
      };
      return { ...connect, handover };
    },
  },
  pipe: {
    help: "what ssh arm-up calls: it brings the machine up, then connects",
    scope: "machine",
    makes: (ops, machine) => pipeTo(ops, machine, connectMachine(machine, machineTools(ops))),
  },
  "ssh-config": {
    target: "ssh-config",
    help: "let plain ssh, scp, rsync, git and editors know the machines: ssh arm, ssh arm-up",
    scope: "account",
    makes: setUpPlainSsh,
  },
  "clean-ssh": {
    target: "clean-ssh",
    help: "take that out of ~/.ssh again",
    offline: true,
    scope: "account",
    makes: cleanPlainSsh,
  },
  swap: {
    target: "swap",
    help: "put your disk back in, after AWS recreated the machine",
    keys: ["s"],
    label: "swap",
    scope: "machine",
    notFor: ({ name, market }) =>
      market === "spot" ? undefined : `${name} is not a spot machine: nothing replaces its root volume`,
    notNow: ({ spec, persistent, rootKind, instance, addressPlace }) => {
      if (!persistent) return `no persistent root volume is recorded for ${spec.name}`;
      // One that would be deleted with the machine is set to be kept by the same key.
      const isKept = persistent.volume?.attachments.every(({ deleteOnTermination }) => !deleteOnTermination);
      const whole = rootKind === "persistent" && isKept && instance?.state === "running" && addressPlace === "here";
      return whole ? `${spec.name} runs on your disk already` : undefined;
    },
    makes: (ops, machine) => swapMachine(machine, machineTools(ops)),
  },
  start: {
    target: "start",
    help: "start the machine",
    keys: ["p"],
    label: "start",
    scope: "machine",
    notNow: (machine) => (isUp(machine) ? alreadySo(machine) : undefined),
    makes: (ops, machine) => startMachine(machine, machineTools(ops)),
  },
  stop: {
    target: "stop",
    help: "stop the machine",
    keys: ["p"],
    label: "stop",
    scope: "machine",
    notNow: (machine) => (isUp(machine) ? undefined : alreadySo(machine)),
    makes: (ops, machine) => stopMachine(machine, machineTools(ops)),
  },
  kernel: {
    help: "build a patched kernel on the machine, for its guests or for itself",
    keys: ["k"],
    label: "kernel",
    scope: "machine",
    notFor: ({ name, buildsKernels }) => (buildsKernels ? undefined : `${name} builds no kernels`),
    makes: (ops, machine) => buildKernel(machine, { kind: undefined }, ops),
  },
  "kernel-guest": {
    target: "kernel",
    help: "build the guest kernel on the machine",
    scope: "machine",
    notFor: ({ name, buildsKernels }) => (buildsKernels ? undefined : `${name} builds no kernels`),
    makes: (ops, machine) => buildKernel(machine, { kind: "guest" }, ops),
  },
  "kernel-host": {
    target: "kernel-host",
    help: "build the machine's own kernel, and try it by one boot",
    scope: "machine",
    notFor: (spec) => (kindsFor(spec).includes("host") ? undefined : `${spec.name} needs no kernel of its own`),
    makes: (ops, machine) => buildKernel(machine, { kind: "host" }, ops),
  },
  apply: {
    target: "apply",
    help: "plan, ask, apply: all of it from a cold start",
    keys: ["a"],
    label: "apply",
    scope: "account",
    makes: applyOperation,
  },
  login: {
    target: "login",
    help: "sign in by device code",
    keys: ["l"],
    label: "sign in",
    scope: "account",
    makes: (ops) => ops.signIn.login(),
  },
  connect: {
    target: "connect",
    help: "the database client, signed in by IAM",
    keys: ["d"],
    label: "database",
    scope: "account",
    makes: connectOperation,
  },
  plan: { target: "plan", help: "show what apply would change", scope: "account", makes: planOperation },
  destroy: {
    target: "destroy",
    help: "take the machines away; data and addresses stay",
    scope: "account",
    makes: destroyOperation,
  },
  init: {
    target: "init",
    help: "prepare Terraform: state bucket, backend, providers",
    scope: "account",
    makes: initOperation,
  },
  output: { target: "output", help: "what Terraform's outputs say", scope: "account", makes: outputOperation },
  validate: {
    target: "validate",
    help: "check terraform/ for errors",
    offline: true,
    scope: "account",
    makes: validateOperation,
  },
  shell: { target: "shell", help: "a shell in the container, signed in", scope: "account", makes: shellOperation },
  fmt: { target: "fmt", help: "format terraform/", offline: true, scope: "account", makes: formatOperation },
  image: {
    help: "build the container image, where the Dockerfile changed",
    offline: true,
    scope: "account",
    makes: imageOperation,
  },
} satisfies Readonly<Record<string, Action>>;

export type ActionName = keyof typeof TABLE;

export const ACTIONS: Readonly<Record<ActionName, Action>> = TABLE;
export const ACTION_NAMES = Object.keys(TABLE) as readonly ActionName[];

export function isActionName(name: string | undefined): name is ActionName {
  return name !== undefined && Object.hasOwn(TABLE, name);
}

/** The operation of an action; undefined for what only reports. One of the account takes no notice of the machine. */
export function operationOf(name: ActionName, ops: Ops, machine: MachineName): Operation | undefined {
  const action = ACTIONS[name];
  if (action.scope === "report") return undefined;
  return action.scope === "machine" ? action.makes(ops, machine) : action.makes(ops);
}

/** The machines that can have the action, as Make targets call them; none where it is no machine's. */
export function machinesFor(name: ActionName): readonly string[] {
  const action = ACTIONS[name];
  if (action.scope !== "machine") return [];
  return MACHINE_NAMES.map((machine) => MACHINES[machine])
    .filter((spec) => action.notFor?.(spec) === undefined)
    .map(({ short }) => short);
}

/**
 * Why the action cannot be had now, as part of a sentence; undefined where it can. Nothing here depends on being signed
 * in: an operation that needs it asks for it by itself.
 * @param machine as it was seen last; undefined: nothing has been seen yet
 */
export function whyNot(name: ActionName, machine: Machine | undefined): string | undefined {
  const action = ACTIONS[name];
  if (action.scope !== "machine") return undefined;
  if (!machine) return "no machine has been seen yet";
  return action.notFor?.(machine.spec) ?? notThere(machine) ?? action.notNow?.(machine);
}

function notThere({ instance, spec }: Machine): string | undefined {
  if (!instance) return `there is no ${spec.name} in this account`;
  if (instance.state === "terminated" || instance.state === "shutting-down") return `${spec.name} is terminated`;
  return undefined;
}

function isUp({ instance }: Machine): boolean {
  return instance?.state === "running" || instance?.state === "pending";
}

function alreadySo({ spec, instance }: Machine): string {
  return `${spec.name} is ${STATE_WORDS[instance?.state ?? "stopped"]} already`;
}

const STATE_WORDS: Readonly<Record<InstanceState, string>> = {
  pending: "starting",
  running: "running",
  stopping: "stopping",
  stopped: "stopped",
  "shutting-down": "terminated",
  terminated: "terminated",
};
