/** Everything that is known of one machine, as labelled facts, the most important first. Pure. */

import type { Failure } from "../../ops/failure.ts";
import { duration } from "../../ops/fleet/derive/ages.ts";
import { dollars } from "../../ops/fleet/derive/cost.ts";
import type { Headline } from "../../ops/fleet/derive/headline.ts";
import { spotWords } from "../../ops/fleet/derive/words.ts";
import type { Attachment, Volume } from "../../ops/fleet/model.ts";
import { volumePerMonth } from "../../ops/fleet/prices.ts";
import type { KernelStanding } from "../../ops/kernel/kernels.ts";
import { IDLE_BELOW_PERCENT, IDLE_HOURS } from "../../terraform/auto-stop/rule.ts";
import type { Fact } from "../format/grid.ts";
import { join, type Line, t, ticking } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { ago, count, elapsed, gibibytes, left, moment, percent } from "../format/words.ts";
import { type MachineView, PLACE_WORDS, toneToken } from "./machine-view.ts";
import { actionHere } from "./notices.ts";

/** A machine is asked once a minute, and takes a moment to answer: a younger answer is the newest there is. */
const PROBE_FRESH = 65_000;

const dim = (text: string) => t(text, "text.dim");

/**
 * @param notices what is out of order with this machine and does not stand in the headline
 * @param metricsFailure why there are no newer CPU figures and prices
 */
export function machineFacts(
  view: MachineView,
  notices: readonly Headline[],
  metricsFailure: Failure | undefined,
): readonly Fact[] {
  return [
    ...notices.map(noticeFact),
    stateFact(view),
    rootFact(view),
    persistentFact(view),
    addressFact(view),
    spotFact(view),
    costFact(view),
    autoStopFact(view, metricsFailure),
    probeFact(view),
    buildFact(view),
    firstBootFact(view),
    dataFact(view),
    instanceFact(view),
  ];
}

function noticeFact(headline: Headline): Fact {
  const { kind, severity, sentence } = headline;
  const action = actionHere(headline);
  const words = clean(action ? `${sentence} ${action}` : sentence).split(" ");
  return {
    label: severity === "note" ? "note" : "▲ notice",
    parts: words.map((word) => [t(word, severity === "alarm" ? "status.alarm" : "status.warn")]),
    gap: " ",
    // What the facts below say too may go where room is short.
    rank: kind === "address" || kind === "temporary-disk" ? 9 : 1,
  };
}

function stateFact({ machine, words: state }: MachineView): Fact {
  const { instance } = machine;
  const running = instance?.state === "running" ? instance : undefined;
  return {
    label: "state",
    parts: [
      [t(state.text, toneToken(state.tone))],
      running ? [ticking((now) => `up ${duration(now - running.launchedAt)}`)] : [],
      instance?.stateReason ? [dim(clean(instance.stateReason))] : [],
    ],
    more: running ? [[ticking((now) => `since ${moment(running.launchedAt, now)}`, "text.dim")]] : [],
    rank: state.text === state.short ? 8 : 0,
  };
}

function rootFact({ machine }: MachineView): Fact {
  const { root, rootKind, instance, spec } = machine;
  const kind: Line = {
    persistent: [t("your disk", "status.ok")],
    temporary: [t("TEMPORARY DISK", "status.alarm")],
    unrecorded: [dim(spec.market === "spot" ? "not recorded" : "its own disk")],
    none: instance ? [t("none", "status.warn")] : [],
  }[rootKind];
  const attachment = root?.attachments.find((one) => one.instanceId === instance?.id && one.state !== "detached");
  const volume = root && volumeParts(root, attachment);
  return { label: "root", parts: [kind, ...(volume?.parts ?? [])], more: volume?.more ?? [], rank: 1 };
}

function persistentFact({ machine }: MachineView): Fact {
  const { persistent, rootKind, instance } = machine;
  const label = "your disk";
  if (!persistent || rootKind === "persistent") return { label, parts: [], rank: 0 };
  const { volume, volumeId } = persistent;
  if (!volume) return { label, parts: [[t("not in this account", "status.alarm")], [t(clean(volumeId))]], rank: 0 };
  const holder = volume.attachments.find((one) => one.state !== "detached");
  const apart = instance && volume.availabilityZone !== instance.availabilityZone;
  const { parts, more } = volumeParts(volume, holder);
  return {
    label,
    parts: [
      [t(holder ? `on ${clean(holder.instanceId)}` : "not attached", "status.warn")],
      ...parts,
      apart ? [t(`in ${volume.availabilityZone}, where the machine is not`, "status.alarm")] : [],
    ],
    more,
    rank: 0,
  };
}

