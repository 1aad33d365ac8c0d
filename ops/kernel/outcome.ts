/** How a build ended, in a sentence and a next action. Pure. */

import { duration } from "../fleet/derive/ages.ts";
import type { MachineName } from "../fleet/machines.ts";
import { MACHINES } from "../fleet/machines.ts";
import type { Outcome } from "../operation/types.ts";
import type { FollowEnd } from "./follow.ts";
import { tookMs } from "./question.ts";
import type { KernelJob, KernelView } from "./view.ts";

/** What a person does to go on where it was. */
function again(machine: MachineName, kind: string): string {
  return `press k on ${machine}, or run make kernel-${kind === "host" ? "host-" : ""}${MACHINES[machine].short}`;
}

/** The outcome of a build that was followed to `end`; for a host kernel, before its trial boot. */
export function outcomeOf(machine: MachineName, end: FollowEnd, view: KernelView): Outcome {
  const kind = view.job?.kind ?? view.kind ?? "guest";
  const goOn = `${again(machine, kind)}: what is built already is kept`;
  switch (end.kind) {
    case "ended":
      return ofJob(machine, end.job, view, goOn);
    case "gone":
      return lost(`${end.sentence} Its ${kind} kernel was not finished (${where(view)}).`, startFirst(machine, kind));
    case "vanished":
      return lost(
        `The job ${view.job?.id ?? ""} is not among the newest of ${machine} any more.`,
        `Look at what was built since: ${goOn}.`,
      );
    case "unreachable":
      return {
        status: "failed",
        failure: {
          ...end.failure,
          sentence: `${end.failure.sentence} The build itself goes on there.`,
        },
      };
  }
}

function ofJob(machine: MachineName, job: KernelJob, view: KernelView, goOn: string): Outcome {
  const took = tookMs(job);
  const time = took === undefined ? "" : ` in ${duration(took)}`;
  switch (job.state) {
    case "running":
    case "succeeded":
      if (job.unchanged) {
        return {
          status: "nothing-to-do",
          sentence: `Nothing changed: the ${job.kind} kernel of these inputs is on ${machine} already.`,
          next: `It is ${imagePath(job)}.`,
        };
      }
      return {
        status: "done",
        sentence: `The ${job.kind} kernel was built on ${machine}${time}.`,
        next: `It is ${imagePath(job)}.`,
      };
    case "cancelled":
      return {
        status: "cancelled",
        sentence: `The build on ${machine} was cancelled (${where(view)}).`,
        next: `To go on, ${goOn}.`,
      };
    case "failed":
      return {
        status: "failed",
        failure: {
          kind: "conflict",
          code: "BUILD_FAILED",
          sentence: job.reason || `The build on ${machine} failed with status ${job.exit ?? "unknown"}.`,
          action: `The whole log is on this computer; to go on, ${goOn}.`,
        },
      };
    case "interrupted":
      return lost(
        `${machine} was taken back, shut down or rebooted in the middle of the build (${where(view)}).`,
        startFirst(machine, job.kind),
      );
    case "lost":
      return lost(
        `The build on ${machine} ended without a word: the machine went down, or its runner was killed (${where(view)}).`,
        startFirst(machine, job.kind),
      );
  }
}

/** Where the image lies there, from the home on. */
function imagePath({ artefact }: KernelJob): string {
  return artefact.replace(/^.*(?=\/\.local\/state\/)/, "~");
}

function lost(sentence: string, action: string): Outcome {
  return { status: "failed", failure: { kind: "conflict", code: "BUILD_LOST", sentence, action } };
}

/** A machine that was stopped has an empty instance store, where trees may have been; one that rebooted has an empty /tmp. */
function startFirst(machine: MachineName, kind: string): string {
  return `When it runs again, ${again(machine, kind)}: it goes on where it was, as far as its trees outlived that.`;
}

function where({ progress }: KernelView): string {
  const { compiled, phase, total } = progress;
  return phase === "compile" ? `at ${compiled}${total ? ` of ${total}` : ""} files` : `at ${phase}`;
}
