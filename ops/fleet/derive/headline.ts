/** What a person must know first: everything out of order, the gravest first. */

import { isLive } from "../assemble.ts";
import { MACHINE_NAMES, type MachineName } from "../machines.ts";
import type { Fleet, Machine } from "../model.ts";
import { PERSISTENT_TAG } from "../tags.ts";
import { dollars, orphansPerMonth } from "./cost.ts";
import { hasNotice, onlyEc2Restarts, stoppedBy } from "./stopped-by.ts";
import { stateWords } from "./words.ts";

type HeadlineKind =
  | "persistent-missing"
  | "unfinished-swap"
  | "temporary-disk"
  | "interrupted"
  | "taken"
  | "ended"
  | "no-machines"
  | "spot-cancelled"
  | "stray-spot-request"
  | "stray-instance"
  | "persistent-at-risk"
  | "record-contradiction"
  | "address"
  | "nothing-protected"
  | "orphans";

export interface Headline {
  readonly kind: HeadlineKind;
  /** `alarm`: data or a machine is not where it belongs. `warning`: it costs or will cost. `note`: good to know. */
  readonly severity: "alarm" | "warning" | "note";
  readonly machine: MachineName | undefined;
  readonly sentence: string;
  /** What to do, as an imperative. */
  readonly action: string | undefined;
}

/** All that is out of order, the most important first; the first one is the headline of the screen. */
export function headlines(fleet: Fleet): readonly Headline[] {
  const machines = MACHINE_NAMES.map((name) => fleet.machines[name]);
  return [
    ...machines.flatMap(temporaryDisk),
    ...machines.flatMap(takenByAws),
    ...gone(fleet),
    ...nothingProtected(fleet),
    ...machines.flatMap((machine) => contradiction(machine, fleet)),
    ...machines.flatMap(spotCancelled),
    ...fleet.straySpotRequests.map(
      (request): Headline => ({
        kind: "stray-spot-request",
        severity: "warning",
        machine: undefined,
        sentence:
          request.instanceId && isLive(fleet.observation.instances.find((one) => one.id === request.instanceId))
            ? `Spot request ${request.id} runs ${request.instanceId}, which is none of the three machines.`
            : `Spot request ${request.id} is still ${request.state} without its machine: EC2 may launch one that nobody manages.`,
        action: "Cancel it, once nothing of it is needed.",
      }),
    ),
    ...fleet.strayInstances.map(
      (instance): Headline => ({
        kind: "stray-instance",
        severity: "warning",
        machine: undefined,
        sentence: `A second ${instance.name ?? "instance"} exists beside the machine: ${instance.id} is ${instance.state}.`,
        action: "Look at what made it, and end it if it is nobody's.",
      }),
    ),
    ...machines.flatMap(persistentAtRisk),
    ...machines.flatMap(addressAway),
    ...orphans(fleet),
  ];
}

function temporaryDisk(machine: Machine): Headline[] {
  const { persistent, root, spec } = machine;
  if (!persistent) return [];
  if (!persistent.volume) {
    return [
      {
        kind: "persistent-missing",
        severity: "alarm",
        machine: spec.name,
        sentence: `The persistent volume of ${spec.name}, ${persistent.volumeId}, is not in this account and region.`,
        action: "Check the account that is signed in to, then terraform.tfvars.",
      },
    ];
  }
  if (machine.rootKind !== "temporary") return [];
  const verb = machine.instance?.state === "running" ? "is running on" : "has";
  return [
    {
      kind: "temporary-disk",
      severity: "alarm",
      machine: spec.name,
      sentence: `${spec.name} ${verb} a temporary disk${root ? ` (${root.id})` : ""}; yours is ${persistent.volumeId}.`,
      action: `Put your disk back: s, or make swap-${spec.short}.`,
    },
  ];
}

function takenByAws(machine: Machine): Headline[] {
  const { instance, spotRequest, spec } = machine;
  const taken = (kind: HeadlineKind, sentence: string, action: string): Headline[] => [
    { kind, severity: "alarm", machine: spec.name, sentence, action },
  ];
  if (instance?.state === "running" && hasNotice(spotRequest)) {
    return taken("interrupted", `AWS takes ${spec.name} away within two minutes.`, "Save what is open on it.");
  }
  const by = stoppedBy(machine);
  if (instance?.state === "stopped" && by?.who === "experiment") {
    const sentence = `An interruption experiment (AWS FIS) stopped ${spec.name}: EC2 does not restart it.`;
    return taken("taken", sentence, `Start it: p, or make start-${spec.short}.`);
  }
  if (by?.who !== "aws") return [];
  if (instance && !isLive(instance)) {
    return taken("taken", `AWS terminated ${spec.name}.`, "Plan and apply to have it made again; its volume stays.");
  }
  // On its way: the request says in the end whether EC2 restarts it.
  if (!onlyEc2Restarts(spotRequest)) return [];
  const why = by.why ? `: ${by.why}` : "";
  return taken(
    "taken",
    `AWS stopped ${spec.name}${why}.`,
    "Wait: only EC2 restarts it, by itself, when there is room.",
  );
}

