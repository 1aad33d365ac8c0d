/** A kernel build as an operation: everything up to a build that runs, then its log to the end, then a host's trial boot. */

import { FailureError } from "../failure.ts";
import { MACHINES, type MachineName } from "../fleet/machines.ts";
import { walk } from "../machine/prerequisites.ts";
import { type MachineTools, machineTools } from "../machine/tools.ts";
import { addressOf, type World, worldOf } from "../machine/world.ts";
import type { Operation, OperationContext, Outcome } from "../operation/types.ts";
import type { Ops } from "../ops.ts";
import { bootOf } from "../ssh/probe.ts";
import { cell } from "../store.ts";
import { bringOver, lookThere, placeOf, type RunThere, saysRunning } from "./bring-over.ts";
import type { KernelSource } from "./inputs.ts";
import { factsCommand, type JobFacts, parseFacts, type Started, startJob } from "./jobs.ts";
import { markStarted } from "./local-log.ts";
import { type Begun, type FollowOps, followOne } from "./one-job.ts";
import { buildQuestion, changesSince, kindsFor, saysBuild } from "./question.ts";
import { commandsOn } from "./reach.ts";
import { readSource } from "./source.ts";
import { trialBoot } from "./trial-boot.ts";
import { parseHealth } from "./trial-boot-hear.ts";
import { trialTools } from "./trial-boot-tools.ts";
import { type KernelKind, unseen } from "./view.ts";

export type KernelOps = FollowOps & Pick<Ops, "metrics" | "sessions">;

/** What is wanted: a build of a kind (undefined: the person is asked which), or only to follow the job that runs. */
export type Wanted = { readonly kind: KernelKind | undefined } | { readonly follow: string };

/**
 * Builds a kernel on the machine. A build that runs there already is followed instead, whoever began it. Quitting while
 * it is followed leaves it running; cancelling the run stops it.
 */
export function buildKernel(machine: MachineName, wanted: Wanted, ops: KernelOps): Operation {
  const kind = "kind" in wanted ? wanted.kind : wanted.follow.endsWith("-host") ? "host" : "guest";
  const view = cell(unseen(machine, kind));
  return {
    name: "kernel",
    title: `Build a ${kind ? `${kind} ` : ""}kernel on ${machine}`,
    machine,
    harmlessToDrop: "follow" in wanted,
    kernel: view,
    run: async (context) => {
      const refusal = refuse(machine, kind);
      if (refusal) return refusal;
      const source = await readSource(ops.environment.kernelDir);
      const way = await reachable(machine, wanted, source, ops, context);
      if ("status" in way) return way;
      const { address } = way;
      const there = commandsOn(ops, machine, address, context.signal);
      context.step("bring", BRING, "running");
      const { said, sent } = await bringOver(
        source,
        there,
        way.seen ?? (await looked(source, there)),
        saysFacts(source),
      );
      context.step("bring", BRING, "done", sent === 0 ? "it is there as it is here" : `new there: ${sent} files`);
      const facts = parseFacts(said);
      ops.kernels.learn(machine, facts, source);
      const tryIt = () => trialBoot(machine, trialTools(machine, ops), context);
      const begun = await begin(machine, wanted, source, facts, address, ops, context);
      if (begun === "on-trial") {
        view.update((before) => ({ ...before, kind: "host" }));
        return tryIt();
      }
      if ("status" in begun) return begun;
      const { good, ours, outcome } = await followOne(begun, source, address, view, ops, context);
      if (!good || begun.job.kind === "guest") return outcome;
      if (ours || ("kind" in wanted && wanted.kind !== "guest")) return tryIt();
      // Somebody else's: the reboot is theirs to ask for.
      return outcome.status === "failed"
        ? outcome
        : { ...outcome, next: `It waits there for its trial boot: press k on ${machine} and choose host.` };
    },
  };
}

const BRING = "Bring kernel/ over";

/** Where there is nothing to build: a sentence. */
function refuse(machine: MachineName, kind: KernelKind | undefined): Outcome | undefined {
  const kinds = kindsFor(MACHINES[machine]);
  if (kinds.length === 0) {
    return {
      status: "blocked",
      sentence: "The jumpbox builds no kernels: it has 2 vCPUs, and it is no hypervisor.",
      next: "Choose fcvm-metal-arm or fcvm-metal-x86.",
    };
  }
  if (kind && !kinds.includes(kind)) {
    return {
      status: "blocked",
      sentence: `Host kernels are built on fcvm-metal-arm only: the patches change nothing on ${machine}.`,
      next: `Build a guest kernel there: make kernel-${MACHINES[machine].short}.`,
    };
  }
  return undefined;
}

interface Way {
  readonly address: string;
  /** What it has of kernel/ (lookThere), where it said that on the way. */
  readonly seen: string | undefined;
}

