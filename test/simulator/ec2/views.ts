/** The account as EC2's answers show it: names and nesting of the EC2 API model, version 2016-11-15. */

import type { XmlObject } from "../wire/xml.ts";
import {
  type Account,
  associationIdOf,
  idFrom,
  mix,
  publicIpOf,
  type SimAddress,
  type SimInstance,
  type SimSnapshot,
  type SimSpotRequest,
  type SimVolume,
  type Tags,
  volumesOf,
} from "./account.ts";
import type { Image } from "./images.ts";

export const STATE_CODES = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const;

const tagSet = (tags: Tags) => Object.entries(tags).map(([key, value]) => ({ key, value }));

export const stateView = (name: keyof typeof STATE_CODES) => ({ code: STATE_CODES[name], name });

const VPC = "vpc-0a1b2c3d4e5f60718";
const GROUPS = [{ groupId: "sg-0f1e2d3c4b5a69788", groupName: "dev-servers" }];
export const subnetOf = (zone: string) => idFrom("subnet", zone);
const zoneIdOf = (zone: string) => `usw1-az${zone.endsWith("a") ? 3 : 1}`;

export const reservationIdOf = (instance: SimInstance) => idFrom("r", instance.id);

export function reservationView(account: Account, instance: SimInstance): XmlObject {
  return {
    reservationId: reservationIdOf(instance),
    ownerId: account.id,
    groupSet: [],
    instancesSet: [instanceView(account, instance)],
  };
}

export function instanceView(account: Account, instance: SimInstance): XmlObject {
  const ended = instance.state === "terminated";
  const publicIp = ended ? undefined : publicIpOf(account, instance);
  const dns = `ip-${instance.privateIp.replaceAll(".", "-")}.${account.region}.compute.internal`;
  const publicDns = publicIp && `ec2-${publicIp.replaceAll(".", "-")}.${account.region}.compute.amazonaws.com`;
  return {
    instanceId: instance.id,
    imageId: instance.imageId,
    instanceState: stateView(instance.state),
    privateDnsName: ended ? "" : dns,
    dnsName: publicDns ?? "",
    reason: reasonOf(instance),
    keyName: instance.keyName,
    amiLaunchIndex: 0,
    productCodes: [],
    instanceType: instance.type,
    launchTime: new Date(instance.launchedAt),
    placement: {
      availabilityZone: instance.zone,
      availabilityZoneId: zoneIdOf(instance.zone),
      groupName: "",
      tenancy: "default",
    },
    monitoring: { state: "disabled" },
    subnetId: ended ? undefined : subnetOf(instance.zone),
    vpcId: ended ? undefined : VPC,
    privateIpAddress: ended ? undefined : instance.privateIp,
    ipAddress: publicIp,
    sourceDestCheck: ended ? undefined : true,
    groupSet: ended ? [] : GROUPS,
    stateReason: instance.stateReason && { ...instance.stateReason },
    architecture: instance.architecture,
    rootDeviceType: "ebs",
    rootDeviceName: instance.rootDeviceName,
    blockDeviceMapping: deviceMapping(account, instance),
    virtualizationType: "hvm",
    instanceLifecycle: instance.spotRequestId && "spot",
    spotInstanceRequestId: instance.spotRequestId,
    clientToken: instance.clientToken ?? "",
    tagSet: tagSet(instance.tags),
    hypervisor: "xen",
    networkInterfaceSet: ended ? [] : [networkInterface(account, instance, publicIp, publicDns, dns)],
    ebsOptimized: true,
    enaSupport: true,
    metadataOptions: {
      state: "applied",
      httpTokens: "required",
      httpPutResponseHopLimit: 2,
      httpEndpoint: "enabled",
      httpProtocolIpv6: "disabled",
      instanceMetadataTags: "disabled",
    },
    enclaveOptions: { enabled: false },
    hibernationOptions: { configured: false },
    platformDetails: "Linux/UNIX",
    usageOperation: "RunInstances",
    usageOperationUpdateTime: new Date(instance.launchedAt),
  };
}

