/** Does one act: one call to EC2, and what it answered in words. */

import type { EC2Client, InstanceStateChange, Tag } from "@aws-sdk/client-ec2";
import type { Act } from "./acts.ts";
import { keepTag, tagsOf } from "./mark.ts";
import { snapshotTags } from "./snapshots.ts";

/** Whoever has an EC2 client that is signed in; a new one after every sign-in. */
interface Ec2Source {
  readonly ec2: () => Promise<EC2Client>;
}

/** Makes the call of `act`. Throws whatever the SDK throws; gives what AWS answered. */
export async function doAct(source: Ec2Source, act: Act): Promise<string> {
  const aws = await import("../aws/ec2-sdk.ts");
  const client = await source.ec2();
  switch (act.kind) {
    case "StopInstance": {
      const answer = await client.send(new aws.StopInstancesCommand({ InstanceIds: [act.instanceId] }));
      return sayChange(answer.StoppingInstances?.[0]);
    }
    case "StartInstance": {
      // One instance a call: AWS fails the whole call for one without a root.
      const answer = await client.send(new aws.StartInstancesCommand({ InstanceIds: [act.instanceId] }));
      return sayChange(answer.StartingInstances?.[0]);
    }
    case "DetachVolume": {
      const answer = await client.send(
        new aws.DetachVolumeCommand({ VolumeId: act.volumeId, InstanceId: act.instanceId, Device: act.device }),
      );
      return `${act.volumeId} is ${answer.State ?? "detaching"}`;
    }
    case "AttachVolume": {
      const answer = await client.send(
        new aws.AttachVolumeCommand({ VolumeId: act.volumeId, InstanceId: act.instanceId, Device: act.device }),
      );
      return `${act.volumeId} is ${answer.State ?? "attaching"}`;
    }
    case "TagVolume":
      await client.send(new aws.CreateTagsCommand({ Resources: [act.volumeId], Tags: listed(tagsOf(act.mark)) }));
      return `${act.volumeId} is marked`;
    case "KeepVolume":
      await client.send(
        new aws.CreateTagsCommand({ Resources: [act.volumeId], Tags: listed({ [keepTag(act.agreement)]: "" }) }),
      );
      return `${act.volumeId} is marked to be kept`;
    case "SnapshotVolume": {
      const answer = await client.send(
        new aws.CreateSnapshotCommand({
          VolumeId: act.volumeId,
          Description: act.name,
          TagSpecifications: [{ ResourceType: "snapshot", Tags: listed(snapshotTags(act)) }],
        }),
      );
      return `${answer.SnapshotId} is ${answer.State ?? "pending"}`;
    }
    case "ClearDeleteOnTermination":
      await client.send(
        new aws.ModifyInstanceAttributeCommand({
          InstanceId: act.instanceId,
          BlockDeviceMappings: [{ DeviceName: act.device, Ebs: { DeleteOnTermination: false } }],
        }),
      );
      return `DeleteOnTermination is false at ${act.device}`;
    case "AssociateAddress": {
      const answer = await client.send(
        new aws.AssociateAddressCommand({ AllocationId: act.allocationId, InstanceId: act.instanceId }),
      );
      return `associated (${answer.AssociationId ?? act.allocationId})`;
    }
    case "DeleteVolume":
      await client.send(new aws.DeleteVolumeCommand({ VolumeId: act.volumeId }));
      return `${act.volumeId} is deleted`;
    case "CancelSpotRequest": {
      const answer = await client.send(
        new aws.CancelSpotInstanceRequestsCommand({ SpotInstanceRequestIds: [act.requestId] }),
      );
      return `${act.requestId} is ${answer.CancelledSpotInstanceRequests?.[0]?.State ?? "cancelled"}`;
    }
  }
}

function listed(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

function sayChange(change: InstanceStateChange | undefined): string {
  if (!change) return "AWS said yes";
  return `${change.InstanceId} is ${change.CurrentState?.Name} (was ${change.PreviousState?.Name})`;
}
