/** The job of an order: the one that runs there, or a new one; or a host kernel that waits there for its trial. */

import { FailureError } from "../failure.ts";
import { MACHINES } from "../fleet/machines.ts";
import type { Outcome } from "../operation/types.ts";
import { type JobFacts, type Started, startJob } from "./jobs.ts";
import { markStarted } from "./local-log.ts";
import type { Begun } from "./one-job.ts";
import type { Order } from "./order.ts";
import { buildQuestion, changesSince, saysBuild } from "./question.ts";
import type { Site } from "./site.ts";
import { parseHealth } from "./trial-boot-hear.ts";
import type { KernelKind } from "./view.ts";

/** A job that runs: the one that was there, or a new one that the person wanted; or a host kernel that waits for its trial. */
export async function begin(order: Order, site: Site, facts: JobFacts): Promise<Begun | "on-trial" | Outcome> {
  const { context, machine, ops, source, wanted } = order;
  const running = facts.jobs.find((job) => job.state === "running");
  if (running) return { job: running, already: true };
  if ("follow" in wanted) return { status: "nothing-to-do", sentence: `No build runs on ${machine} any more.` };
  const spec = MACHINES[machine];
  if (wanted.kind) context.log(saysBuild(spec, wanted.kind, source, facts), "note");
  const kind = wanted.kind ?? (await context.ask(buildQuestion(spec, source, facts)));
  if (kind !== "guest" && kind !== "host") return { status: "cancelled", sentence: "Nothing was done." };
  if (kind === "host" && (await waitsForTrial(order, site, facts))) return "on-trial";
  context.step("build-starting", START, "running");
  const { facts: now, ...begun } = await start(order, site, kind);
  if (now) ops.kernels.learn(machine, now, source);
  context.step("build-starting", START, "done", begun.already ? `${begun.job.id} runs already` : begun.job.id);
  if (!begun.already) await markStarted(ops.environment.stateDir, machine, begun.job.id);
  return begun;
}

/** Whether a host kernel of what is here is installed and not tried yet, or runs on trial: that is gone on with. */
async function waitsForTrial({ context, machine, source }: Order, site: Site, facts: JobFacts): Promise<boolean> {
  const health = parseHealth((await site.run(`${site.place}/install-host.sh health 2>&1`)).output);
  if (health?.trial === "fell-back") {
    context.log(`${health.expected} did not come up in its last trial: ${health.uname} runs.`, "note");
  }
  if (health?.trial === "armed") return changesSince(source, "host", MACHINES[machine], facts)?.length === 0;
  return health?.trial === "running";
}

const START = "Start the build";
const START_TRIES = 4;

/** A link that dies after the start was asked for has perhaps begun one: asked again, that one is ours. */
async function start({ context, ops }: Order, site: Site, kind: KernelKind): Promise<Started> {
  // To its end also where it is cancelled meanwhile: what has begun is then known, and stopped.
  const there = site.until(new AbortController().signal);
  for (let tries = 1; ; tries += 1) {
    try {
      const begun = await startJob(there, kind);
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