function volumeParts(volume: Volume, attachment: Attachment | undefined): { parts: Line[]; more: Line[] } {
  return {
    parts: [
      [t(clean(volume.id))],
      [t(`${gibibytes(volume.sizeGiB)} ${clean(volume.type)}`)],
      [ticking((now) => `${duration(now - volume.createdAt)} old`, "text.dim")],
      attachment && attachment.state !== "attached" ? [t(attachment.state, "status.busy")] : [],
      attachment?.deleteOnTermination ? [t("deleted with the instance", "status.warn")] : [],
      volume.state === "error" ? [t("in error", "status.error")] : [],
    ],
    more: attachment
      ? [[dim(clean(attachment.device))], attachment.deleteOnTermination ? [] : [dim("kept on termination")]]
      : [],
  };
}

function addressFact({ machine }: MachineView): Fact {
  const { address, addressPlace, instance } = machine;
  const place: Line = {
    here: [t(PLACE_WORDS.here, "status.ok")],
    elsewhere: [t(`${PLACE_WORDS.elsewhere}, ${clean(address?.instanceId ?? "not an instance")}`, "status.warn")],
    nowhere: [t(address ? PLACE_WORDS.nowhere : "not in this account", "status.warn")],
    unrecorded: [dim("no Elastic IP")],
  }[addressPlace];
  const ip = address?.publicIp ?? instance?.publicIp;
  return {
    label: "address",
    parts: [ip ? [t(clean(ip))] : [], place, address ? [dim(clean(address.allocationId))] : []],
    more: instance?.privateIp ? [[dim(`private ${clean(instance.privateIp)}`)]] : [],
    rank: 3,
  };
}

function spotFact({ machine }: MachineView): Fact {
  const { spotRequest, instance, spec } = machine;
  const said = spotWords(machine);
  if (!spotRequest || !said) {
    if (instance?.market === "spot") {
      return { label: "spot", parts: [[t("spot request not found", "status.warn")]], rank: 2 };
    }
    return { label: "spot", parts: spec.market === "spot" ? [] : [[dim("no, on demand")]], rank: 8 };
  }
  const { statusAt, type, interruptionBehavior } = spotRequest;
  return {
    label: "spot",
    parts: [
      [t(clean(said))],
      statusAt === undefined ? [] : [ticking((now) => ago(statusAt, now), "text.dim")],
      [dim(clean(spotRequest.id))],
    ],
    more: [[dim(`${type}${interruptionBehavior ? `, ${clean(interruptionBehavior)} when interrupted` : ""}`)]],
    rank: 4,
  };
}

function costFact({ cost, machine }: MachineView): Fact {
  const { instancePerHour, perHour, belowOnDemand, stoppedPerMonth } = cost;
  const running = machine.instance?.state === "running";
  const onSpot = (machine.instance?.market ?? machine.spec.market) === "spot";
  const price =
    instancePerHour === undefined
      ? "spot price unknown"
      : `${dollars(instancePerHour, "h")} ${onSpot ? "spot" : "on demand"}`;
  const below: Line =
    belowOnDemand === undefined
      ? []
      : [t(`${percent(belowOnDemand)} below on-demand`, running ? "status.ok" : "text.dim")];
  const stopped = `${dollars(stoppedPerMonth, "month")} while stopped`;
  return running
    ? {
        label: "cost",
        parts: [perHour === undefined ? [] : [t(`${dollars(perHour, "h")} now`)], below, [dim(stopped)]],
        more: [[dim(price)]],
        rank: 5,
      }
    : { label: "cost", parts: [[t(stopped)], [dim(`${price} while it runs`)]], more: [below], rank: 5 };
}

function autoStopFact({ idle, machine, cpu }: MachineView, failure: Failure | undefined): Fact {
  const label = "auto-stop";
  const rule = `after ${IDLE_HOURS} h in a row under ${IDLE_BELOW_PERCENT} %`;
  const late: Line[] = failure ? [[t(clean(failure.sentence), "status.warn")]] : [];
  const use: Line = !idle ? [] : [t(idle.hours === 0 ? "in use" : `idle ${idle.hours} h`)];
  const newest = cpu?.at(-1)?.maximum;
  const more: Line[] = idle && newest !== undefined ? [[dim(`last hour at most ${Math.round(newest)} % CPU`)]] : [];
  if (!machine.spec.autoStop) return { label, parts: [use, [dim("never stopped by itself")], ...late], more, rank: 7 };
  if (idle?.autoStopAt !== undefined) {
    const at = idle.autoStopAt;
    const token = idle.hours >= IDLE_HOURS - 2 ? "status.warn" : undefined;
    const strikes: Line = [
      ticking((now) => `stops in ${left(at, now)}`, token),
      ticking((now) => ` at ${moment(at, now)}`, "text.dim"),
    ];
    return { label, parts: [use, strikes, ...late], more: [...more, [dim(rule)]], rank: 4 };
  }
  if (machine.instance?.state !== "running") return { label, parts: late, rank: 7 };
  return { label, parts: [[dim("no CPU figures yet")], ...late], more: [[dim(`stops ${rule}`)]], rank: 7 };
}

