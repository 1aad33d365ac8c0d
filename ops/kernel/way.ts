/** The way to a machine that answers: at once where a build runs there, else through whatever it takes. */

import { FailureError } from "../failure.ts";
import { walk } from "../machine/prerequisites.ts";
import { type MachineTools, machineTools } from "../machine/tools.ts";
import { addressOf, worldOf } from "../machine/world.ts";
import type { Outcome } from "../operation/types.ts";
import { bootOf } from "../ssh/probe.ts";
import { lookThere, saysRunning } from "./bring-over.ts";
import { type Order, siteFor } from "./order.ts";
import type { Site } from "./site.ts";

interface Way {
  readonly site: Site;
  /** What it has of kernel/ (lookThere), where it said that on the way. */
  readonly seen: string | undefined;
}

/** The way to the machine of the order; one on which a build runs is asked nothing first. */
export async function wayTo(order: Order): Promise<Way | Outcome> {
  const { context, machine, ops, wanted } = order;
  const tools = machineTools(ops);
  const known = bootOf(ops.fleet.get(), machine)?.address;
  if ("follow" in wanted) {
    if (known !== undefined) return { site: siteFor(order, known), seen: undefined };
    return { status: "nothing-to-do", sentence: `${machine} does not run any more.` };
  }
  const address = known ?? (await runningAddress(order, tools));
  const site = address === undefined ? undefined : siteFor(order, address);
  const seen = site && (await heard(order, site));
  if (site && seen !== undefined && saysRunning(seen)) return { site, seen };
  const answered = seen === undefined ? undefined : answeredAt(address, tools);
  const walked = await walk(machine, `Build a kernel on ${machine}`, answered?.tools ?? tools, context);
  if (!walked.ready) return walked.outcome;
  if (walked.address !== undefined) {
    const stands = walked.address === address && answered?.stands();
    return { site: siteFor(order, walked.address), seen: stands ? seen : undefined };
  }
  return {
    status: "blocked",
    sentence: `${machine} runs, but has no public address.`,
    next: "Run make apply: it gives the machine its address.",
  };
}

async function runningAddress({ context, machine }: Order, tools: MachineTools): Promise<string | undefined> {
  const world = worldOf(await tools.look(context.signal), machine);
  return world.instance?.state === "running" ? addressOf(world) : undefined;
}

/** What it has of kernel/; undefined where there is no link. */
async function heard({ context, source }: Order, site: Site): Promise<string | undefined> {
  try {
    return await lookThere(source, site);
  } catch (error) {
    if (context.signal.aborted || !(error instanceof FailureError)) throw error;
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
