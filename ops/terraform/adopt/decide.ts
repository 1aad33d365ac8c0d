/**
 * Which of the account's machines, volumes and addresses are ours though the state does not know them: found by their
 * names, their recorded addresses and where they are attached. Pure. What cannot be taken over as it is is refused with
 * what to do, because a second one of it would be made otherwise, and the address taken off the first.
 */

import { isLive } from "../../fleet/assemble.ts";
import { MACHINE_NAMES, MACHINES, type MachineName } from "../../fleet/machines.ts";
import type { Address, Instance, Observation, OwnerValues, Volume } from "../../fleet/model.ts";

/** Import IDs by resource and the instance's key in it, as terraform/adopt.tf takes them. */
export type Adopted = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The key of what has none. */
export const IT = "it";

interface Refusal {
  readonly sentence: string;
  readonly action: string;
}

interface Decision {
  readonly adopted: Adopted;
  readonly refusals: readonly Refusal[];
  /** What is worth knowing of what is adopted. */
  readonly notes: readonly string[];
}

interface Known {
  readonly observation: Observation;
  readonly owner: OwnerValues;
  /** Whether the state has this resource, or an instance of it, already. */
  readonly inState: (resource: string) => boolean;
}

const HOME = "jumpbox-home";
const HOME_DEVICE = "/dev/sdf";
const AGAIN = "then run make apply again.";

const resourceName = (name: MachineName) => name.replaceAll("-", "_");

export function decideAdoption(known: Known): Decision {
  const adopted: Record<string, Record<string, string>> = {};
  const refusals: Refusal[] = [];
  const notes: string[] = [];
  const adopt = (resource: string, id: string) => {
    if (!known.inState(resource)) adopted[resource] = { [IT]: id };
  };
  const refuse = (sentence: string, action: string) => refusals.push({ sentence, action });
  for (const name of MACHINE_NAMES) {
    const wanted = !known.inState(`aws_instance.${resourceName(name)}`);
    const instance = wanted ? findInstance(name, known, refuse) : undefined;
    if (instance) {
      adopt(`aws_instance.${resourceName(name)}`, instance.id);
      fits(name, instance, known, refuse, notes);
    }
    const address = findAddress(name, instance, known, refuse);
    if (address) {
      adopt(`aws_eip.${resourceName(name)}`, address.allocationId);
      const here = instance !== undefined && address.instanceId === instance.id;
      if (here && address.associationId) adopt(`aws_eip_association.${resourceName(name)}`, address.associationId);
    }
    if (name === "jumpbox") adoptHome(instance, known, adopt, refuse);
  }
  return { adopted, refusals, notes };
}

type Refuse = (sentence: string, action: string) => void;

/** By its name; else the one that has the recorded address and no other name of ours. */
function findInstance(name: MachineName, { observation, owner }: Known, refuse: Refuse): Instance | undefined {
  const live = observation.instances.filter(isLive);
  const named = live.filter((one) => one.name === name);
  const [first, second] = named;
  if (first && second) {
    const them = named.map(({ id, state }) => `${id} (${state})`).join(" and ");
    refuse(
      `${named.length} machines are named ${name}: ${them}.`,
      `Give the one that is not ${name} another Name tag in the EC2 console, ${AGAIN}`,
    );
    return undefined;
  }
  if (first) return first;
  const allocation = owner[name]?.allocationId;
  const holder = observation.addresses.find((one) => allocation !== undefined && one.allocationId === allocation);
  const at = live.find((one) => one.id === holder?.instanceId);
  return MACHINE_NAMES.some((other) => other === at?.name) ? undefined : at;
}

/** Whether a machine is what terraform/ would have made, where the difference would end or replace it. */
function fits(
  name: MachineName,
  instance: Instance,
  { observation, owner }: Known,
  refuse: Refuse,
  notes: string[],
): void {
  const { instanceType, market } = MACHINES[name];
  if (instance.type !== instanceType) {
    refuse(
      `${instance.id} is ${name}, and is a ${instance.type} where a ${instanceType} is wanted.`,
      `Terminate it, or give it another Name tag in the EC2 console, ${AGAIN}`,
    );
  }
  const volume = observation.volumes.find(({ id }) => id === owner[name]?.volumeId);
  if (volume && volume.availabilityZone !== instance.availabilityZone) {
    refuse(
      `${instance.id} is ${name} and is in ${instance.availabilityZone}, its persistent volume ${volume.id} in ${volume.availabilityZone}: a volume cannot leave its zone.`,
      `Terminate the machine, so that it is made again beside its volume, ${AGAIN}`,
    );
  }
  if (instance.market !== market) {
    notes.push(
      `${name} (${instance.id}) stays ${instance.market === "spot" ? "a spot machine" : "on demand"}, as it was made.`,
    );
  }
}

