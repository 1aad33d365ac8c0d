/** The rules of attach, detach, delete and snapshot. */

import { type Account, expect, newId, patch, rootOf, type SimVolume, volumesOf } from "./account.ts";
import type { Call, CallResult } from "./calls.ts";
import { Refusal, theInstance, theVolume } from "./refusal.ts";

type Applied = readonly [Account, CallResult];
type CallOf<Name extends Call["name"]> = Extract<Call, { readonly name: Name }>;

export function attachVolume(account: Account, call: CallOf<"AttachVolume">, now: number): Applied {
  const volume = theVolume(account, call.volumeId);
  const instance = theInstance(account, call.instanceId);
  if (volume.attachment) throw new Refusal("VolumeInUse", `${volume.id} is already attached to an instance`);
  if (volume.state !== "available") throw new Refusal("IncorrectState", `${volume.id} is not 'available'.`);
  if (instance.state !== "running" && instance.state !== "stopped") {
    throw new Refusal("IncorrectState", `Instance '${instance.id}' is not 'running'.`);
  }
  if (volume.zone !== instance.zone) {
    throw new Refusal(
      "InvalidVolume.ZoneMismatch",
      `The volume '${volume.id}' is not in the same availability zone as instance '${instance.id}'`,
    );
  }
  if (volumesOf(account, instance.id).some((other) => other.attachment.device === call.device)) {
    throw new Refusal(
      "InvalidParameterValue",
      `Invalid value '${call.device}' for unixDevice. Attachment point ${call.device} is already in use`,
    );
  }
  const attached = patch(account, "volumes", volume.id, {
    state: "in-use",
    attachment: {
      instanceId: instance.id,
      device: call.device,
      state: "attaching",
      attachedAt: now,
      deleteOnTermination: false,
      mounted: false,
    },
  });
  return [expect(attached, "attach", volume.id, now), attachmentResult(attached, volume.id)];
}

export function detachVolume(account: Account, call: CallOf<"DetachVolume">, now: number): Applied {
  const volume = theVolume(account, call.volumeId);
  const { attachment } = volume;
  if (!attachment) throw new Refusal("IncorrectState", `Volume '${volume.id}' is in the '${volume.state}' state.`);
  if (
    (call.instanceId !== undefined && call.instanceId !== attachment.instanceId) ||
    (call.device !== undefined && call.device !== attachment.device)
  ) {
    throw new Refusal(
      "InvalidAttachment.NotFound",
      `The volume '${volume.id}' is not attached to instance '${call.instanceId ?? attachment.instanceId}' as device '${call.device ?? attachment.device}'.`,
    );
  }
  if (attachment.state === "attaching" || attachment.state === "detaching") {
    throw new Refusal("IncorrectState", `Volume '${volume.id}' is in the '${attachment.state}' state.`);
  }
  const instance = account.instances[attachment.instanceId];
  const awake = instance !== undefined && instance.state !== "stopped" && instance.state !== "terminated";
  if (instance && awake && rootOf(account, instance)?.id === volume.id) {
    throw new Refusal("IncorrectState", `Unable to detach root volume '${volume.id}' from instance '${instance.id}'`);
  }
  if (awake && attachment.mounted && !call.force) {
    const busy = patch(account, "volumes", volume.id, { attachment: { ...attachment, state: "busy" } });
    return [busy, attachmentResult(busy, volume.id)];
  }
  const detaching = patch(account, "volumes", volume.id, { attachment: { ...attachment, state: "detaching" } });
  return [expect(detaching, "detach", volume.id, now), attachmentResult(detaching, volume.id)];
}

function attachmentResult(account: Account, volumeId: string): CallResult {
  const attachment = account.volumes[volumeId]?.attachment;
  if (!attachment) return { kind: "none" };
  const { instanceId, device, state, attachedAt, deleteOnTermination } = attachment;
  return { kind: "attachment", volumeId, instanceId, device, state, attachedAt, deleteOnTermination };
}

export function deleteVolume(account: Account, call: CallOf<"DeleteVolume">, now: number): Applied {
  const volume = theVolume(account, call.volumeId);
  if (volume.attachment) {
    throw new Refusal("VolumeInUse", `Volume ${volume.id} is currently attached to ${volume.attachment.instanceId}`);
  }
  if (volume.state !== "available" && volume.state !== "error") throw goneOrBusy(volume);
  const deleting = patch(account, "volumes", volume.id, { state: "deleting" });
  return [expect(deleting, "delete-volume", volume.id, now), { kind: "none" }];
}

function goneOrBusy(volume: SimVolume): Refusal {
  return volume.state === "deleting"
    ? new Refusal("InvalidVolume.NotFound", `The volume '${volume.id}' does not exist.`)
    : new Refusal("IncorrectState", `Volume '${volume.id}' is in the '${volume.state}' state.`);
}

export function createSnapshot(account: Account, call: CallOf<"CreateSnapshot">, now: number): Applied {
  const volume = theVolume(account, call.volumeId);
  if (volume.state !== "available" && volume.state !== "in-use") throw goneOrBusy(volume);
  const [numbered, id] = newId(account, "snap");
  const snapshot = {
    id,
    volumeId: volume.id,
    state: "pending",
    sizeGiB: volume.sizeGiB,
    description: call.description ?? "",
    startedAt: now,
    tags: call.tags ?? {},
  } as const;
  const after = { ...numbered, snapshots: { ...numbered.snapshots, [id]: snapshot } };
  return [expect(after, "snapshot", id, now), { kind: "snapshot", snapshot }];
}
