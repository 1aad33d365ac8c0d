/** Start, stop and swap as operations: what is asked before, and what is said after. */

import { randomUUID } from "node:crypto";
import { FailureError, isTransient } from "../failure.ts";
import { dollars, machineCost } from "../fleet/derive/cost.ts";
import { MACHINES, type MachineName } from "../fleet/machines.ts";
import type { Fleet } from "../fleet/model.ts";
import type { Choice, Deed, Operation, OperationContext, Outcome } from "../operation/types.ts";
import { decide } from "./decide.ts";
import { leftovers } from "./decide-swap.ts";
import { type Decision, type Goal, STEPS } from "./decision.ts";
import { DOUBT_MS, retryAfter } from "./pace.ts";
import { reconcile } from "./reconcile.ts";
import { type Fate, isReached, planSwap, type SwapPlan, safestSwap, swapGoal, temporaryDisksOf } from "./swap-plan.ts";
import type { MachineTools } from "./tools.ts";
import { addressOf, seatOf, type World, worldOf } from "./world.ts";

/** Starts a machine, after the person has seen what it costs. */
export function startMachine(name: MachineName, tools: MachineTools): Operation {
  return operation("start", `Start ${name}`, name, async (context) => {
    const { fleet, world, decision, goal } = await lookFirst(name, asItIs("running"), tools, context);
    if (decision.kind === "done") return { status: "nothing-to-do", sentence: `${name} is running already.` };
    if (decision.kind === "blocked") return blockedBy(decision);
    const answer = await context.ask({
      kind: "confirm",
      title: `Start ${name}?`,
      ...startWords(name, fleet, world, await tools.spotPerHour(name, fleet, context.signal)),
      yes: "Start it",
      no: "Cancel",
    });
    if (answer !== "yes") return REFUSED;
    return (await reconcile(name, goal, tools, context)).outcome;
  });
}

/** Stops a machine and waits until its spot request is released, so that it can be started again. */
export function stopMachine(name: MachineName, tools: MachineTools): Operation {
  return operation("stop", `Stop ${name}`, name, async (context) => {
    const { fleet, world, decision, goal } = await lookFirst(name, asItIs("stopped"), tools, context);
    if (decision.kind === "done") return { status: "nothing-to-do", sentence: `${name} is stopped already.` };
    if (decision.kind === "blocked") return blockedBy(decision);
    const { stoppedPerMonth } = machineCost(fleet.machines[name], undefined);
    const answer = await context.ask({
      kind: "confirm",
      title: `Stop ${name}?`,
      deeds: [
        {
          act: "Stop",
          object: world.instance?.id ?? name,
          consequence: `${world.spec.instanceType}; what runs on it ends, open sessions too`,
        },
      ],
      lines: [
        ...(await buildLines(world, tools, context)),
        ...(world.spec.instanceStore ? ["Its instance-store disks (/mnt/fcvm-btrfs) are empty after that."] : []),
        `While stopped it costs ${dollars(stoppedPerMonth, "month")} for its volumes and address.`,
        world.spotRequest ? "About 1 to 5 minutes, until its spot request is released too." : "About a minute.",
      ],
      yes: "Stop it",
      no: "Cancel",
    });
    if (answer !== "yes") return REFUSED;
    return (await reconcile(name, goal, tools, context)).outcome;
  });
}

/** Gives a machine its persistent volume back as its root. */
export function swapMachine(name: MachineName, tools: MachineTools): Operation {
  return operation("swap", `Swap ${name} back to its own disk`, name, async (context) => {
    const { world, decision } = await lookFirst(name, safestSwap, tools, context);
    if (decision.kind === "blocked" && !mustPutBack(world)) return blockedBy(decision);
    const plan = await plannedSwap(world, tools, context);
    if (isReached(world, plan.fate === "keep" ? safestSwap(world) : agreedSwap(world, plan, plan.fate))) {
      return nothingToSwap(world);
    }
    // It ends with a look over SSH: without that, the machine would be stopped and the swap never finished.
    const amiss = tools.amissHere();
    if (amiss) throw new FailureError(amiss);
    const lines = [...(await buildLines(world, tools, context)), ...plan.lines];
    const fate = await askSwap(name, { ...plan, lines }, context);
    if (!fate) return REFUSED;
    const { outcome } = await reconcile(name, agreedSwap(world, plan, fate), tools, context);
    if (outcome.status !== "done") return outcome;
    return { ...outcome, next: `Enter on it opens a shell, or make ssh-${MACHINES[name].short}.` };
  });
}

