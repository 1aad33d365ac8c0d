/** Prerequisites run by themselves, as in Make: what an operation needs of a machine is brought about before it begins. */

import { FailureError } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import { sayDeed } from "../operation/deeds.ts";
import type { Deed, Operation, OperationContext, Outcome, Question } from "../operation/types.ts";
import { decide } from "./decide.ts";
import { agreedSwap, asItIs, blockedBy, lookFirst, plannedSwap, startWords } from "./operations.ts";
import { reconcile } from "./reconcile.ts";
import { type SwapPlan, safestSwap } from "./swap-plan.ts";
import type { MachineTools } from "./tools.ts";
import { usualSteps } from "./usual.ts";
import { addressOf, seatOf, type World } from "./world.ts";

type Walked =
  | { readonly ready: true; readonly address: string | undefined; readonly world: World }
  | { readonly ready: false; readonly outcome: Outcome };

/**
 * Brings about what a prompt needs: signs in, offers the swap, starts, puts the address on, waits for SSH. What
 * costs money or is dangerous is asked once, together, before the first step; where nothing is, nothing is asked.
 * @param purpose what it is all for, as in "Open SSH on fcvm-metal-arm"
 */
export async function walk(
  name: MachineName,
  purpose: string,
  tools: MachineTools,
  context: OperationContext,
): Promise<Walked> {
  const amiss = tools.amissHere();
  if (amiss) throw new FailureError(amiss);
  const { fleet, world, decision, goal } = await lookFirst(name, asItIs("reachable"), tools, context);
  const swap = await swapOffer(world, tools, context);
  if (decision.kind === "blocked" && swap?.kind !== "possible") return { ready: false, outcome: blockedBy(decision) };
  const start = needsStart(world)
    ? startWords(name, fleet, world, await tools.spotPerHour(name, fleet, context.signal))
    : NO_START;
  const question = ask(purpose, world, start, swap, decision.kind === "blocked");
  const answer = question ? await context.ask(question) : "on";
  if (answer === undefined || answer === "cancel") {
    return { ready: false, outcome: { status: "cancelled", sentence: "Nothing was done." } };
  }
  const swapped = answer === "swap" && swap?.kind === "possible";
  const chosen = swapped ? agreedSwap(world, swap.plan, swap.plan.fate) : goal;
  if (swapped || needsStart(world)) context.expects(usualSteps({ name: swapped ? "swap" : "walk", machine: name }));
  const { outcome, world: now } = await reconcile(name, chosen, tools, context);
  return outcome.status === "done" && now
    ? { ready: true, address: addressOf(now), world: now }
    : { ready: false, outcome };
}

/** Enter: everything up to the prompt. `address` tells where to connect, once the operation is done. */
interface ConnectOperation extends Operation {
  readonly address: () => string | undefined;
}

export function connectMachine(name: MachineName, tools: MachineTools): ConnectOperation {
  let address: string | undefined;
  return {
    name: "ssh",
    title: `Open SSH on ${name}`,
    machine: name,
    harmlessToDrop: false,
    address: () => address,
    run: async (context) => {
      const walked = await walk(name, `Open SSH on ${name}`, tools, context);
      if (!walked.ready) return walked.outcome;
      if (walked.address === undefined) {
        return {
          status: "blocked",
          sentence: `${name} runs, but has no public address.`,
          next: "Run make apply: it gives the machine its address.",
        };
      }
      address = walked.address;
      return { status: "done", sentence: `${name} answers at ${address}.` };
    },
  };
}

const NO_START = { deeds: [], lines: [] };

function needsStart({ instance }: World): boolean {
  return instance?.state === "stopped" || instance?.state === "stopping";
}

type SwapOffer =
  | {
      readonly kind: "possible";
      readonly plan: SwapPlan;
      readonly rootId: string | undefined;
    }
  | { readonly kind: "impossible"; readonly why: string; readonly rootId: string };

/** What can be offered to a machine that is not on its own disk; undefined where it is, or where it has none. */
async function swapOffer(world: World, tools: MachineTools, context: OperationContext): Promise<SwapOffer | undefined> {
  const seat = seatOf(world);
  if (world.persistentId === undefined || (seat.kind !== "held" && seat.kind !== "empty")) return undefined;
  if (seat.kind === "held" && seat.volumeId === world.persistentId) return undefined;
  const rootId = seat.kind === "held" ? seat.volumeId : undefined;
  const decision = decide(world, safestSwap(world));
  if (decision.kind !== "blocked") {
    return { kind: "possible", plan: await plannedSwap(world, tools, context), rootId };
  }
  return rootId === undefined ? undefined : { kind: "impossible", why: decision.sentence, rootId };
}

/** The one question, where there is anything to ask. Cancel comes first, and so is what Enter alone means. */
function ask(
  purpose: string,
  world: World,
  start: ReturnType<typeof startWords>,
  swap: SwapOffer | undefined,
  onlySwap: boolean,
): Question | undefined {
  const { address, instance } = world;
  const taken: readonly Deed[] =
    address?.instanceId !== undefined && address.instanceId !== instance?.id
      ? [{ act: "Attach", object: address.publicIp, consequence: `its address, now on ${address.instanceId}` }]
      : [];
  if (!swap) {
    const deeds = [...start.deeds, ...taken];
    if (deeds.length === 0) return undefined;
    const yes = start.deeds.length > 0 ? "Start it" : "Go on";
    return { kind: "confirm", title: `${purpose}?`, deeds, lines: start.lines, yes, no: "Cancel" };
  }
  const root = swap.rootId === undefined ? "has no root volume" : `is on a temporary disk, ${swap.rootId}`;
  const goOn = {
    id: "on",
    label: "Go on as it is",
    detail: [...start.deeds, ...taken].map(sayDeed)[0] ?? "on the temporary disk",
  };
  const choices = [
    { id: "cancel", label: "Cancel" },
    ...(swap.kind === "possible"
      ? [{ id: "swap", label: "Swap first", detail: `puts your disk ${world.persistentId} back` }]
      : []),
    ...(onlySwap ? [] : [goOn]),
  ];
  return {
    kind: "choose",
    title: `${world.spec.name} ${root}`,
    ...(swap.kind === "possible"
      ? {
          deeds: swap.plan.deeds,
          lines: ["This is what Swap first does.", ...swap.plan.lines, ...[...start.deeds, ...taken].map(sayDeed)],
        }
      : {
          deeds: [...start.deeds, ...taken],
          lines: [`It cannot be swapped now: ${swap.why}`, ...start.lines],
        }),
    choices,
  };
}
