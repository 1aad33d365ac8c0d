/** Who stopped or ended a machine: the one reading of its spot request and of its StateReason (aws.md, "Spot requests"). */

import type { Machine, SpotRequest } from "../model.ts";

type Seen = Pick<Machine, "instance" | "spotRequest">;

interface StoppedBy {
  /**
   * `aws`: the spot market took it. `experiment`: an interruption that somebody ordered (AWS FIS). `itself`: a shutdown
   * from inside. `launch`: AWS accepted a start and took it back. `unknown`: AWS has not said yet.
   */
  readonly who: "aws" | "experiment" | "person" | "itself" | "launch" | "unknown";
  /** What AWS gives as its own reason, as a phrase. */
  readonly why: string | undefined;
}

const UNKNOWN: StoppedBy = { who: "unknown", why: undefined };

/**
 * Who made an end of the machine's run; undefined while it runs or comes up. `marked-for-stop` stands in everybody's
 * stop and so tells nothing; the request's final status does, and before that the StateReason of the instance.
 */
export function stoppedBy({ instance, spotRequest }: Seen): StoppedBy | undefined {
  if (!instance || instance.state === "running" || instance.state === "pending") return undefined;
  const reason = instance.stateReason ?? "";
  // These are the instance's alone: the request says of them what it says of a person's stop, or nothing.
  if (reason.startsWith("Client.InstanceInitiatedShutdown")) return { who: "itself", why: undefined };
  if (/^(Client|Server)\.(Internal|Insufficient|Invalid|VolumeLimit)/.test(reason))
    return { who: "launch", why: undefined };
  // A final status from before the last launch is that of an earlier stop.
  const stale = (spotRequest?.statusAt ?? instance.launchedAt) < instance.launchedAt;
  const said = spotRequest && !stale ? byStatus(spotRequest.statusCode) : UNKNOWN;
  return said.who === "unknown" ? byReason(reason) : said;
}

function byStatus(code: string): StoppedBy {
  if (/-by-experiment$/.test(code)) return { who: "experiment", why: undefined };
  const [, end] = /^instance-(?:stopped|terminated)-(.+)$/.exec(code) ?? [];
  switch (end) {
    case "by-user":
      return { who: "person", why: undefined };
    case "by-price":
      return { who: "aws", why: "the spot price is too high" };
    case "no-capacity":
    case "capacity-oversubscribed":
      return { who: "aws", why: "no spot capacity" };
    case undefined:
    // Ended out of a stop, as its request was cancelled or its root was off: the instance says by whom.
    case "by-service":
      return UNKNOWN;
    default:
      return { who: "aws", why: undefined };
  }
}

function byReason(reason: string): StoppedBy {
  if (/^Server\.S(pot|cheduled)/.test(reason)) return { who: "aws", why: undefined };
  return reason.startsWith("Client.User") ? { who: "person", why: undefined } : UNKNOWN;
}

/** A sentence on why nothing can run on the machine any more; undefined while it runs or comes up. */
export function goneSentence(machine: Machine): string | undefined {
  const { name } = machine.spec;
  if (!machine.instance) return `${name} is gone: AWS knows no such instance any more.`;
  const by = stoppedBy(machine);
  if (!by) return undefined;
  const ended = machine.instance.state === "terminated" || machine.instance.state === "shutting-down";
  const done = ended ? "terminated" : "stopped";
  switch (by.who) {
    case "aws":
      return `AWS took ${name} back and ${done} it${by.why ? `: ${by.why}` : ""}.`;
    case "experiment":
      return `An interruption experiment (AWS FIS) ${done} ${name}.`;
    case "itself":
      return `${name} was shut down from inside.`;
    case "launch":
      return `AWS took the start of ${name} back.`;
    default:
      return `${name} was ${done}.`;
  }
}

/** Whether the request is that of a machine which EC2 itself stopped: EC2 and only EC2 restarts it. */
export function onlyEc2Restarts(request: SpotRequest | undefined): boolean {
  return request?.statusCode.startsWith("instance-stopped-") === true && byStatus(request.statusCode).who === "aws";
}

/** Whether a *running* machine with this request has been given notice of two minutes. */
export function hasNotice(request: SpotRequest | undefined): boolean {
  return request?.statusCode.startsWith("marked-for-") === true;
}
