/** The calls that only look: from the account and the form to the body of the answer. */

import { type Form, flagAt, textAt, textsAt } from "../wire/form.ts";
import type { XmlObject } from "../wire/xml.ts";
import { type Account, publicIpOf, rootOf, type SimInstance, type Tags, volumesOf } from "./account.ts";
import { type Fields, filtered, pageOf } from "./filters.ts";
import { IMAGES } from "./images.ts";
import { priceHistory } from "./prices.ts";
import { Refusal, theInstance, theSpotRequest, theVolume } from "./refusal.ts";
import { consoleOutputOf } from "./rules-instances.ts";
import {
  addressView,
  deviceMapping,
  imageView,
  reservationIdOf,
  reservationView,
  STATE_CODES,
  snapshotView,
  spotRequestView,
  statusView,
  subnetOf,
  volumeView,
} from "./views.ts";

type Describe = (account: Account, form: Form, now: number) => XmlObject;

/** The rows that the IDs name, or all of them; an ID that does not exist is refused by `find`. */
function chosen<T extends { readonly tags: Tags }>(
  form: Form,
  ids: readonly string[],
  all: Readonly<Record<string, T>>,
  find: (id: string) => T,
  fieldsOf: (row: T) => Fields,
) {
  if (ids.length > 0 && textAt(form, "MaxResults") !== undefined) {
    throw new Refusal(
      "InvalidParameterCombination",
      "The parameter for IDs cannot be used with the parameter maxResults",
    );
  }
  return filtered(form, ids.length > 0 ? ids.map(find) : Object.values(all), fieldsOf);
}

function instanceFields(account: Account, instance: SimInstance): Fields {
  const volumes = volumesOf(account, instance.id);
  return {
    "instance-id": instance.id,
    "instance-state-name": instance.state,
    "instance-state-code": STATE_CODES[instance.state],
    "instance-type": instance.type,
    "instance-lifecycle": instance.spotRequestId && "spot",
    "spot-instance-request-id": instance.spotRequestId,
    "image-id": instance.imageId,
    "availability-zone": instance.zone,
    "key-name": instance.keyName,
    "ip-address": publicIpOf(account, instance),
    "private-ip-address": instance.privateIp,
    architecture: instance.architecture,
    "root-device-name": instance.rootDeviceName,
    "subnet-id": subnetOf(instance.zone),
    "owner-id": account.id,
    "reservation-id": reservationIdOf(instance),
    "block-device-mapping.volume-id": volumes.map((volume) => volume.id),
    "block-device-mapping.device-name": volumes.map((volume) => volume.attachment.device),
    "launch-time": new Date(instance.launchedAt).toISOString(),
  };
}

const DescribeInstances: Describe = (account, form) => {
  const rows = chosen(
    form,
    textsAt(form, "InstanceId"),
    account.instances,
    (id) => theInstance(account, id),
    (instance) => instanceFields(account, instance),
  );
  const page = pageOf(form, rows);
  return {
    reservationSet: page.rows.map((instance) => reservationView(account, instance)),
    nextToken: page.nextToken,
  };
};

const DescribeInstanceStatus: Describe = (account, form, now) => {
  const ids = textsAt(form, "InstanceId");
  const everyState = flagAt(form, "IncludeAllInstances") === true;
  const rows = chosen(
    form,
    ids,
    account.instances,
    (id) => theInstance(account, id),
    (instance) => instanceFields(account, instance),
  ).filter((instance) => everyState || instance.state === "running");
  const page = pageOf(form, rows);
  return { instanceStatusSet: page.rows.map((instance) => statusView(instance, now)), nextToken: page.nextToken };
};

const DescribeSpotInstanceRequests: Describe = (account, form) => {
  const rows = chosen(
    form,
    textsAt(form, "SpotInstanceRequestId"),
    account.spotRequests,
    (id) => theSpotRequest(account, id),
    (request) => ({
      "spot-instance-request-id": request.id,
      state: request.state,
      "status-code": request.statusCode,
      "instance-id": request.instanceId,
      type: request.type,
      "launch.instance-type": request.launch.type,
      "launch.image-id": request.launch.imageId,
      "launched-availability-zone": request.launch.zone,
    }),
  );
  const page = pageOf(form, rows);
  return { spotInstanceRequestSet: page.rows.map(spotRequestView), nextToken: page.nextToken };
};