/** Machines that are not there, for other reasons than AWS's. */
function gone(fleet: Fleet): Headline[] {
  const machines = MACHINE_NAMES.map((name) => fleet.machines[name]);
  if (!machines.some(({ instance }) => isLive(instance))) {
    return [
      {
        kind: "no-machines",
        severity: "alarm",
        machine: undefined,
        sentence: "None of the three machines exists in this account and region.",
        action: "Check the account that is signed in to, or make them: a, or make apply.",
      },
    ];
  }
  return machines
    .filter((machine) => !isLive(machine.instance) && stoppedBy(machine)?.who !== "aws")
    .map((machine) => ({
      kind: "ended",
      severity: "warning",
      machine: machine.spec.name,
      sentence: machine.instance
        ? `${machine.spec.name} is ${stateWords(machine).text}.`
        : `There is no ${machine.spec.name} in this account and region.`,
      action: "Plan and apply to have it made again: a, or make apply.",
    }));
}

/** Without a list of what is protected, no volume is known to be of no use. */
function nothingProtected({ observation, protectedVolumeIds }: Fleet): Headline[] {
  if (protectedVolumeIds.size > 0 || observation.volumes.length === 0) return [];
  return [
    {
      kind: "nothing-protected",
      severity: "warning",
      machine: undefined,
      sentence: "No volume is recorded as persistent, so none is offered for deletion.",
      action: "Plan and apply to have the machines' root volumes recorded: a, or make apply.",
    },
  ];
}

function spotCancelled({ instance, spotRequest, spec }: Machine): Headline[] {
  if (!isLive(instance) || spotRequest?.state !== "cancelled") return [];
  return [
    {
      kind: "spot-cancelled",
      severity: "alarm",
      machine: spec.name,
      sentence: `The spot request of ${spec.name} is cancelled: a stop would terminate it.`,
      action: "Leave it running until its work is saved, then have it made again: a, or make apply.",
    },
  ];
}

function persistentAtRisk({ instance, persistent, spec }: Machine): Headline[] {
  const attachment = persistent?.volume?.attachments.find((one) => one.deleteOnTermination && one.state !== "detached");
  if (!attachment || !persistent) return [];
  const whose = attachment.instanceId === instance?.id ? spec.name : attachment.instanceId;
  return [
    {
      kind: "persistent-at-risk",
      severity: "alarm",
      machine: spec.name,
      sentence: `The persistent volume ${persistent.volumeId} would be deleted if ${whose} were terminated.`,
      action:
        attachment.instanceId === instance?.id
          ? `Have that taken off it: s, or make swap-${spec.short}.`
          : `Take it off ${whose} in the EC2 console; on ${spec.name} it is kept.`,
    },
  ];
}

/** The owner's file, or the oldest tag, counts; that another volume is tagged for the same machine is for the owner to settle. */
function contradiction({ persistent, spec }: Machine, { observation }: Fleet): Headline[] {
  const others = observation.volumes.filter(
    ({ id, tags }) => persistent !== undefined && tags[PERSISTENT_TAG] === spec.name && id !== persistent.volumeId,
  );
  if (!persistent || others.length === 0) return [];
  const ids = others.map(({ id }) => id).join(" and ");
  return [
    {
      kind: "record-contradiction",
      severity: "warning",
      machine: spec.name,
      sentence: `${persistent.volumeId} counts as the disk of ${spec.name}, but ${ids} ${others.length > 1 ? "are" : "is"} tagged as it too.`,
      action: `Find out which has your data, name that in terraform.tfvars, and take the tag ${PERSISTENT_TAG} off what is of no more use.`,
    },
  ];
}

function addressAway({ address, addressPlace, instance, spec }: Machine): Headline[] {
  if (!address || (addressPlace !== "elsewhere" && addressPlace !== "nowhere")) return [];
  if (!isLive(instance)) return [];
  return [
    {
      kind: "address",
      severity: addressPlace === "elsewhere" ? "alarm" : "warning",
      machine: spec.name,
      sentence:
        addressPlace === "elsewhere"
          ? `The address of ${spec.name}, ${address.publicIp}, is on another machine${address.instanceId ? `, ${address.instanceId}` : ""}.`
          : `The address of ${spec.name}, ${address.publicIp}, is not attached.`,
      action: `Start it or put your disk back: both give the address back.`,
    },
  ];
}

function orphans(fleet: Fleet): Headline[] {
  const [first, ...more] = fleet.orphans;
  if (!first) return [];
  const cost = dollars(orphansPerMonth(fleet), "month");
  return [
    {
      kind: "orphans",
      severity: "note",
      machine: undefined,
      sentence: more.length
        ? `${more.length + 1} volumes are unattached and cost ${cost}.`
        : `Volume ${first.id} is unattached and costs ${cost}.`,
      action: undefined,
    },
  ];
}
