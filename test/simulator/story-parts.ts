/** What the stories are made of: the owner's IDs, and one machine, request or volume at a time as Terraform makes them. */

import { idFrom, type LaunchSpec, type SimInstance, type SimSpotRequest, type SimVolume } from "./ec2/account.ts";
import { IMAGES } from "./ec2/images.ts";

/** The owner's values (mission.md): volumes and addresses that outlive their machines. The addresses are nobody's (RFC 5737): no test and no demo reaches out to a machine of theirs. */
export const PERSISTENT = {
  "fcvm-metal-arm": {
    volumeId: "vol-09e5c3cee32bb67dc",
    allocationId: "eipalloc-034a515771765d101",
    publicIp: "203.0.113.140",
  },
  "fcvm-metal-x86": {
    volumeId: "vol-071f114b67441e776",
    allocationId: "eipalloc-0173c9b5e3d294cc5",
    publicIp: "203.0.113.164",
  },
} as const;

/** IDs of the story, for tests that look for them. */
export const STORY_IDS = {
  jumpbox: idFrom("i", "jumpbox"),
  jumpboxRoot: idFrom("vol", "jumpbox-root"),
  jumpboxHome: idFrom("vol", "jumpbox-home"),
  jumpboxAddress: idFrom("eipalloc", "jumpbox"),
  arm: idFrom("i", "arm"),
  armRequest: idFrom("sir", "arm"),
  armTemporaryDisk: idFrom("vol", "arm-new-root"),
  armPredecessor: idFrom("i", "arm-before"),
  armPredecessorRequest: idFrom("sir", "arm-before"),
  x86: idFrom("i", "x86"),
  x86Request: idFrom("sir", "x86"),
  orphan: idFrom("vol", "orphan"),
} as const;

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const ZONE = "us-west-1a";
const TERRAFORM = { ManagedBy: "terraform", Project: "snowglobe" };

export const named = (name: string, more: Readonly<Record<string, string>> = {}) => ({
  Name: name,
  ...TERRAFORM,
  ...more,
});

export function instance(
  fields: Pick<SimInstance, "id" | "type" | "launchedAt" | "privateIp"> & Partial<SimInstance>,
): SimInstance {
  const image = IMAGES[fields.type === "c5.metal" ? "x86_64" : "arm64"];
  return {
    imageId: image.id,
    architecture: image.architecture,
    zone: ZONE,
    keyName: "fcvm-ec2",
    rootDeviceName: image.rootDeviceName,
    state: "running",
    stateReason: undefined,
    endedAt: undefined,
    rebootedAt: undefined,
    spotRequestId: undefined,
    autoPublicIp: true,
    interruption: undefined,
    terminationProtected: false,
    clientToken: undefined,
    tags: {},
    ...fields,
  };
}

export function volume(fields: Pick<SimVolume, "id" | "sizeGiB" | "createdAt"> & Partial<SimVolume>): SimVolume {
  return {
    state: fields.attachment ? "in-use" : "available",
    type: "gp3",
    zone: ZONE,
    snapshotId: undefined,
    encrypted: true,
    attachment: undefined,
    tags: {},
    ...fields,
  };
}

export function attached(
  instanceId: string,
  attachedAt: number,
  device = "/dev/sda1",
): NonNullable<SimVolume["attachment"]> {
  return { instanceId, device, state: "attached", attachedAt, deleteOnTermination: false, mounted: true };
}

function metalLaunch(type: string): LaunchSpec {
  return {
    imageId: IMAGES[type === "c5.metal" ? "x86_64" : "arm64"].id,
    type,
    zone: ZONE,
    keyName: "fcvm-ec2",
    autoPublicIp: true,
    devices: [{ device: "/dev/sda1", sizeGiB: 300, type: "gp3", deleteOnTermination: false, encrypted: true }],
  };
}

export function spotRequest(
  id: string,
  instanceId: string,
  type: string,
  createdAt: number,
  fields: Partial<SimSpotRequest> = {},
): SimSpotRequest {
  return {
    id,
    state: "active",
    statusCode: "fulfilled",
    statusAt: createdAt,
    instanceId,
    type: "persistent",
    interruptionBehavior: "stop",
    maxPrice: type === "c5.metal" ? "5.088000" : "3.628800",
    createdAt,
    launch: metalLaunch(type),
    tags: {},
    ...fields,
  };
}

export const byId = <T extends { readonly id: string }>(...rows: readonly T[]): Readonly<Record<string, T>> =>
  Object.fromEntries(rows.map((row) => [row.id, row]));
