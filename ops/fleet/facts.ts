/** The SDK's shapes, where everything may be missing, as our typed facts. Pure; throws a FailureError for nonsense. */

import type * as Ec2 from "@aws-sdk/client-ec2";
import { MALFORMED_ANSWER } from "../aws/errors.ts";
import { redactLine } from "../aws/redact.ts";
import { FailureError } from "../failure.ts";
import type { Address, Attachment, Instance, Snapshot, SpotRequest, Volume } from "./model.ts";

export const INSTANCE_STATES = ["pending", "running", "shutting-down", "terminated", "stopping", "stopped"] as const;
export const VOLUME_STATES = ["creating", "available", "in-use", "deleting", "deleted", "error"] as const;
export const ATTACHMENT_STATES = ["attaching", "attached", "detaching", "detached", "busy"] as const;
const SNAPSHOT_STATES = ["pending", "completed", "error", "recoverable", "recovering"] as const;
export const SPOT_STATES = ["open", "active", "closed", "cancelled", "failed", "disabled"] as const;

/** EC2's default where an image says nothing. */
const ROOT_DEVICE = "/dev/sda1";

export function instanceFrom(raw: Ec2.Instance): Instance {
  const id = needed(raw.InstanceId, "an instance without ID");
  const tags = tagsFrom(raw.Tags);
  return {
    id,
    name: tags.Name,
    state: oneOf(INSTANCE_STATES, raw.State?.Name, `the state of ${id}`),
    stateReason: raw.StateReason?.Code ?? raw.StateReason?.Message,
    ...(raw.StateReason?.Message ? { stateReasonText: redactLine(raw.StateReason.Message) } : {}),
    type: raw.InstanceType ?? "unknown",
    architecture: raw.Architecture ?? "unknown",
    imageId: raw.ImageId ?? "unknown",
    availabilityZone: raw.Placement?.AvailabilityZone ?? "unknown",
    launchedAt: timeFrom(raw.LaunchTime) ?? 0,
    publicIp: raw.PublicIpAddress && ADDRESS.test(raw.PublicIpAddress) ? raw.PublicIpAddress : undefined,
    privateIp: raw.PrivateIpAddress,
    rootDeviceName: raw.RootDeviceName ?? ROOT_DEVICE,
    blockDevices: (raw.BlockDeviceMappings ?? []).flatMap((mapping) =>
      mapping.Ebs?.VolumeId
        ? [attachmentFrom({ ...mapping.Ebs, State: mapping.Ebs.Status, Device: mapping.DeviceName, InstanceId: id })]
        : [],
    ),
    market: raw.InstanceLifecycle === "spot" ? "spot" : "on-demand",
    spotRequestId: raw.SpotInstanceRequestId,
    tags,
  };
}

export function spotRequestFrom(raw: Ec2.SpotInstanceRequest): SpotRequest {
  const id = needed(raw.SpotInstanceRequestId, "a spot request without ID");
  return {
    id,
    state: oneOf(SPOT_STATES, raw.State, `the state of ${id}`),
    statusCode: raw.Status?.Code ?? "unknown",
    statusAt: timeFrom(raw.Status?.UpdateTime),
    instanceId: raw.InstanceId || undefined,
    type: raw.Type === "persistent" ? "persistent" : "one-time",
    interruptionBehavior: raw.InstanceInterruptionBehavior,
    createdAt: timeFrom(raw.CreateTime),
    instanceType: raw.LaunchSpecification?.InstanceType,
    tags: tagsFrom(raw.Tags),
  };
}

export function volumeFrom(raw: Ec2.Volume): Volume {
  const id = needed(raw.VolumeId, "a volume without ID");
  const tags = tagsFrom(raw.Tags);
  return {
    id,
    name: tags.Name,
    state: oneOf(VOLUME_STATES, raw.State, `the state of ${id}`),
    sizeGiB: raw.Size ?? 0,
    type: raw.VolumeType ?? "unknown",
    iops: raw.Iops,
    throughput: raw.Throughput,
    availabilityZone: raw.AvailabilityZone ?? "unknown",
    createdAt: timeFrom(raw.CreateTime) ?? 0,
    snapshotId: raw.SnapshotId || undefined,
    encrypted: raw.Encrypted ?? false,
    attachments: (raw.Attachments ?? []).map((attachment) => attachmentFrom({ VolumeId: id, ...attachment })),
    tags,
  };
}

export function addressFrom(raw: Ec2.Address): Address {
  return {
    allocationId: needed(raw.AllocationId, "an address without allocation ID"),
    associationId: raw.AssociationId || undefined,
    publicIp: needed(raw.PublicIp, "an address without its IP", ADDRESS),
    instanceId: raw.InstanceId || undefined,
    tags: tagsFrom(raw.Tags),
  };
}

export function snapshotFrom(raw: Ec2.Snapshot): Snapshot {
  const id = needed(raw.SnapshotId, "a snapshot without ID");
  return {
    id,
    state: oneOf(SNAPSHOT_STATES, raw.State, `the state of ${id}`),
    volumeId: raw.VolumeId || undefined,
    startedAt: timeFrom(raw.StartTime),
    sizeGiB: raw.VolumeSize ?? 0,
    description: redactLine(raw.Description ?? ""),
    tags: tagsFrom(raw.Tags),
  };
}

interface RawAttachment {
  readonly VolumeId?: string | undefined;
  readonly InstanceId?: string | undefined;
  readonly Device?: string | undefined;
  readonly State?: string | undefined;
  readonly AttachTime?: Date | undefined;
  readonly DeleteOnTermination?: boolean | undefined;
}

function attachmentFrom(raw: RawAttachment): Attachment {
  const volumeId = needed(raw.VolumeId, "an attachment without volume");
  return {
    volumeId,
    instanceId: raw.InstanceId ?? "unknown",
    device: raw.Device ?? "unknown",
    state: oneOf(ATTACHMENT_STATES, raw.State, `the attachment of ${volumeId}`),
    attachedAt: timeFrom(raw.AttachTime),
    deleteOnTermination: raw.DeleteOnTermination ?? false,
  };
}

function tagsFrom(raw: readonly Ec2.Tag[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((raw ?? []).flatMap((tag) => (tag.Key ? [[tag.Key, tag.Value ?? ""]] : [])));
}

function timeFrom(date: Date | undefined): number | undefined {
  const time = date?.getTime();
  return time === undefined || Number.isNaN(time) ? undefined : time;
}

/** IDs and addresses become arguments of ssh and names in its files: nothing else passes for one. */
const ID = /^\w[\w-]{0,127}$/;
const ADDRESS = /^[\da-f][\da-f.:]{1,44}$/i;

function needed(value: string | undefined, what: string, form = ID): string {
  if (!value || !form.test(value)) throw nonsense(`EC2 spoke of ${what}`);
  return value;
}

/** A state that nobody knows is no ground to act on: better no picture than a wrong one. */
function oneOf<T extends string>(known: readonly T[], value: string | undefined, what: string): T {
  const found = known.find((one) => one === value);
  if (!found) throw nonsense(`EC2 gave ${what} as "${redactLine(value ?? "")}"`);
  return found;
}

function nonsense(what: string): FailureError {
  return new FailureError({ ...MALFORMED_ANSWER, sentence: `${what}, which makes no sense.` });
}
