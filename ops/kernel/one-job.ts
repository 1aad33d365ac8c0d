/** One job from where it is to its end: its log kept here, its view kept up, cancelled where the person says so. */

import { explain } from "../aws/errors.ts";
import { FailureError } from "../failure.ts";
import type { Outcome } from "../operation/types.ts";
import { type FollowEnd, followJob } from "./follow.ts";
import { cancelJob } from "./jobs.ts";
import { openLocalLog } from "./local-log.ts";
import type { Order } from "./order.ts";
import { outcomeOf } from "./outcome.ts";
import { reachOf } from "./reach.ts";
import type { Site } from "./site.ts";
import type { KernelJob, KernelView } from "./view.ts";
import { createViewBuilder, type ViewBuilder } from "./view-builder.ts";

export interface Begun {
  readonly job: KernelJob;
  /** It ran before this run came to it. */
  readonly already: boolean;
  /** All of its log, where it was over at once. */
  readonly log?: string;
}

interface Followed {
  readonly outcome: Outcome;
  /** It succeeded: a host's trial boot may follow. */
  readonly good: boolean;
  /** This computer began it. */
  readonly ours: boolean;
}

const CANCEL_MS = 60_000;

/** Follows the job until it has ended, or until the person cancels: then it is stopped on the machine. */
export async function followOne(order: Order, site: Site, { already, job, log }: Begun): Promise<Followed> {
  const { context, machine, ops, view } = order;
  if (already) {
    const since = new Date(job.startedAt).toTimeString().slice(0, 5);
    context.log(`The ${job.kind} kernel that is being built since ${since} is followed (job ${job.id}).`, "note");
  }
  const builder = createViewBuilder(view, ops.clock, context);
  builder.update({ kind: job.kind, job, link: { state: "following" } });
  const local = await openLocalLog(
    ops.environment.stateDir,
    machine,
    job.id,
    (sentence) => context.log(sentence, "note"),
    (bytes) => builder.read(bytes, false),
  );
  try {
    context.harmless(true);
    builder.update({ log: local.log });
    // What was written before this began tells no speed.
    const before = already ? job.bytes : 0;
    const append = (bytes: Uint8Array) => {
      local.log.append(bytes);
      builder.read(bytes, local.log.get().bytes > before);
    };
    if (log !== undefined && local.log.get().bytes === 0) append(Buffer.from(log));
    const end = await followJob(
      job,
      reachOf(order, site, job.id),
      {
        bytes: () => local.log.get().bytes,
        append,
        onJob: (now) => builder.update({ job: now }),
        onLink: (link) => builder.update({ link }),
      },
      context.signal,
    );
    const good = end.kind === "ended" && end.job.state === "succeeded";
    builder.update({ link: { state: "none" }, job: endedJob(end, view.get()) });
    builder.end(good ? "done" : "failed");
    return { outcome: outcomeOf(machine, end, view.get()), good, ours: local.ours };
  } catch (error) {
    if (!context.signal.aborted) throw error;
    const outcome = await cancel(order, site, builder);
    return { outcome, good: false, ours: local.ours };
  } finally {
    context.harmless(false);
    local.log.close();
  }
}

/** How the job stands for whoever looks: one whose machine went away is not running. */
function endedJob(end: FollowEnd, { job }: KernelView): KernelJob | undefined {
  if (end.kind === "ended") return end.job;
  return end.kind === "gone" && job ? { ...job, state: "lost" } : job;
}

/** The person wants it stopped: the unit is, or why it could not be is said. */
async function cancel({ machine, view }: Order, site: Site, builder: ViewBuilder): Promise<Outcome> {
  try {
    const job = await cancelJob(site.until(AbortSignal.timeout(CANCEL_MS)));
    builder.update({ link: { state: "none" }, ...(job ? { job } : {}) });
    builder.end("skipped", "cancelled");
    if (job) return outcomeOf(machine, { kind: "ended", job }, view.get());
    return { status: "cancelled", sentence: `There was no build on ${machine} any more.` };
  } catch (error) {
    const failure = error instanceof FailureError ? error.failure : explain(error);
    builder.end("skipped", "it goes on there");
    return {
      status: "cancelled",
      sentence: `The build on ${machine} could not be cancelled: ${failure.sentence} It goes on there.`,
      next: "When the machine answers again, follow it (k) and cancel once more.",
    };
  }
}
