/** The Query protocol of EC2 for the calls that change something: the form read into a Call, the result written out. */

import { gunzipSync } from "node:zlib";
import { type Form, flagAt, listAt, numberAt, textAt, textsAt } from "../wire/form.ts";
import type { XmlObject } from "../wire/xml.ts";
import type { Account, Tags } from "./account.ts";
import type { Call, CallResult, RunInstancesCall } from "./calls.ts";
import { Refusal } from "./refusal.ts";
import { instanceView, reservationIdOf, snapshotView, stateView } from "./views.ts";

type Reader = (form: Form) => Call;

function need(form: Form, path: string): string {
  const text = textAt(form, path);
  if (text) return text;
  throw new Refusal("MissingParameter", `The request must contain the parameter ${path}`);
}

function needList(form: Form, path: string): readonly string[] {
  const texts = textsAt(form, path);
  if (texts.length > 0) return texts;
  throw new Refusal("MissingParameter", `The request must contain the parameter ${path}`);
}

const tagsOf = (items: readonly Form[]): Tags =>
  Object.fromEntries(items.map((item) => [textAt(item, "Key") ?? "", textAt(item, "Value") ?? ""]));

function specifiedTags(form: Form, resource: string): Tags {
  const specification = listAt(form, "TagSpecification").find((item) => textAt(item, "ResourceType") === resource);
  return specification ? tagsOf(listAt(specification, "Tag")) : {};
}

const READERS: Readonly<Record<string, Reader>> = {
  RunInstances: readRunInstances,
  StartInstances: (form) => ({ name: "StartInstances", instanceIds: needList(form, "InstanceId") }),
  StopInstances: (form) => ({ name: "StopInstances", instanceIds: needList(form, "InstanceId") }),
  RebootInstances: (form) => ({ name: "RebootInstances", instanceIds: needList(form, "InstanceId") }),
  TerminateInstances: (form) => ({ name: "TerminateInstances", instanceIds: needList(form, "InstanceId") }),
  AttachVolume: (form) => ({
    name: "AttachVolume",
    volumeId: need(form, "VolumeId"),
    instanceId: need(form, "InstanceId"),
    device: need(form, "Device"),
  }),
  DetachVolume: (form) => ({
    name: "DetachVolume",
    volumeId: need(form, "VolumeId"),
    instanceId: textAt(form, "InstanceId"),
    device: textAt(form, "Device"),
    force: flagAt(form, "Force") === true,
  }),
  DeleteVolume: (form) => ({ name: "DeleteVolume", volumeId: need(form, "VolumeId") }),
  ModifyInstanceAttribute: readModifyInstanceAttribute,
  CreateTags: (form) => ({
    name: "CreateTags",
    resources: needList(form, "ResourceId"),
    tags: tagsOf(listAt(form, "Tag")),
  }),
  DeleteTags: (form) => ({
    name: "DeleteTags",
    resources: needList(form, "ResourceId"),
    tags: Object.fromEntries(listAt(form, "Tag").map((tag) => [textAt(tag, "Key") ?? "", textAt(tag, "Value")])),
  }),
  AssociateAddress: (form) => ({
    name: "AssociateAddress",
    allocationId: need(form, "AllocationId"),
    instanceId: need(form, "InstanceId"),
    allowReassociation: flagAt(form, "AllowReassociation"),
  }),
  DisassociateAddress: (form) => ({ name: "DisassociateAddress", associationId: need(form, "AssociationId") }),
  CancelSpotInstanceRequests: (form) => ({
    name: "CancelSpotInstanceRequests",
    requestIds: needList(form, "SpotInstanceRequestId"),
  }),
  CreateSnapshot: (form) => ({
    name: "CreateSnapshot",
    volumeId: need(form, "VolumeId"),
    description: textAt(form, "Description"),
    tags: specifiedTags(form, "snapshot"),
  }),
};

export const CHANGES: readonly string[] = Object.keys(READERS);

/** Reads the form of a changing call. Throws a Refusal where a parameter is missing or senseless. */
export function readCall(operation: string, form: Form): Call {
  const reader = READERS[operation];
  if (!reader) throw new Refusal("InvalidAction", `The action ${operation} is not valid for this web service.`);
  return reader(form);
}