function probeFact({ probe, kernel, machine }: MachineView): Fact {
  if (!probe) {
    const running = machine.instance?.state === "running";
    return { label: "kernel", parts: running ? [[dim("not asked yet")]] : [], rank: 8 };
  }
  const { scratch, load } = probe;
  const disk: Line = !scratch
    ? []
    : scratch.mounted
      ? [dim("/mnt/fcvm-btrfs "), t(scratch.device ? `on ${clean(scratch.device).replace(/^\/dev\//, "")}` : "mounted")]
      : [t("/mnt/fcvm-btrfs not mounted", "status.warn")];
  return {
    label: "kernel",
    parts: [
      [t(clean(probe.kernel)), ...standingPieces(kernel)],
      load ? [dim("load "), t(load[0].toFixed(2)), dim(` ${load[1].toFixed(2)} ${load[2].toFixed(2)}`)] : [],
      disk,
      [ticking((now) => (now - probe.at < PROBE_FRESH ? "1 min ago" : ago(probe.at, now)), "text.dim")],
    ],
    more: [
      ...(kernel?.age === "older" ? kernel.changes.map((change): Line => [t(clean(change), "status.warn")]) : []),
      ...(scratch?.model ? [[dim(clean(scratch.model))]] : []),
    ],
    rank: 5,
  };
}

function standingPieces(kernel: KernelStanding | undefined): Line {
  if (!kernel?.nestedDsb) return [dim(" unpatched")];
  if (kernel.age === "older") return [t(" ▲ older than the patches here", "status.warn")];
  return [t(kernel.age === "current" ? " ✓ with the patches here" : " ✓ patched", "status.ok")];
}

/** The newest kernel build there, by whomever. */
function buildFact({ lastBuild: job, probe }: MachineView): Fact {
  const label = "last build";
  if (!job) return { label, parts: [], rank: 8 };
  const what: Line = [t(`${job.kind} ${clean(job.version)}`)];
  const { state, startedAt, endedAt } = job;
  if (probe?.build?.id === job.id || (state === "running" && endedAt === undefined)) {
    return { label, parts: [what, [t("under way", "status.busy")]], rank: 6 };
  }
  const ended: Line = endedAt === undefined ? [] : [ticking((now) => ago(endedAt, now), "text.dim")];
  if (state !== "succeeded") {
    const why: Line[] = job.reason ? [[dim(clean(job.reason))]] : [];
    return { label, parts: [what, [t(state, "status.warn")], ended], more: why, rank: 6 };
  }
  const took = endedAt === undefined ? "built" : `built in ${elapsed(startedAt, endedAt)}`;
  const how: Line = [t(job.unchanged ? "nothing had to be built" : took, "status.ok")];
  return { label, parts: [what, how, ended], rank: 8 };
}

/** How the first boot went, as long as that is worth a word. */
function firstBootFact({ probe }: MachineView): Fact {
  const label = "first boot";
  const boot = probe?.firstBoot;
  if (!boot || boot.state === "done") return { label, parts: [], rank: 0 };
  if (boot.state === "running") return { label, parts: [[t("under way", "status.busy")]], rank: 2 };
  const failed = boot.failed.map(clean).join(", ");
  return { label, parts: [[t(failed ? `failed: ${failed}` : "failed", "status.warn")]], rank: 2 };
}

function dataFact({ machine }: MachineView): Fact {
  return {
    label: machine.dataVolumes.length > 1 ? "volumes" : "volume",
    parts: machine.dataVolumes.map((volume) => {
      const attachment = volume.attachments.find((one) => one.instanceId === machine.instance?.id);
      const { parts, more } = volumeParts(volume, attachment);
      return join([volume.name ? [t(clean(volume.name))] : [], ...parts, more[0] ?? []], t("  "));
    }),
    rank: 6,
  };
}

function instanceFact({ machine }: MachineView): Fact {
  const { instance, spec, others } = machine;
  if (!instance) return { label: "instance", parts: [[dim("none")]], rank: 6 };
  const { vcpus, memoryGiB } = spec;
  return {
    label: "instance",
    parts: [[t(clean(instance.id))], [dim(clean(instance.availabilityZone))], [dim(clean(instance.imageId))]],
    more: [
      [dim(`${clean(instance.type)}, ${clean(instance.architecture)}, ${vcpus} vCPU, ${memoryGiB} GiB`)],
      others.length ? [dim(count(others.length, "earlier instance"))] : [],
    ],
    rank: 6,
  };
}

/** What an unattached or any other volume costs, said the same way everywhere. */
export function volumeCost(volume: Volume): string {
  return dollars(volumePerMonth(volume), "month");
}
