/** A kernel build as an operation: everything up to a build that runs, then its log to the end, then a host's trial boot. */

import { explain } from "../aws/errors.ts";
import { FailureError } from "../failure.ts";
import { MACHINES, type MachineName } from "../fleet/machines.ts";
import { CONNECT_NEEDS, walk } from "../machine/prerequisites.ts";
import { machineTools } from "../machine/tools.ts";
import { addressOf, worldOf } from "../machine/world.ts";
import type { Operation, OperationContext, Outcome } from "../operation/types.ts";
import type { Ops } from "../ops.ts";
import { bootOf } from "../ssh/probe.ts";
import { parseProbe, RUNNING_BUILD } from "../ssh/probe-script.ts";
import { type Cell, cell } from "../store.ts";
import { bringOver, placeOf } from "./bring-over.ts";
import { followJob } from "./follow.ts";
import { cancelJob, type JobFacts, readFacts, type Started, startJob } from "./jobs.ts";
import { markStarted, openLocalLog, replay } from "./local-log.ts";
import { outcomeOf } from "./outcome.ts";
import { buildQuestion, kindsFor } from "./question.ts";
import { commandsOn, reachOf } from "./reach.ts";
import { type KernelSource, readSource } from "./source.ts";
import { type KernelJob, type KernelKind, type KernelView, NO_PROGRESS } from "./view.ts";
import { createViewBuilder } from "./view-builder.ts";

export type KernelOps = Pick<Ops, "access" | "clock" | "environment" | "fleet" | "kernels" | "metrics">;

/** What is wanted: a build of a kind (undefined: the person is asked which), or only to follow one that runs. */
export type Wanted = { readonly kind: KernelKind | undefined } | { readonly follow: string };

const CANCEL_MS = 60_000;

/**
 * Builds a kernel on the machine. A build that runs there already is followed instead, whoever began it. Quitting while
 * it is followed leaves it running; cancelling the run stops it.
 */
export function buildKernel(machine: MachineName, wanted: Wanted, ops: KernelOps): Operation {
  const kind = "kind" in wanted ? wanted.kind : undefined;
  const view = cell<KernelView>({
    machine,
    kind,
    job: undefined,
    progress: NO_PROGRESS,
    findings: [],
    errors: 0,
    warnings: 0,
    link: { state: "none" },
    log: undefined,
  });
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
      const address = await reachable(machine, wanted, ops, context);
      if (typeof address !== "string") return address;
      const there = commandsOn(ops, machine, address, context.signal);
      context.step("bring", BRING, "running");
      const sent = await bringOver(source, there);
      context.step("bring", BRING, "done", sent === 0 ? "it is there as it is here" : `${sent} files were new there`);
      const facts = await readFacts(placeOf(source), there);
      ops.kernels.learn(machine, facts, source);
      const started = await begin(machine, wanted, source, facts, address, ops, context);
      if ("status" in started) return started;
      return follow(started, source, address, view, ops, context);
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

/** The address of a machine that answers; one on which a build runs is asked nothing first. */
async function reachable(
  machine: MachineName,
  wanted: Wanted,
  ops: KernelOps,
  context: OperationContext,
): Promise<string | Outcome> {
  const tools = machineTools(ops);
  const known = bootOf(ops.fleet.get(), machine)?.address;
  if ("follow" in wanted) {
    if (known !== undefined) return known;
    return { status: "nothing-to-do", sentence: `${machine} does not run any more.` };
  }
  const seen = known ?? addressOf(worldOf(await tools.look(context.signal), machine));
  if (seen !== undefined && (await runsThere(machine, seen, ops, context.signal))) return seen;
  const walked = await walk(CONNECT_NEEDS, machine, `Build a kernel on ${machine}`, tools, context);
  if (!walked.ready) return walked.outcome;
  if (walked.address !== undefined) return walked.address;
  return {
    status: "blocked",
    sentence: `${machine} runs, but has no public address.`,
    next: "Run make apply: it gives the machine its address.",
  };
}

async function runsThere(
  machine: MachineName,
  address: string,
  { access }: KernelOps,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const options = { signal, input: `uname=$(uname -r); echo "kernel $uname"\n${RUNNING_BUILD}`, connectTimeout: 5 };
    const { stdout } = await access.channel.run(machine, address, "sh -s", options);
    return parseProbe(stdout, 0)?.build !== undefined;
  } catch (error) {
    if (signal.aborted || !(error instanceof FailureError)) throw error;
    return false;
  }
}