/** The way to a machine that answers; one on which a build runs is asked nothing first. */
async function reachable(
  machine: MachineName,
  wanted: Wanted,
  source: KernelSource,
  ops: KernelOps,
  context: OperationContext,
): Promise<Way | Outcome> {
  const tools = machineTools(ops);
  const known = bootOf(ops.fleet.get(), machine)?.address;
  if ("follow" in wanted) {
    if (known !== undefined) return { address: known, seen: undefined };
    return { status: "nothing-to-do", sentence: `${machine} does not run any more.` };
  }
  const address = known ?? runningAddress(worldOf(await tools.look(context.signal), machine));
  const seen =
    address === undefined ? undefined : await heard(source, commandsOn(ops, machine, address, context.signal), context);
  if (address !== undefined && seen !== undefined && saysRunning(seen)) return { address, seen };
  const answered = seen === undefined ? undefined : answeredAt(address, tools);
  const walked = await walk(machine, `Build a kernel on ${machine}`, answered?.tools ?? tools, context);
  if (!walked.ready) return walked.outcome;
  if (walked.address !== undefined) {
    const stands = walked.address === address && answered?.stands();
    return { address: walked.address, seen: stands ? seen : undefined };
  }
  return {
    status: "blocked",
    sentence: `${machine} runs, but has no public address.`,
    next: "Run make apply: it gives the machine its address.",
  };
}

function runningAddress(world: World): string | undefined {
  return world.instance?.state === "running" ? addressOf(world) : undefined;
}

function looked(source: KernelSource, there: RunThere): Promise<string> {
  return lookThere(source, there, saysFacts(source));
}

function saysFacts(source: KernelSource): string {
  return factsCommand(placeOf(source));
}

/** The same; undefined where there is no link. */
async function heard(source: KernelSource, there: RunThere, { signal }: OperationContext): Promise<string | undefined> {
  try {
    return await looked(source, there);
  } catch (error) {
    if (signal.aborted || !(error instanceof FailureError)) throw error;
    return undefined;
  }
}

/** Tools for a machine that has answered at `address` just now: it is asked again only after something was done to it. */
function answeredAt(address: string | undefined, tools: MachineTools) {
  let stands = true;
  return {
    stands: () => stands,
    tools: {
      ...tools,
      act: (act) => {
        stands = false;
        return tools.act(act);
      },
      askSsh: async (machine, at, signal) =>
        stands && at === address
          ? { status: "answered", hostname: machine, lines: [] }
          : tools.askSsh(machine, at, signal),
    } satisfies MachineTools,
  };
}

/** A job that runs: the one that was there, or a new one that the person wanted; or a host kernel that waits for its trial. */
async function begin(
  machine: MachineName,
  wanted: Wanted,
  source: KernelSource,
  facts: JobFacts,
  address: string,
  ops: KernelOps,
  context: OperationContext,
): Promise<Begun | "on-trial" | Outcome> {
  const running = facts.jobs.find((job) => job.state === "running");
  if (running) return { job: running, already: true };
  if ("follow" in wanted) return { status: "nothing-to-do", sentence: `No build runs on ${machine} any more.` };
  const spec = MACHINES[machine];
  if (wanted.kind) context.log(saysBuild(spec, wanted.kind, source, facts), "note");
  const kind = wanted.kind ?? (await context.ask(buildQuestion(spec, source, facts)));
  if (kind !== "guest" && kind !== "host") return { status: "cancelled", sentence: "Nothing was done." };
  if (kind === "host" && (await waitsForTrial(machine, source, facts, address, ops, context))) return "on-trial";
  context.step("build-starting", START, "running");
  const { facts: now, ...begun } = await start(machine, kind, source, address, ops, context);
  if (now) ops.kernels.learn(machine, now, source);
  context.step("build-starting", START, "done", begun.already ? `${begun.job.id} runs already` : begun.job.id);
  if (!begun.already) await markStarted(ops.environment.stateDir, machine, begun.job.id);
  return begun;
}

/** Whether a host kernel of what is here is installed and not tried yet, or runs on trial: that is gone on with. */
async function waitsForTrial(
  machine: MachineName,
  source: KernelSource,
  facts: JobFacts,
  address: string,
  ops: KernelOps,
  context: OperationContext,
): Promise<boolean> {
  const there = commandsOn(ops, machine, address, context.signal);
  const health = parseHealth((await there(`${placeOf(source)}/install-host.sh health 2>&1`)).output);
  if (health?.trial === "fell-back") {
    context.log(`${health.expected} did not come up in its last trial: ${health.uname} runs.`, "note");
  }
  if (health?.trial === "armed") return changesSince(source, "host", MACHINES[machine], facts)?.length === 0;
  return health?.trial === "running";
}

const START = "Start the build";
const START_TRIES = 4;

/** A link that dies after the start was asked for has perhaps begun one: asked again, that one is ours. */
async function start(
  machine: MachineName,
  kind: KernelKind,
  source: KernelSource,
  address: string,
  ops: KernelOps,
  context: OperationContext,
): Promise<Started> {
  for (let tries = 1; ; tries += 1) {
    try {
      // To its end also where it is cancelled meanwhile: what has begun is then known, and stopped.
      const there = commandsOn(ops, machine, address, new AbortController().signal);
      const begun = await startJob(placeOf(source), kind, there);
      return { ...begun, already: begun.already && tries === 1 };
    } catch (error) {
      context.signal.throwIfAborted();
      const lost = error instanceof FailureError && error.failure.kind === "offline";
      if (!lost || tries === START_TRIES) {
        context.step("build-starting", START, "failed");
        throw error;
      }
      context.step("build-starting", START, "waiting", error.failure.sentence);
      await ops.clock.sleep(1000 * tries, context.signal);
    }
  }
}
