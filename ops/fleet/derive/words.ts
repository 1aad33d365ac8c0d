/** This folder: what follows from a Fleet: words, costs, headlines. Not here: I/O, clocks, clients; all of it is pure. */
/** The state of a machine in words: instance and spot request together (aws.md, "Spot requests"). */

import type { Machine, SpotRequest } from "../model.ts";
import { hasNotice, onlyEc2Restarts, stoppedBy } from "./stopped-by.ts";

/** How it is drawn, always beside the words: colour never stands alone. */
export type Tone = "good" | "busy" | "quiet" | "warning" | "bad";

export interface StateWords {
  /** One or two words for a narrow column: "running", "stopping". */
  readonly short: string;
  /** The whole of it: "stopping: spot request not yet released". */
  readonly text: string;
  readonly tone: Tone;
}

/** What state the machine is in. Pure; unknown status codes are shown as they are. */
export function stateWords(machine: Machine): StateWords {
  const { instance, spotRequest } = machine;
  const onSpot = instance?.market === "spot" || (!instance && machine.spec.market === "spot");
  switch (instance?.state) {
    case undefined:
      return words("not there", "bad", "no instance of this name");
    case "pending":
      return words("starting", "busy", spotRequest?.state === "open" ? openWords(spotRequest) : undefined);
    case "running":
      return onSpot ? running(spotRequest) : words("running", "good");
    case "stopping":
      return words("stopping", "busy", byAws(machine) ?? (isReleasing(spotRequest) ? NOT_RELEASED : undefined));
    case "stopped":
      return onSpot ? stopped(machine, spotRequest) : words("stopped", "quiet");
    case "shutting-down":
      return words("terminating", "bad", endedBy(machine));
    case "terminated":
      return words("terminated", "bad", endedBy(machine));
  }
}

/** Whether a stopped spot machine may be started, or its root be taken off: its request is released by a user's stop. */
export function isReleased(spotRequest: SpotRequest | undefined): boolean {
  return spotRequest?.state === "disabled" && spotRequest.statusCode === "instance-stopped-by-user";
}

const NOT_RELEASED = "spot request not yet released";

function isReleasing(spotRequest: SpotRequest | undefined): boolean {
  return spotRequest?.state === "active";
}

function running(request: SpotRequest | undefined): StateWords {
  if (!request) return words("running", "warning", "spot request not found");
  if (hasNotice(request)) {
    const what = request.statusCode === "marked-for-termination" ? "terminates" : "stops";
    return words("running", "bad", `AWS ${what} it within two minutes`);
  }
  if (request.state === "cancelled")
    return words("running", "warning", "spot request cancelled, so it can never be stopped");
  if (request.state === "active" || request.state === "open") return words("running", "good");
  return words("running", "warning", `spot request ${request.state}, ${request.statusCode}`);
}

function stopped(machine: Machine, request: SpotRequest | undefined): StateWords {
  if (!request) return words("stopped", "warning", "spot request not found");
  switch (request.state) {
    case "active":
      return words("stopping", "busy", byAws(machine) ?? NOT_RELEASED);
    case "open":
      return request.statusCode === "pending-evaluation"
        ? { short: "starting", text: `starting: ${openWords(request)}`, tone: "busy" }
        : words("stopped", "warning", `${openWords(request)}; EC2 restarts it`);
    case "disabled":
      if (isReleased(request)) return words("stopped", "quiet");
      if (onlyEc2Restarts(request)) {
        const { why } = stoppedBy(machine) ?? {};
        return words("stopped by AWS", "warning", why ? `${why}; EC2 restarts it` : "EC2 restarts it");
      }
      if (stoppedBy(machine)?.who === "experiment") {
        return words("stopped", "warning", "by an interruption experiment; EC2 does not restart it");
      }
      return words("stopped", "warning", `spot request disabled, ${request.statusCode}`);
    case "cancelled":
      return words("stopped", "bad", "spot request cancelled, so AWS is about to terminate it");
    default:
      return words("stopped", "bad", `spot request ${request.state}, so it cannot be started`);
  }
}

/** What an open request waits for. */
function openWords(request: SpotRequest): string {
  switch (request.statusCode) {
    case "pending-evaluation":
      return "spot request being evaluated";
    case "pending-fulfillment":
      return "spot request about to be fulfilled";
    case "capacity-not-available":
    case "capacity-oversubscribed":
      return "no spot capacity";
    case "price-too-low":
      return "spot price too high";
    default:
      return `spot request open, ${request.statusCode}`;
  }
}

function byAws(machine: Machine): string | undefined {
  return stoppedBy(machine)?.who === "aws" ? "AWS takes it back" : undefined;
}

function endedBy(machine: Machine): string | undefined {
  const by = stoppedBy(machine);
  switch (by?.who) {
    case "aws":
      return by.why ? `by AWS, ${by.why}` : "by AWS";
    case "person":
      return "by a person or Terraform";
    case "experiment":
      return "by an interruption experiment";
    default:
      return undefined;
  }
}

function words(short: string, tone: Tone, detail?: string): StateWords {
  return { short, tone, text: detail ? `${short}: ${detail}` : short };
}

/** The spot request's own state, for the detail view: "disabled, instance-stopped-by-user (released)". */
export function spotWords(machine: Machine): string | undefined {
  const request = machine.spotRequest;
  if (!request) return undefined;
  const meaning = isReleased(request)
    ? "released, can be started"
    : onlyEc2Restarts(request)
      ? "only EC2 restarts it"
      : hasNotice(request) && machine.instance?.state === "running"
        ? "interruption notice"
        : machine.instance?.state === "stopped" && isReleasing(request)
          ? "not yet released"
          : undefined;
  return `${request.state}, ${request.statusCode}${meaning ? ` (${meaning})` : ""}`;
}