const DescribeVolumes: Describe = (account, form) => {
  const rows = chosen(
    form,
    textsAt(form, "VolumeId"),
    account.volumes,
    (id) => theVolume(account, id),
    (volume) => ({
      "volume-id": volume.id,
      status: volume.state,
      size: volume.sizeGiB,
      "volume-type": volume.type,
      "availability-zone": volume.zone,
      "snapshot-id": volume.snapshotId,
      encrypted: volume.encrypted,
      "create-time": new Date(volume.createdAt).toISOString(),
      "attachment.instance-id": volume.attachment?.instanceId,
      "attachment.device": volume.attachment?.device,
      "attachment.status": volume.attachment?.state,
      "attachment.delete-on-termination": volume.attachment?.deleteOnTermination,
    }),
  );
  const page = pageOf(form, rows);
  return { volumeSet: page.rows.map(volumeView), nextToken: page.nextToken };
};

const DescribeAddresses: Describe = (account, form) => {
  const ips = textsAt(form, "PublicIp");
  const named = ips.map((ip) => {
    const found = Object.values(account.addresses).find((address) => address.publicIp === ip);
    if (!found) throw new Refusal("InvalidAddress.NotFound", `Address '${ip}' not found.`);
    return found.allocationId;
  });
  const rows = chosen(
    form,
    [...textsAt(form, "AllocationId"), ...named],
    account.addresses,
    (id) => {
      const address = account.addresses[id];
      if (address) return address;
      throw new Refusal("InvalidAllocationID.NotFound", `The allocation ID '${id}' does not exist`);
    },
    (address) => ({
      "allocation-id": address.allocationId,
      "public-ip": address.publicIp,
      "instance-id": address.instanceId,
      domain: "vpc",
    }),
  );
  return { addressesSet: rows.map((address) => addressView(account, address)) };
};

const DescribeSnapshots: Describe = (account, form) => {
  const rows = chosen(
    form,
    textsAt(form, "SnapshotId"),
    account.snapshots,
    (id) => {
      const snapshot = account.snapshots[id];
      if (snapshot) return snapshot;
      throw new Refusal("InvalidSnapshot.NotFound", `The snapshot '${id}' does not exist.`);
    },
    (snapshot) => ({
      "snapshot-id": snapshot.id,
      "volume-id": snapshot.volumeId,
      status: snapshot.state,
      "volume-size": snapshot.sizeGiB,
      description: snapshot.description,
    }),
  );
  const page = pageOf(form, rows);
  return { snapshotSet: page.rows.map((snapshot) => snapshotView(account, snapshot)), nextToken: page.nextToken };
};

const DescribeImages: Describe = (_account, form) => {
  const ids = textsAt(form, "ImageId");
  const all = Object.values(IMAGES).map((image) => ({ ...image, tags: {} }));
  const missing = ids.find((id) => !all.some((image) => image.id === id));
  if (missing) throw new Refusal("InvalidAMIID.NotFound", `The image id '[${missing}]' does not exist`);
  const rows = filtered(form, ids.length > 0 ? all.filter(({ id }) => ids.includes(id)) : all, (image) => ({
    "image-id": image.id,
    name: image.name,
    architecture: image.architecture,
    "root-device-name": image.rootDeviceName,
    "block-device-mapping.snapshot-id": image.snapshotId,
  }));
  const page = pageOf(form, rows);
  return { imagesSet: page.rows.map(imageView), nextToken: page.nextToken };
};

const RESOURCE_TYPES = {
  instances: "instance",
  volumes: "volume",
  spotRequests: "spot-instances-request",
  addresses: "elastic-ip",
  snapshots: "snapshot",
} as const;