function readRunInstances(form: Form): RunInstancesCall {
  const spotForm = textAt(form, "InstanceMarketOptions.MarketType") === "spot";
  const spot = "InstanceMarketOptions.SpotOptions";
  const behavior = textAt(form, `${spot}.InstanceInterruptionBehavior`);
  const count = numberAt(form, "MinCount") ?? 1;
  return {
    name: "RunInstances",
    imageId: need(form, "ImageId"),
    type: textAt(form, "InstanceType") ?? "m1.small",
    count,
    clientToken: textAt(form, "ClientToken"),
    zone: textAt(form, "Placement.AvailabilityZone"),
    keyName: textAt(form, "KeyName"),
    autoPublicIp: listAt(form, "NetworkInterface").map((item) => flagAt(item, "AssociatePublicIpAddress"))[0],
    userData: unpacked(textAt(form, "UserData")),
    devices: listAt(form, "BlockDeviceMapping").map((item) => ({
      device: need(item, "DeviceName"),
      ...defined({
        sizeGiB: numberAt(item, "Ebs.VolumeSize"),
        type: textAt(item, "Ebs.VolumeType"),
        deleteOnTermination: flagAt(item, "Ebs.DeleteOnTermination"),
        encrypted: flagAt(item, "Ebs.Encrypted"),
      }),
    })),
    spot: spotForm
      ? {
          type: textAt(form, `${spot}.SpotInstanceType`) === "persistent" ? "persistent" : "one-time",
          interruptionBehavior: behavior === "stop" || behavior === "hibernate" ? behavior : "terminate",
          maxPrice: textAt(form, `${spot}.MaxPrice`),
        }
      : undefined,
    tags: {
      instance: specifiedTags(form, "instance"),
      volume: specifiedTags(form, "volume"),
      spotRequest: specifiedTags(form, "spot-instances-request"),
    },
  };
}

/** user_data travels in base64, and may be packed with gzip. */
function unpacked(userData: string | undefined): string | undefined {
  if (userData === undefined) return undefined;
  const bytes = Buffer.from(userData, "base64");
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("utf8");
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function readModifyInstanceAttribute(form: Form): Call {
  // Either `DisableApiTermination.Value=true`, or the older `Attribute=disableApiTermination&Value=true`.
  const old = textAt(form, "Attribute");
  const value = (name: string) =>
    old?.toLowerCase() === name.toLowerCase() ? textAt(form, "Value") : textAt(form, `${name}.Value`);
  const protection = value("DisableApiTermination");
  return {
    name: "ModifyInstanceAttribute",
    instanceId: need(form, "InstanceId"),
    deleteOnTermination: Object.fromEntries(
      listAt(form, "BlockDeviceMapping").flatMap((item) => {
        const flag = flagAt(item, "Ebs.DeleteOnTermination");
        return flag === undefined ? [] : [[need(item, "DeviceName"), flag]];
      }),
    ),
    terminationProtected: protection === undefined ? undefined : protection === "true",
    instanceType: value("InstanceType"),
  };
}

/** The body of the answer to a call that was made. */
export function resultBody(account: Account, operation: string, result: CallResult): XmlObject {
  switch (result.kind) {
    case "none":
      return { return: true };
    case "state-changes":
      return {
        instancesSet: result.changes.map(({ instanceId, current, previous }) => ({
          instanceId,
          currentState: stateView(current),
          previousState: stateView(previous),
        })),
      };
    case "instances": {
      const instances = result.instanceIds.flatMap((id) => account.instances[id] ?? []);
      return {
        reservationId: instances[0] && reservationIdOf(instances[0]),
        ownerId: account.id,
        groupSet: [],
        instancesSet: instances.map((instance) => instanceView(account, instance)),
      };
    }
    case "attachment": {
      const { volumeId, instanceId, device, attachedAt, deleteOnTermination } = result;
      // A detach that waits for an unmount is answered `detaching`; only the describes say `busy`.
      const status = operation === "DetachVolume" ? "detaching" : result.state;
      return { volumeId, instanceId, device, status, attachTime: new Date(attachedAt), deleteOnTermination };
    }
    case "association":
      return { return: true, associationId: result.associationId };
    case "spot-requests":
      return {
        spotInstanceRequestSet: result.requests.map(({ id, state }) => ({ spotInstanceRequestId: id, state })),
      };
    case "snapshot":
      return snapshotView(account, result.snapshot);
  }
}
