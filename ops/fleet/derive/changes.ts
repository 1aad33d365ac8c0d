/** What just changed between two looks at the fleet, as sentences. */

import { isLive } from "../assemble.ts";
import { MACHINE_NAMES, type MachineName } from "../machines.ts";
import type { Address, Fleet, Machine } from "../model.ts";
import { isReleased, stateWords, type Tone } from "./words.ts";

interface Change {
  readonly machine: MachineName | undefined;
  readonly tone: Tone;
  readonly sentence: string;
}

/** The differences that a person would want to hear of, machine by machine; none where nothing of note changed. */
export function changes(before: Fleet, after: Fleet): readonly Change[] {
  if (before === after) return [];
  return [
    ...MACHINE_NAMES.flatMap((name) => machineChanges(before.machines[name], after.machines[name])),
    ...addressChanges(before, after),
    ...volumeChanges(before, after),
    ...strayChanges(before, after),
  ];
}

function machineChanges(before: Machine, after: Machine): Change[] {
  if (before === after) return [];
  const name = after.spec.name;
  const found: Change[] = [];
  const tell = (sentence: string, tone: Tone) => found.push({ machine: name, tone, sentence: `${name} ${sentence}` });
  const now = stateWords(after);
  if (before.instance?.id !== after.instance?.id) {
    if (after.instance && isLive(after.instance))
      tell(`is a new instance, ${after.instance.id}, ${now.text}`, "warning");
    else tell(after.instance ? `is ${now.text}` : "is gone", "bad");
  } else if (stateWords(before).text !== now.text) {
    const releasedNow = isReleased(after.spotRequest) && !isReleased(before.spotRequest);
    if (now.text === "stopped" && releasedNow) tell("stopped: spot request released", now.tone);
    else tell(`is ${now.text}`, now.tone);
  }
  if (before.rootKind !== after.rootKind) {
    if (after.rootKind === "temporary") {
      tell(`is ${after.instance?.state === "running" ? "running " : ""}on a temporary disk`, "bad");
    } else if (after.rootKind === "persistent") tell("has your disk again", "good");
    else if (after.rootKind === "none" && isLive(after.instance)) tell("has no root volume", "busy");
  }
  if (before.persistent?.volume && after.persistent && !after.persistent.volume) {
    tell(`does not see your disk ${after.persistent.volumeId} any more`, "bad");
  }
  return found;
}

function addressChanges(before: Fleet, after: Fleet): Change[] {
  const old = new Map(before.observation.addresses.map((address) => [address.allocationId, address]));
  return after.observation.addresses.flatMap((address) => {
    const was = old.get(address.allocationId);
    if (!was || (was.instanceId === address.instanceId && !was.associationId === !address.associationId)) return [];
    const machine = MACHINE_NAMES.find((name) => after.machines[name].address?.allocationId === address.allocationId);
    const home = machine !== undefined && after.machines[machine].addressPlace === "here";
    const tone: Tone = home ? "good" : "warning";
    return [{ machine, tone, sentence: `address ${address.publicIp} is ${holding(address, after)}` }];
  });
}

function holding(address: Address, fleet: Fleet): string {
  if (!address.instanceId) return address.associationId ? "now on a network interface" : "not attached any more";
  const holder = MACHINE_NAMES.find((name) => fleet.machines[name].instance?.id === address.instanceId);
  return `now on ${holder ?? address.instanceId}`;
}

function volumeChanges(before: Fleet, after: Fleet): Change[] {
  const orphaned = new Set(before.orphans.map((volume) => volume.id));
  const there = new Set(after.observation.volumes.map((volume) => volume.id));
  return [
    ...after.orphans
      .filter((volume) => !orphaned.has(volume.id))
      .map(
        (volume): Change => ({
          machine: undefined,
          tone: "warning",
          sentence: `volume ${volume.id} (${volume.sizeGiB} GiB) is unattached now`,
        }),
      ),
    ...before.observation.volumes
      .filter((volume) => !there.has(volume.id))
      .map((volume): Change => ({ machine: undefined, tone: "quiet", sentence: `volume ${volume.id} is deleted` })),
  ];
}

function strayChanges(before: Fleet, after: Fleet): Change[] {
  const known = new Set([...before.straySpotRequests, ...before.strayInstances].map((stray) => stray.id));
  return [
    ...after.straySpotRequests
      .filter((request) => !known.has(request.id))
      .map((request) => `spot request ${request.id} is ${request.state} without its machine`),
    ...after.strayInstances
      .filter((instance) => !known.has(instance.id))
      .map((instance) => `a second ${instance.name ?? "instance"} appeared: ${instance.id}`),
  ].map((sentence): Change => ({ machine: undefined, tone: "warning", sentence }));
}
