/** The command line as a function: arguments in, lines out, an exit status back. */

import { setTimeout } from "node:timers/promises";
import { ACTION_NAMES, ACTIONS, type Action, isActionName, machinesFor } from "./actions.ts";
import { endpointOf } from "./aws/endpoint.ts";
import { explain } from "./aws/errors.ts";
import type { ComposedOps } from "./compose.ts";
import type { Failure } from "./failure.ts";
import { isMachineName, MACHINE_NAMES, MACHINES, type MachineName } from "./fleet/machines.ts";
import { giveTerminal, handsOver } from "./operation/handover.ts";
import type { Run } from "./operation/run.ts";
import type { Operation } from "./operation/types.ts";
import { plainText } from "./plain.ts";
import { exitStatus, INTERRUPTED, type Lines, writeRun } from "./run-lines.ts";

interface CommandLine {
  /** Runs `arguments_` (a verb, and a machine where the verb wants one) to its end and gives the exit status. */
  readonly run: (arguments_: readonly string[]) => Promise<number>;
  /** Ctrl+C: the first asks what runs to stop; false where nothing runs that could, and so the program is to be left. */
  readonly interrupt: () => boolean;
  /** The terminal was closed, or the computer shuts down: true where what runs is to be asked to stop first. */
  readonly mindsLeaving: () => boolean;
}

export function createCommandLine(ops: ComposedOps, lines: Lines): CommandLine {
  const followed = new Set<Run>();
  const looking = new AbortController();

  /** Also those runs that others start: a sign-in that turns out to be needed in the middle. */
  const follow = () => {
    for (const run of ops.operations.get()) {
      if (followed.has(run)) continue;
      followed.add(run);
      void writeRun(run, lines);
    }
  };

  const say = ({ sentence, action }: Failure) => lines.err(plainText([sentence, action].filter(Boolean).join(" ")));

  const perform = async (operation: Operation): Promise<number> => {
    const unsubscribe = ops.operations.subscribe(follow);
    try {
      const outcome = await ops.operations.start(operation).finished;
      const handover = outcome.status === "done" && handsOver(operation) ? operation.handover() : undefined;
      if (!handover) return exitStatus(outcome, looking.signal.aborted);
      const { code, failure } = await giveTerminal(handover);
      if (failure) say(failure);
      return code;
    } finally {
      unsubscribe();
    }
  };

  /** What is to be done; undefined where `target` is not what the action wants. */
  const taskOf = (action: Action, target: string | undefined): (() => Promise<number>) | undefined => {
    const machine = machineOf(target);
    if (action.scope === "machine") return machine && (() => perform(action.makes(ops, machine)));
    if (target !== undefined) return undefined;
    if (action.scope === "account") return () => perform(action.makes(ops));
    return async () => {
      for (const line of await action.prints(ops, looking.signal)) lines.out(line);
      return 0;
    };
  };

  const run = async ([name, target, ...rest]: readonly string[]): Promise<number> => {
    const action = isActionName(name) && rest.length === 0 ? ACTIONS[name] : undefined;
    const task = action && taskOf(action, target);
    if (!task) {
      for (const line of usage()) lines.err(line);
      return 1;
    }
    if (ops.environment.unkept) say(ops.environment.unkept);
    if (!action.offline) lines.err(await whose(ops));
    return looking.signal.aborted ? INTERRUPTED : task();
  };

  return {
    run: async (arguments_) => {
      try {
        return await run(arguments_);
      } catch (error) {
        if (looking.signal.aborted) return INTERRUPTED;
        say(explain(error));
        return 1;
      } finally {
        await ops.stop();
      }
    },
    interrupt: () => {
      const live = ops.operations.get().filter((one) => !one.get().outcome);
      if (looking.signal.aborted || live.some((one) => one.get().cancelling)) return false;
      looking.abort();
      for (const one of live) one.cancel();
      if (live.length > 0) lines.err("Stopping after the current call. Ctrl+C again leaves at once.");
      return true;
    },
    mindsLeaving: () => ops.operations.get().some((one) => !one.get().outcome && !one.get().harmlessToDrop),
  };
}

/** Longer than this (milliseconds) nothing is held up to say whose account it is. */
const WHOSE_WITHIN = 3000;

/** Real and simulated are never taken for each other: the first line of every verb that asks anything of an account. */
export async function whose({ environment, signIn }: Pick<ComposedOps, "environment" | "signIn">): Promise<string> {
  const known = await Promise.race([signIn.check(), setTimeout(WHOSE_WITHIN, signIn.get(), { ref: false })]);
  const endpoint = endpointOf(environment, "EC2");
  const kind = environment.demo
    ? "DEMO"
    : endpoint
      ? `NOT AWS but ${URL.parse(endpoint)?.host ?? "an endpoint that is no address"}:`
      : "REAL";
  if (known.status === "signed-in") {
    const { account, role } = known.identity;
    return plainText(`${kind} account ${account}, as ${role}`);
  }
  return `${kind} account, ${known.status === "signed-out" ? "nobody is signed in" : "no word yet of who is signed in"}`;
}

/** By its name or by what Make targets call it. */
function machineOf(word: string | undefined): MachineName | undefined {
  return isMachineName(word) ? word : MACHINE_NAMES.find((name) => MACHINES[name].short === word);
}

function usage(): readonly string[] {
  return [
    "This is what Make calls; `make help` lists the targets.",
    ...ACTION_NAMES.map(
      (name) => `  ${[name, machinesFor(name).join("|")].join(" ").padEnd(28)} ${ACTIONS[name].help}`,
    ),
  ];
}