/** EC2 writes "User initiated (2026-11-22 18:30:32 GMT)" and the like; empty while nothing has ended. */
function reasonOf(instance: SimInstance): string {
  if (!instance.stateReason) return "";
  const who = instance.stateReason.code.startsWith("Client.") ? "User initiated" : "Service initiated";
  if (instance.endedAt === undefined) return who;
  return `${who} (${new Date(instance.endedAt).toISOString().slice(0, 19).replace("T", " ")} GMT)`;
}

export function deviceMapping(account: Account, instance: SimInstance): readonly XmlObject[] {
  if (instance.state === "terminated" || instance.unmapped) return [];
  return volumesOf(account, instance.id).map((volume) => ({
    deviceName: volume.attachment.device,
    ebs: {
      volumeId: volume.id,
      status: volume.attachment.state === "busy" ? "detaching" : volume.attachment.state,
      attachTime: new Date(volume.attachment.attachedAt),
      deleteOnTermination: volume.attachment.deleteOnTermination,
    },
  }));
}

function networkInterface(
  account: Account,
  instance: SimInstance,
  publicIp: string | undefined,
  publicDnsName: string | undefined,
  privateDnsName: string,
): XmlObject {
  const elastic = Object.values(account.addresses).some((address) => address.instanceId === instance.id);
  const association = publicIp && { publicIp, publicDnsName, ipOwnerId: elastic ? account.id : "amazon" };
  return {
    networkInterfaceId: interfaceIdOf(instance.id),
    subnetId: subnetOf(instance.zone),
    vpcId: VPC,
    description: "",
    ownerId: account.id,
    status: "in-use",
    macAddress: macOf(instance.id),
    privateIpAddress: instance.privateIp,
    privateDnsName,
    sourceDestCheck: true,
    groupSet: GROUPS,
    attachment: {
      attachmentId: idFrom("eni-attach", instance.id),
      deviceIndex: 0,
      status: "attached",
      attachTime: new Date(instance.launchedAt),
      deleteOnTermination: true,
      networkCardIndex: 0,
    },
    association,
    privateIpAddressesSet: [{ privateIpAddress: instance.privateIp, privateDnsName, primary: true, association }],
    ipv6AddressesSet: [],
    interfaceType: "interface",
  };
}

const interfaceIdOf = (instanceId: string) => idFrom("eni", instanceId);

const macOf = (id: string) => `06:${mix(id).toString(16).padStart(8, "0").match(/../g)?.join(":")}:7f`;

/** Instance status checks pass two minutes after the launch, as on most types. */
const CHECKS_PASS_AFTER = 120_000;

export function statusView(instance: SimInstance, now: number): XmlObject {
  const passed = now - instance.launchedAt >= CHECKS_PASS_AFTER;
  const check =
    instance.state === "running"
      ? {
          status: passed ? "ok" : "initializing",
          details: [{ name: "reachability", status: passed ? "passed" : "initializing" }],
        }
      : { status: "not-applicable" };
  return {
    instanceId: instance.id,
    availabilityZone: instance.zone,
    availabilityZoneId: zoneIdOf(instance.zone),
    instanceState: stateView(instance.state),
    systemStatus: check,
    instanceStatus: check,
    attachedEbsStatus: check,
  };
}

const STATUS_MESSAGES: Readonly<Record<string, string>> = {
  "pending-evaluation": "Your Spot request has been submitted for review, and is pending evaluation.",
  fulfilled: "Your Spot request is fulfilled.",
  "capacity-not-available": "There is no Spot capacity available that matches your request.",
  "marked-for-stop": "The Spot Instance is marked for stop.",
  "marked-for-stop-by-experiment": "The Spot Instance is marked for stop by an experiment.",
  "instance-stopped-by-user": "Your Spot Instance was stopped by the user.",
  "instance-stopped-no-capacity": "Your Spot Instance was stopped because there is no Spot capacity available.",
  "instance-stopped-by-experiment": "Your Spot Instance was stopped by an experiment.",
  "instance-terminated-by-service": "Your Spot Instance was terminated from a stopped state.",
  "instance-terminated-by-user": "Your Spot Instance was terminated by the user.",
  "instance-terminated-no-capacity": "Your Spot Instance was terminated because there is no Spot capacity available.",
  "canceled-before-fulfillment": "Your Spot request was canceled before it was fulfilled.",
  "request-canceled-and-instance-running": "Your Spot request is canceled, but your instance is still running.",
};