/** The recorded one, else the one that is on the machine, else the one of its name. */
function findAddress(
  name: MachineName,
  instance: Instance | undefined,
  { observation: { addresses, instances }, owner, inState }: Known,
  refuse: Refuse,
): Address | undefined {
  if (inState(`aws_eip.${resourceName(name)}`)) return undefined;
  const recorded = owner[name]?.allocationId;
  const found = recorded ? addresses.filter((one) => one.allocationId === recorded) : placed(name, instance, addresses);
  const [address, second] = found;
  if (recorded && !address) {
    refuse(
      `terraform.tfvars records the address ${recorded} for ${name}, and the account has none such.`,
      `Correct persistent_roots in terraform/terraform.tfvars, ${AGAIN}`,
    );
  }
  if (address && second) {
    refuse(
      `${found.length} addresses are named ${name}: ${found.map(({ publicIp }) => publicIp).join(" and ")}.`,
      `Give the one that is not ${name}'s another Name tag in the EC2 console, ${AGAIN}`,
    );
    return undefined;
  }
  const stranger = instances.find((one) => isLive(one) && one.id === address?.instanceId && one.id !== instance?.id);
  if (address && stranger && !inState(`aws_instance.${resourceName(name)}`)) {
    refuse(
      `${address.publicIp} is ${name}'s, and is on ${stranger.id}${stranger.name ? ` (${stranger.name})` : ""}, which is another machine.`,
      `Take it off that machine in the EC2 console, or name the machine ${name}, ${AGAIN}`,
    );
    return undefined;
  }
  return address;
}

function placed(name: MachineName, instance: Instance | undefined, addresses: readonly Address[]): readonly Address[] {
  const here = addresses.filter((one) => instance !== undefined && one.instanceId === instance.id);
  return here.length > 0 ? here : addresses.filter(({ tags }) => tags.Name === name);
}

/** The jumpbox's home: by its name, else what is at its device. */
function adoptHome(
  jumpbox: Instance | undefined,
  { observation, inState }: Known,
  adopt: (resource: string, id: string) => void,
  refuse: Refuse,
): void {
  if (inState("aws_ebs_volume.jumpbox_home")) return;
  const there = observation.volumes.filter(({ state }) => state === "in-use" || state === "available");
  const named = there.filter((one) => one.name === HOME);
  const found = named.length > 0 ? named : there.filter((one) => jumpbox && deviceOn(one, jumpbox.id) === HOME_DEVICE);
  const [home, second] = found;
  if (home && second) {
    refuse(
      `${found.length} volumes are named ${HOME}: ${found.map(({ id }) => id).join(" and ")}.`,
      `Give the one that is not the jumpbox's home another Name tag in the EC2 console, ${AGAIN}`,
    );
    return;
  }
  if (!home) {
    if (jumpbox) {
      refuse(
        `jumpbox (${jumpbox.id}) has no home volume.`,
        `Name its home volume ${HOME} in the EC2 console, or make one in ${jumpbox.availabilityZone} and attach it at ${HOME_DEVICE}, ${AGAIN}`,
      );
    }
    return;
  }
  adopt("aws_ebs_volume.jumpbox_home", home.id);
  if (!jumpbox) return;
  if (home.availabilityZone !== jumpbox.availabilityZone) {
    refuse(
      `jumpbox (${jumpbox.id}) is in ${jumpbox.availabilityZone}, its home ${home.id} in ${home.availabilityZone}: a volume cannot leave its zone.`,
      `Terminate the jumpbox, so that it is made again beside its home, ${AGAIN}`,
    );
    return;
  }
  const device = deviceOn(home, jumpbox.id);
  if (device === HOME_DEVICE) adopt("aws_volume_attachment.jumpbox_home", `${HOME_DEVICE}:${home.id}:${jumpbox.id}`);
  else if (device !== undefined) {
    refuse(
      `The jumpbox's home ${home.id} is attached at ${device}, where ${HOME_DEVICE} is wanted.`,
      `Unmount it, attach it at ${HOME_DEVICE} in the EC2 console, ${AGAIN}`,
    );
  } else if (home.state === "in-use") {
    refuse(
      `The jumpbox's home ${home.id} is attached to another machine.`,
      `Take it off there in the EC2 console, ${AGAIN}`,
    );
  }
}

function deviceOn({ attachments }: Volume, instanceId: string): string | undefined {
  return attachments.find((one) => one.instanceId === instanceId && one.state !== "detached")?.device;
}
