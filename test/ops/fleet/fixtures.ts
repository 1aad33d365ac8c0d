/** Builders of facts as EC2 gives them; the story of the simulator: jumpbox runs, arm recreated, x86 stopped, one orphan. */

import { MACHINES, type MachineName } from "../../../ops/fleet/machines.ts";
import type {
  Address,
  Attachment,
  Instance,
  Observation,
  OwnerValues,
  SpotRequest,
  Volume,
} from "../../../ops/fleet/model.ts";

export const NOW = Date.parse("2026-03-01T12:00:00Z");
export const ARM_ROOT = "vol-09e5c3cee32bb67dc";
export const ARM_ADDRESS = "eipalloc-034a515771765d101";
export const X86_ROOT = "vol-071f114b67441e776";
const X86_ADDRESS = "eipalloc-0173c9b5e3d294cc5";

export const OWNER: OwnerValues = {
  "fcvm-metal-arm": { volumeId: ARM_ROOT, allocationId: ARM_ADDRESS },
  "fcvm-metal-x86": { volumeId: X86_ROOT, allocationId: X86_ADDRESS },
};

export function attachment(volumeId: string, instanceId: string, more: Partial<Attachment> = {}): Attachment {
  return {
    volumeId,
    instanceId,
    device: "/dev/sda1",
    state: "attached",
    attachedAt: NOW - 3_600_000,
    deleteOnTermination: false,
    ...more,
  };
}

export function instance(name: MachineName, id: string, more: Partial<Instance> = {}): Instance {
  const spec = MACHINES[name];
  return {
    id,
    name,
    state: "running",
    stateReason: undefined,
    type: spec.instanceType,
    architecture: spec.architecture,
    imageId: "ami-0123456789abcdef0",
    availabilityZone: "us-west-1a",
    launchedAt: NOW - 3_600_000,
    publicIp: undefined,
    privateIp: "10.0.0.10",
    rootDeviceName: "/dev/sda1",
    blockDevices: [],
    market: spec.market,
    spotRequestId: spec.market === "spot" ? `sir-${id.slice(2)}` : undefined,
    tags: { Name: name },
    ...more,
  };
}

export function volume(id: string, more: Partial<Volume> = {}): Volume {
  return {
    id,
    name: undefined,
    state: more.attachments?.length ? "in-use" : "available",
    sizeGiB: 300,
    type: "gp3",
    iops: 3000,
    throughput: 125,
    availabilityZone: "us-west-1a",
    createdAt: NOW - 86_400_000,
    snapshotId: undefined,
    encrypted: true,
    attachments: [],
    tags: {},
    ...more,
  };
}

export function spotRequest(instanceId: string | undefined, more: Partial<SpotRequest> = {}): SpotRequest {
  return {
    id: `sir-${(instanceId ?? "i-none").slice(2)}`,
    state: "active",
    statusCode: "fulfilled",
    statusAt: NOW - 3_600_000,
    instanceId,
    type: "persistent",
    interruptionBehavior: "stop",
    createdAt: NOW - 86_400_000,
    tags: {},
    ...more,
  };
}

export function address(allocationId: string, publicIp: string, more: Partial<Address> = {}): Address {
  return { allocationId, publicIp, associationId: undefined, instanceId: undefined, tags: {}, ...more };
}

export const RELEASED = { state: "disabled", statusCode: "instance-stopped-by-user" } as const;

/** The account in which the simulator starts. */
export function story(more: Partial<Observation> = {}): Observation {
  return {
    at: NOW,
    instances: [
      instance("jumpbox", "i-0a"),
      instance("fcvm-metal-arm", "i-0b"),
      instance("fcvm-metal-x86", "i-0c", { state: "stopped" }),
    ],
    spotRequests: [spotRequest("i-0b"), spotRequest("i-0c", RELEASED)],
    volumes: [
      volume("vol-0a", { sizeGiB: 8, attachments: [attachment("vol-0a", "i-0a")] }),
      volume("vol-0d", { sizeGiB: 20, attachments: [attachment("vol-0d", "i-0a", { device: "/dev/sdf" })] }),
      volume("vol-0b", { attachments: [attachment("vol-0b", "i-0b")] }),
      volume(ARM_ROOT),
      volume(X86_ROOT, { attachments: [attachment(X86_ROOT, "i-0c")] }),
      volume("vol-0e"),
    ],
    addresses: [
      address("eipalloc-0a", "203.0.113.10", {
        instanceId: "i-0a",
        associationId: "eipassoc-0a",
        tags: { Name: "jumpbox" },
      }),
      address(ARM_ADDRESS, "184.72.40.255"),
      address(X86_ADDRESS, "50.18.109.164", { instanceId: "i-0c", associationId: "eipassoc-0c" }),
    ],
    ...more,
  };
}
