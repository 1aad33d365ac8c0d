/** This folder: what follows from a Fleet: words, costs, headlines. Not here: I/O, clocks, clients; all of it is pure. */
/** The state of a machine in words: instance and spot request together (aws.md, "Spot requests"). */

import type { Machine, SpotRequest } from "../model.ts";

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
      return words("stopping", "busy", isReleasing(spotRequest) ? NOT_RELEASED : undefined);
    case "stopped":
      return onSpot ? stopped(spotRequest) : words("stopped", "quiet");
    case "shutting-down":
      return words("terminating", "bad", endedBy(spotRequest, instance.stateReason));
    case "terminated":
      return words("terminated", "bad", endedBy(spotRequest, instance.stateReason));
  }
}

/** Whether a stopped spot machine may be started, or its root be taken off: its request is released by a user's stop. */
export function isReleased(spotRequest: SpotRequest | undefined): boolean {
  return spotRequest?.state === "disabled" && spotRequest.statusCode === "instance-stopped-by-user";
}

/** Whether EC2 itself stopped it: then EC2 and only EC2 restarts it. */
export function isStoppedByAws(spotRequest: SpotRequest | undefined): boolean {
  return (
    spotRequest !== undefined &&
    ["instance-stopped-no-capacity", "instance-stopped-by-price", "instance-stopped-capacity-oversubscribed"].includes(
      spotRequest.statusCode,
    )
  );
}

/** Whether AWS has given notice that it takes the running machine away within two minutes. */
export function isMarked(spotRequest: SpotRequest | undefined): boolean {
  return spotRequest?.statusCode === "marked-for-stop" || spotRequest?.statusCode === "marked-for-termination";
}

/** Whether EC2 terminated the instance for its own reasons. */
export function isTakenByAws(spotRequest: SpotRequest | undefined, stateReason: string | undefined): boolean {
  return (
    /^instance-terminated-(?!by-user|by-service)/.test(spotRequest?.statusCode ?? "") ||
    /^Server\.Spot/.test(stateReason ?? "")
  );
}

const NOT_RELEASED = "spot request not yet released";

function isReleasing(spotRequest: SpotRequest | undefined): boolean {
  return spotRequest?.state === "active";
}

function running(request: SpotRequest | undefined): StateWords {
  if (!request) return words("running", "warning", "its spot request is not to be seen");
  if (request.statusCode === "marked-for-stop") return words("running", "bad", "AWS stops it within two minutes");
  if (request.statusCode === "marked-for-termination")
    return words("running", "bad", "AWS terminates it within two minutes");
  if (request.state === "cancelled")
    return words("running", "warning", "spot request cancelled, so it can never be stopped");
  if (request.state === "active" || request.state === "open") return words("running", "good");
  return words("running", "warning", `spot request ${request.state}, ${request.statusCode}`);
}

function stopped(request: SpotRequest | undefined): StateWords {
  if (!request) return words("stopped", "warning", "its spot request is not to be seen");
  switch (request.state) {
    case "active":
      return { short: "stopping", text: `stopping: ${NOT_RELEASED}`, tone: "busy" };
    case "open":
      return request.statusCode === "pending-evaluation"
        ? { short: "starting", text: `starting: ${openWords(request)}`, tone: "busy" }
        : words("stopped", "warning", `${openWords(request)}; EC2 restarts it`);
    case "disabled":
      if (isReleased(request)) return words("stopped", "quiet");
      if (request.statusCode === "instance-stopped-by-price") {
        return words("stopped by AWS", "warning", "spot price too high; EC2 restarts it");
      }
      if (isStoppedByAws(request)) return words("stopped by AWS", "warning", "no capacity; EC2 restarts it");
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

function endedBy(request: SpotRequest | undefined, stateReason: string | undefined): string | undefined {
  switch (request?.statusCode) {
    case "instance-terminated-by-user":
      return "by a person or Terraform";
    case "instance-terminated-by-price":
      return "by AWS, spot price too high";
    case "instance-terminated-no-capacity":
    case "instance-terminated-capacity-oversubscribed":
      return "by AWS, no capacity";
  }
  if (isTakenByAws(request, stateReason)) return "by AWS";
  return stateReason?.startsWith("Client.User") ? "by a person or Terraform" : undefined;
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
    : isStoppedByAws(request)
      ? "only EC2 restarts it"
      : isMarked(request) && machine.instance?.state === "running"
        ? "interruption notice"
        : machine.instance?.state === "stopped" && isReleasing(request)
          ? "not yet released"
          : undefined;
  return `${request.state}, ${request.statusCode}${meaning ? ` (${meaning})` : ""}`;
}