interface Begun {
  readonly job: KernelJob;
  readonly already: boolean;
}

/** A job that runs: the one that was there, or a new one that the person wanted. */
async function begin(
  machine: MachineName,
  wanted: Wanted,
  source: KernelSource,
  facts: JobFacts,
  address: string,
  ops: KernelOps,
  context: OperationContext,
): Promise<Begun | Outcome> {
  const running = facts.jobs.find((job) => job.state === "running");
  if (running) return { job: running, already: true };
  if ("follow" in wanted) return { status: "nothing-to-do", sentence: `No build runs on ${machine} any more.` };
  const question = buildQuestion(MACHINES[machine], wanted.kind, source, facts);
  const answer = question ? await context.ask(question) : undefined;
  const kind = wanted.kind === "guest" ? "guest" : answer === "yes" ? wanted.kind : answer;
  if (kind !== "guest" && kind !== "host") return { status: "cancelled", sentence: "Nothing was done." };
  context.step("build-starting", START, "running");
  const begun = await start(machine, kind, source, address, ops, context);
  context.step("build-starting", START, "done", begun.already ? `${begun.job.id} runs already` : begun.job.id);
  if (!begun.already) await markStarted(ops.environment.stateDir, machine, begun.job.id);
  return begun;
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
      return { job: begun.job, already: begun.already && tries === 1 };
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

async function follow(
  { already, job }: Begun,
  source: KernelSource,
  address: string,
  view: Cell<KernelView>,
  ops: KernelOps,
  context: OperationContext,
): Promise<Outcome> {
  const { machine } = view.get();
  const place = placeOf(source);
  if (already) {
    const since = new Date(job.startedAt).toTimeString().slice(0, 5);
    context.log(`The ${job.kind} kernel that is being built since ${since} is followed (job ${job.id}).`, "note");
  }
  const local = await openLocalLog(ops.environment.stateDir, machine, job.id, (sentence) =>
    context.log(sentence, "note"),
  );
  const builder = createViewBuilder(view, ops.clock, context);
  try {
    context.harmless(true);
    builder.update({ kind: job.kind, job, log: local.log, link: { state: "following" } });
    await replay(local, (bytes) => builder.read(bytes, false));
    // What was written before this began tells no speed.
    const before = already ? job.bytes : 0;
    const end = await followJob(
      job.id,
      reachOf(ops, machine, address, source, job.id),
      {
        bytes: () => local.log.get().bytes,
        append: (bytes) => {
          local.log.append(bytes);
          builder.read(bytes, local.log.get().bytes > before);
        },
        onJob: (now) => builder.update({ job: now }),
        onLink: (link) => builder.update({ link }),
      },
      context.signal,
    );
    builder.update({ link: { state: "none" } });
    const good = end.kind === "ended" && end.job.state === "succeeded";
    builder.end(good ? "done" : "failed");
    return outcomeOf(machine, end, view.get());
  } catch (error) {
    if (!context.signal.aborted) throw error;
    return await cancel(machine, address, place, view, ops, builder);
  } finally {
    context.harmless(false);
    await local.close();
  }
}

/** The person wants it stopped: the unit is, or why it could not be is said. */
async function cancel(
  machine: MachineName,
  address: string,
  place: string,
  view: Cell<KernelView>,
  ops: KernelOps,
  builder: ReturnType<typeof createViewBuilder>,
): Promise<Outcome> {
  const limit = AbortSignal.timeout(CANCEL_MS);
  try {
    const job = await cancelJob(place, commandsOn(ops, machine, address, limit));
    builder.update({ link: { state: "none" }, ...(job ? { job } : {}) });
    builder.end("skipped", "stopped on request");
    if (job) return outcomeOf(machine, { kind: "ended", job }, view.get());
    return { status: "cancelled", sentence: `There was no build on ${machine} any more.` };
  } catch (error) {
    const failure = error instanceof FailureError ? error.failure : explain(error);
    builder.end("skipped", "it goes on there");
    return {
      status: "cancelled",
      sentence: `The build on ${machine} could not be stopped: ${failure.sentence} It goes on there.`,
      next: "When the machine answers again, follow it (k) and cancel once more.",
    };
  }
}