export function spotRequestView(request: SimSpotRequest): XmlObject {
  const { launch } = request;
  return {
    spotInstanceRequestId: request.id,
    spotPrice: request.maxPrice,
    type: request.type,
    state: request.state,
    status: {
      code: request.statusCode,
      updateTime: new Date(request.statusAt),
      message: STATUS_MESSAGES[request.statusCode] ?? "",
    },
    launchSpecification: {
      imageId: launch.imageId,
      keyName: launch.keyName,
      groupSet: GROUPS,
      instanceType: launch.type,
      placement: { availabilityZone: launch.zone },
      blockDeviceMapping: launch.devices.map((device) => ({
        deviceName: device.device,
        ebs: {
          volumeSize: device.sizeGiB,
          deleteOnTermination: device.deleteOnTermination,
          volumeType: device.type,
        },
      })),
      monitoring: { enabled: false },
      subnetId: subnetOf(launch.zone),
    },
    instanceId: request.instanceId,
    createTime: new Date(request.createdAt),
    productDescription: "Linux/UNIX",
    tagSet: tagSet(request.tags),
    launchedAvailabilityZone: request.instanceId && launch.zone,
    instanceInterruptionBehavior: request.interruptionBehavior,
  };
}

export function volumeView(volume: SimVolume): XmlObject {
  const { attachment } = volume;
  const gp3 = volume.type === "gp3";
  return {
    volumeId: volume.id,
    size: volume.sizeGiB,
    snapshotId: volume.snapshotId ?? "",
    availabilityZone: volume.zone,
    availabilityZoneId: zoneIdOf(volume.zone),
    status: volume.state,
    createTime: new Date(volume.createdAt),
    attachmentSet: attachment
      ? [
          {
            volumeId: volume.id,
            instanceId: attachment.instanceId,
            device: attachment.device,
            status: attachment.state,
            attachTime: new Date(attachment.attachedAt),
            deleteOnTermination: attachment.deleteOnTermination,
          },
        ]
      : [],
    tagSet: tagSet(volume.tags),
    volumeType: volume.type,
    iops: gp3 ? 3000 : Math.max(100, volume.sizeGiB * 3),
    throughput: gp3 ? 125 : undefined,
    encrypted: volume.encrypted,
    multiAttachEnabled: false,
  };
}

export function addressView(account: Account, address: SimAddress): XmlObject {
  const instance = address.instanceId === undefined ? undefined : account.instances[address.instanceId];
  return {
    publicIp: address.publicIp,
    allocationId: address.allocationId,
    domain: "vpc",
    instanceId: address.instanceId,
    associationId: associationIdOf(address),
    networkInterfaceId: instance && interfaceIdOf(instance.id),
    networkInterfaceOwnerId: instance && account.id,
    privateIpAddress: instance?.privateIp,
    tagSet: tagSet(address.tags),
    publicIpv4Pool: "amazon",
    networkBorderGroup: account.region,
  };
}

/** Canonical's account. */
const IMAGE_OWNER = "099720109477";

export function imageView(image: Image): XmlObject {
  return {
    imageId: image.id,
    imageState: "available",
    imageOwnerId: IMAGE_OWNER,
    isPublic: true,
    architecture: image.architecture,
    imageType: "machine",
    name: image.name,
    rootDeviceType: "ebs",
    rootDeviceName: image.rootDeviceName,
    virtualizationType: "hvm",
    blockDeviceMapping: [
      {
        deviceName: image.rootDeviceName,
        ebs: {
          snapshotId: image.snapshotId,
          volumeSize: image.rootGiB,
          deleteOnTermination: true,
          volumeType: "gp3",
          encrypted: false,
        },
      },
    ],
  };
}

export function snapshotView(account: Account, snapshot: SimSnapshot): XmlObject {
  const done = snapshot.state === "completed";
  return {
    snapshotId: snapshot.id,
    volumeId: snapshot.volumeId,
    status: snapshot.state,
    startTime: new Date(snapshot.startedAt),
    progress: done ? "100%" : "0%",
    ownerId: account.id,
    volumeSize: snapshot.sizeGiB,
    description: snapshot.description,
    encrypted: false,
    tagSet: tagSet(snapshot.tags),
    storageTier: "standard",
  };
}