/** The build that a stop would end, by whomever it was begun. Only one who asks to stop the machine may end it. */
async function buildLines(world: World, tools: MachineTools, context: OperationContext): Promise<readonly string[]> {
  const { instance, spec } = world;
  const address = addressOf(world);
  if (!spec.buildsKernels || instance?.state !== "running" || address === undefined) return [];
  const build = await tools.buildThere(spec.name, address, context.signal);
  return build ? [`A ${build.kind} kernel is being built on it (${build.id}): that ends too, unfinished.`] : [];
}

/** What a swap would do now, with what EC2 knows of where the temporary disks come from. */
export async function plannedSwap(world: World, tools: MachineTools, context: OperationContext): Promise<SwapPlan> {
  const { instance } = world;
  if (!instance) return planSwap(world, {});
  const address = addressOf(world);
  const [origins, written] = await Promise.all([
    tools.origins(instance, temporaryDisksOf(world), context.signal),
    instance.state === "running" && address !== undefined && safestSwap(world).takeOff !== undefined
      ? tools.writtenThere(world.spec.name, address, context.signal)
      : undefined,
  ]);
  return planSwap(world, origins, written);
}

/** The goal that a person has just agreed to. */
export function agreedSwap(world: World, plan: SwapPlan, fate: Fate): Goal {
  return swapGoal(world, plan, fate, randomUUID().slice(0, 13));
}

function nothingToSwap(world: World): Outcome {
  const { instance, persistentId, spec } = world;
  const kept = instance && persistentId ? leftovers(world, instance, persistentId).map(({ id }) => id) : [];
  return {
    status: "nothing-to-do",
    sentence: `${spec.name} runs on its persistent volume ${persistentId} already.`,
    ...(kept.length > 0 ? { next: `Delete ${kept.join(", ")} among the orphans (o) when it is of no more use.` } : {}),
  };
}

/** The machine as it is to be, whichever instance carries its name now. */
export function asItIs(kind: "stopped" | "running" | "reachable"): (world: World) => Goal {
  return ({ instance }) => ({ kind, instanceId: instance?.id ?? "" });
}

const REFUSED: Outcome = { status: "cancelled", sentence: "Nothing was done." };

function operation(
  verb: string,
  title: string,
  machine: MachineName,
  run: (context: OperationContext) => Promise<Outcome>,
): Operation {
  return { name: verb, title, machine, harmlessToDrop: false, run };
}

interface FirstLook {
  readonly fleet: Fleet;
  readonly world: World;
  readonly decision: Decision;
  readonly goal: Goal;
}

/** A look before anything is asked. Bad news is looked at twice: the first answer may be a late one. */
export async function lookFirst(
  name: MachineName,
  goalFor: (world: World) => Goal,
  tools: MachineTools,
  context: OperationContext,
): Promise<FirstLook> {
  context.step("look", STEPS.look, "running");
  for (let again = false; ; again = true) {
    const fleet = await lookThroughWeather(tools, context);
    const world = worldOf(fleet, name);
    const goal = goalFor(world);
    const decision = decide(world, goal);
    if (decision.kind !== "blocked" || again) {
      context.step("look", STEPS.look, "done", sayWorld(world));
      return { fleet, world, decision, goal };
    }
    await tools.clock.sleep(DOUBT_MS / 4, context.signal);
  }
}

