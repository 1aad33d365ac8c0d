/** What a machine's spot request allows, in the words of aws.md, "Spot requests". */

import { hasNotice } from "../fleet/derive/stopped-by.ts";
import type { World } from "./world.ts";

type Standing =
  /** Nothing holds the stopped machine: it may be opened, and started. On-demand machines always are. */
  | { readonly kind: "released" }
  /** AWS has not got there yet. */
  | { readonly kind: "held"; readonly reason: string }
  /** AWS is about to start it. */
  | { readonly kind: "starting"; readonly reason: string }
  /** An experiment of AWS FIS stopped it: its owner may start it, and only after a stop by us may it be opened. */
  | { readonly kind: "by-experiment"; readonly reason: string }
  /** AWS stopped it, and only AWS starts it again; without its root volume AWS would terminate it. */
  | { readonly kind: "stopped-by-aws"; readonly reason: string }
  /** Never again stoppable, or already at its end. */
  | { readonly kind: "ended"; readonly reason: string }
  | { readonly kind: "unseen" };

/** EC2's answers are late by seconds; what they say for minutes is so, such as after a start that was taken back. */
const LATE_MS = 2 * 60_000;

/** How the spot request of a *stopped* machine stands. */
export function standingOf(world: World): Standing {
  const { instance, spotRequest } = world;
  if (!instance) return { kind: "unseen" };
  if (instance.market === "on-demand" && instance.spotRequestId === undefined) return { kind: "released" };
  if (!spotRequest || (spotRequest.instanceId !== undefined && spotRequest.instanceId !== instance.id)) {
    return { kind: "unseen" };
  }
  const { id, state, statusCode } = spotRequest;
  const reason = `the spot request ${id} is ${state} (${statusCode})`;
  switch (state) {
    case "active":
      return { kind: "held", reason };
    case "open":
      return { kind: "starting", reason };
    case "disabled":
      if (statusCode === "instance-stopped-by-experiment") return { kind: "by-experiment", reason };
      if (statusCode !== "instance-stopped-by-user") return { kind: "stopped-by-aws", reason };
      // A release that is older than the last launch belongs to an earlier stop: that answer is late, for a while.
      return (spotRequest.statusAt ?? instance.launchedAt) < instance.launchedAt &&
        world.at - instance.launchedAt < LATE_MS
        ? { kind: "held", reason: `${reason}, which is from before the last start` }
        : { kind: "released" };
    default:
      return { kind: "ended", reason };
  }
}

/** Why a *running* machine must not be stopped, if so: what was cancelled or asked for once does not come back. */
export function stopBar(world: World): string | undefined {
  const { instance, spotRequest } = world;
  if (!instance || (instance.market === "on-demand" && instance.spotRequestId === undefined)) return undefined;
  if (!spotRequest) return undefined;
  const { id, state, statusCode, type } = spotRequest;
  if (state === "cancelled" || state === "closed" || state === "failed") {
    return `the spot request ${id} is ${state} (${statusCode}), so ${instance.id} can never be stopped and started again`;
  }
  return type === "one-time"
    ? `the spot request ${id} is a one-time request, so ${instance.id} can never be stopped and started again`
    : undefined;
}

/** Whether AWS has announced that it takes the running machine away. */
export function isBeingTaken(world: World): boolean {
  return world.spotRequest?.state === "active" && hasNotice(world.spotRequest);
}