const DescribeTags: Describe = (account, form) => {
  const all = (Object.keys(RESOURCE_TYPES) as (keyof typeof RESOURCE_TYPES)[]).flatMap((table) =>
    Object.entries<{ readonly tags: Tags }>(account[table]).flatMap(([resourceId, row]) =>
      Object.entries(row.tags).map(([key, value]) => ({
        resourceId,
        resourceType: RESOURCE_TYPES[table],
        key,
        value,
        tags: { [key]: value },
      })),
    ),
  );
  const rows = filtered(form, all, (row) => ({
    key: row.key,
    value: row.value,
    "resource-id": row.resourceId,
    "resource-type": row.resourceType,
  }));
  const page = pageOf(form, rows);
  return {
    tagSet: page.rows.map(({ resourceId, resourceType, key, value }) => ({ resourceId, resourceType, key, value })),
    nextToken: page.nextToken,
  };
};

const DescribeSpotPriceHistory: Describe = (account, form, now) => {
  const time = (name: string) => {
    const text = textAt(form, name);
    return text === undefined ? undefined : Date.parse(text);
  };
  const zone = textAt(form, "AvailabilityZone");
  const rows = filtered(
    form,
    priceHistory(account, {
      types: textsAt(form, "InstanceType"),
      start: time("StartTime"),
      end: time("EndTime") ?? now,
      now,
    }).map((row) => ({ ...row, tags: {} })),
    (row) => ({
      "instance-type": row.instanceType,
      "availability-zone": row.availabilityZone,
      "product-description": ["Linux/UNIX", "Linux/UNIX (Amazon VPC)"],
      "spot-price": row.spotPrice,
    }),
  ).filter((row) => zone === undefined || row.availabilityZone === zone);
  const page = pageOf(form, rows);
  return {
    spotPriceHistorySet: page.rows.map(({ tags: _none, ...row }) => row),
    // This call writes an empty element where the others leave the token out.
    nextToken: page.nextToken ?? "",
  };
};

/** The pairs that instances were launched with. */
const DescribeKeyPairs: Describe = (account, form) => {
  const names = new Set(Object.values(account.instances).flatMap((instance) => instance.keyName ?? []));
  const all = [...names].map((name) => ({ name, tags: {} }));
  const wanted = textsAt(form, "KeyName");
  const rows = filtered(form, all, (row) => ({ "key-name": row.name })).filter(
    (row) => wanted.length === 0 || wanted.includes(row.name),
  );
  const publicKey = flagAt(form, "IncludePublicKey") ? "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== simulated" : undefined;
  return {
    keySet: rows.map(({ name }) => ({ keyPairId: `key-${name}`, keyName: name, keyType: "ed25519", publicKey })),
  };
};

const GetConsoleOutput: Describe = (account, form, now) => {
  const instance = theInstance(account, textAt(form, "InstanceId") ?? "");
  const output = Buffer.from(consoleOutputOf(account, instance)).toString("base64");
  return { instanceId: instance.id, timestamp: new Date(now), output: output || undefined };
};

const DescribeInstanceAttribute: Describe = (account, form) => {
  const instance = theInstance(account, textAt(form, "InstanceId") ?? "");
  const attributes: Readonly<Record<string, XmlObject[string]>> = {
    blockDeviceMapping: deviceMapping(account, instance),
    disableApiTermination: { value: instance.terminationProtected },
    disableApiStop: { value: false },
    ebsOptimized: { value: true },
    enaSupport: { value: true },
    groupSet: [],
    instanceInitiatedShutdownBehavior: { value: "stop" },
    instanceType: { value: instance.type },
    rootDeviceName: rootOf(account, instance) ? { value: instance.rootDeviceName } : {},
    sourceDestCheck: { value: true },
    userData: {},
  };
  const name = textAt(form, "Attribute") ?? "";
  if (!(name in attributes)) {
    throw new Refusal(
      "InvalidParameterValue",
      `Value (${name}) for parameter attribute is invalid. Unknown attribute.`,
    );
  }
  return { instanceId: instance.id, [name]: attributes[name] };
};

export const DESCRIBES: Readonly<Record<string, Describe>> = {
  DescribeInstances,
  DescribeInstanceStatus,
  DescribeSpotInstanceRequests,
  DescribeVolumes,
  DescribeAddresses,
  DescribeSnapshots,
  DescribeImages,
  DescribeTags,
  DescribeSpotPriceHistory,
  DescribeKeyPairs,
  GetConsoleOutput,
  DescribeInstanceAttribute,
};
