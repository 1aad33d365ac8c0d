/** A kernel build as an operation: everything up to a build that runs, then its log to the end, then a host's trial boot. */

import { MACHINES, type MachineName } from "../fleet/machines.ts";
import type { Operation, Outcome } from "../operation/types.ts";
import { cell } from "../store.ts";
import { begin } from "./begin.ts";
import { bringOver } from "./bring-over.ts";
import { parseFacts } from "./jobs.ts";
import { followOne } from "./one-job.ts";
import type { KernelOps, Order, Wanted } from "./order.ts";
import { kindsFor } from "./question.ts";
import { readSource } from "./source.ts";
import { trialBoot } from "./trial-boot.ts";
import { trialTools } from "./trial-boot-tools.ts";
import { type KernelKind, unseen } from "./view.ts";
import { wayTo } from "./way.ts";

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
    run: async (context) =>
      refuse(machine, kind) ??
      fulfil({ machine, wanted, source: await readSource(ops.environment.kernelDir), view, ops, context }),
  };
}

async function fulfil(order: Order): Promise<Outcome> {
  const { context, machine, ops, source, view, wanted } = order;
  const way = await wayTo(order);
  if ("status" in way) return way;
  const { site } = way;
  context.step("bring", BRING, "running");
  const { said, sent } = await bringOver(source, site, way.seen);
  context.step(
    "bring",
    BRING,
    "done",
    sent === 0 ? "it is there as it is here" : `${sent} ${sent === 1 ? "file" : "files"} copied`,
  );
  const facts = parseFacts(said);
  ops.kernels.learn(machine, facts, source);
  const tryIt = () => trialBoot(machine, trialTools(machine, ops), context);
  const begun = await begin(order, site, facts);
  if (begun === "on-trial") {
    view.update((before) => ({ ...before, kind: "host" }));
    return tryIt();
  }
  if ("status" in begun) return begun;
  const { good, ours, outcome } = await followOne(order, site, begun);
  if (!good || begun.job.kind === "guest") return outcome;
  if (ours || ("kind" in wanted && wanted.kind !== "guest")) return tryIt();
  // Somebody else's: the reboot is theirs to ask for.
  return outcome.status === "failed"
    ? outcome
    : { ...outcome, next: `It waits there for its trial boot: press k on ${machine} and choose host.` };
}

const BRING = "Copy kernel/ to the machine";

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