/** Somebody waits for the question: bad weather is given a few seconds, not minutes. */
export async function lookThroughWeather(tools: MachineTools, context: OperationContext): Promise<Fleet> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tools.look(context.signal);
    } catch (error) {
      const failure = tools.explain(error);
      if (context.signal.aborted || !isTransient(failure) || tries > FIRST_LOOKS) throw error;
      context.step("look", STEPS.look, "waiting", `${failure.sentence} Trying again`);
      await tools.clock.sleep(retryAfter(tries, "other"), context.signal);
    }
  }
}

const FIRST_LOOKS = 4;

function sayWorld(world: World): string {
  const { instance, spec } = world;
  if (!instance) return `there is no ${spec.name}`;
  const seat = seatOf(world);
  const root =
    seat.kind === "held" ? `root ${seat.volumeId}` : seat.kind === "empty" ? "no root volume" : "root changing";
  return `${instance.id} is ${instance.state}, ${root}`;
}

export function blockedBy(decision: Extract<Decision, { kind: "blocked" }>): Outcome {
  return { status: "blocked", sentence: decision.sentence, next: decision.next };
}

/** A machine without a root whose own disk cannot come: the swap still puts the old root back. */
function mustPutBack(world: World): boolean {
  return seatOf(world).kind === "empty" && world.marked.length > 0 && world.instance?.state === "stopped";
}

/** What a start does and costs, for a question. */
export function startWords(
  name: MachineName,
  fleet: Fleet,
  world: World,
  spotPerHour: number | undefined,
): { readonly deeds: readonly Deed[]; readonly lines: readonly string[] } {
  // The same price as on the screen: the instance, its disks and its address.
  const { instancePerHour, stoppedPerHour } = machineCost(fleet.machines[name], spotPerHour);
  const price =
    instancePerHour === undefined
      ? `at most ${dollars(MACHINES[name].onDemandPerHour + stoppedPerHour, "h")} (on demand; spot is usually much less)`
      : dollars(instancePerHour + stoppedPerHour, "h");
  const seat = seatOf(world);
  const temporary = seat.kind === "held" && world.persistentId !== undefined && seat.volumeId !== world.persistentId;
  return {
    deeds: [
      {
        act: "Start",
        object: world.instance?.id ?? name,
        consequence: `${world.spec.instanceType}; it costs ${price} until it is stopped`,
      },
    ],
    lines: [
      ...(temporary
        ? [`It is on a temporary disk, ${seat.volumeId}; s puts your disk ${world.persistentId} back.`]
        : []),
      "About 1 minute until it runs, up to 10 until SSH answers on a metal machine.",
    ],
  };
}

/** Asks for the swap, and for the fate of temporary disks that may hold something; undefined is no. */
async function askSwap(name: MachineName, plan: SwapPlan, context: OperationContext): Promise<Fate | undefined> {
  const title = `Swap ${name} back to its own disk?`;
  const told = { deeds: plan.deeds, lines: plan.lines };
  if (!plan.asksFate) {
    const answer = await context.ask({ kind: "confirm", title, ...told, yes: "Swap", no: "Cancel" });
    return answer === "yes" ? plan.fate : undefined;
  }
  const ids = plan.temporaryDisks.map(({ id }) => id).join(", ");
  const fates: Readonly<Record<Fate, Choice>> = {
    keep: { id: "keep", label: "Swap", detail: `and keep ${ids}` },
    snapshot: {
      id: "snapshot",
      label: "Swap, snapshot, delete",
      detail: `${ids}, once there is a snapshot of it (at most ${plan.snapshotCost})`,
    },
    delete: { id: "delete", label: "Swap and delete", detail: `${ids}, for ever, without a snapshot` },
  };
  const order: readonly Fate[] =
    plan.fate === "snapshot" ? ["snapshot", "keep", "delete"] : ["keep", "snapshot", "delete"];
  const answer = await context.ask({
    kind: "choose",
    title,
    ...told,
    choices: [{ id: "cancel", label: "Cancel" }, ...order.map((fate) => fates[fate])],
  });
  return order.find((fate) => fate === answer);
}
