/** Accounts to begin with: the story that the product is for, and its variations. All are made for a given present. */

import { type Account, EMPTY_ACCOUNT, idFrom } from "./ec2/account.ts";
import { IMAGES } from "./ec2/images.ts";
import { BY_EC2, BY_USER } from "./ec2/transitions.ts";
import {
  attached,
  byId,
  DAY,
  HOUR,
  instance,
  MINUTE,
  named,
  PERSISTENT,
  STORY_IDS,
  spotRequest,
  volume,
} from "./story-parts.ts";

export { PERSISTENT, STORY_IDS } from "./story-parts.ts";

/** No machine, no volume, no address: an account before the first apply. */
export function emptyAccount(): Account {
  return { ...EMPTY_ACCOUNT, spotPrices: { "c7gd.metal": 1.2412, "c5.metal": 1.5873 } };
}

/** All is well: every machine on its own disk with its own address, jumpbox and arm running, x86 stopped by its owner. */
export function healthyAccount(now: number): Account {
  const launched = now - 5 * HOUR;
  const x86 = PERSISTENT["fcvm-metal-x86"];
  const arm = PERSISTENT["fcvm-metal-arm"];
  const x86Stopped = now - 9 * HOUR;
  return {
    ...emptyAccount(),
    instances: byId(
      instance({
        id: STORY_IDS.jumpbox,
        type: "t4g.large",
        launchedAt: now - 41 * DAY,
        privateIp: "172.31.20.11",
        tags: named("jumpbox"),
      }),
      instance({
        id: STORY_IDS.arm,
        type: "c7gd.metal",
        launchedAt: launched,
        privateIp: "172.31.24.97",
        spotRequestId: STORY_IDS.armRequest,
        tags: named("fcvm-metal-arm"),
      }),
      instance({
        id: STORY_IDS.x86,
        type: "c5.metal",
        launchedAt: now - 33 * HOUR,
        endedAt: x86Stopped,
        state: "stopped",
        stateReason: BY_USER,
        privateIp: "172.31.27.140",
        spotRequestId: STORY_IDS.x86Request,
        tags: named("fcvm-metal-x86"),
      }),
    ),
    spotRequests: byId(
      spotRequest(STORY_IDS.armRequest, STORY_IDS.arm, "c7gd.metal", launched),
      spotRequest(STORY_IDS.x86Request, STORY_IDS.x86, "c5.metal", now - 60 * DAY, {
        state: "disabled",
        statusCode: "instance-stopped-by-user",
        statusAt: x86Stopped + 12_000,
      }),
    ),
    volumes: byId(
      volume({
        id: STORY_IDS.jumpboxRoot,
        sizeGiB: 8,
        createdAt: now - 300 * DAY,
        snapshotId: IMAGES.arm64.snapshotId,
        attachment: { ...attached(STORY_IDS.jumpbox, now - 300 * DAY), deleteOnTermination: true },
        tags: named("jumpbox-root"),
      }),
      volume({
        id: STORY_IDS.jumpboxHome,
        sizeGiB: 20,
        createdAt: now - 300 * DAY,
        attachment: attached(STORY_IDS.jumpbox, now - 300 * DAY, "/dev/sdf"),
        tags: named("jumpbox-home"),
      }),
      volume({
        id: arm.volumeId,
        sizeGiB: 300,
        createdAt: now - 210 * DAY,
        snapshotId: IMAGES.arm64.snapshotId,
        attachment: attached(STORY_IDS.arm, now - 80 * DAY),
        tags: named("fcvm-metal-arm-root", { "snowglobe:persistent": "fcvm-metal-arm" }),
      }),
      volume({
        id: x86.volumeId,
        sizeGiB: 300,
        createdAt: now - 180 * DAY,
        snapshotId: IMAGES.x86_64.snapshotId,
        attachment: attached(STORY_IDS.x86, now - 60 * DAY),
        tags: named("fcvm-metal-x86-root", { "snowglobe:persistent": "fcvm-metal-x86" }),
      }),
    ),
    addresses: {
      [STORY_IDS.jumpboxAddress]: {
        allocationId: STORY_IDS.jumpboxAddress,
        publicIp: "192.0.2.117",
        instanceId: STORY_IDS.jumpbox,
        tags: named("jumpbox"),
      },
      [arm.allocationId]: {
        allocationId: arm.allocationId,
        publicIp: arm.publicIp,
        instanceId: STORY_IDS.arm,
        tags: named("fcvm-metal-arm"),
      },
      [x86.allocationId]: {
        allocationId: x86.allocationId,
        publicIp: x86.publicIp,
        instanceId: STORY_IDS.x86,
        tags: named("fcvm-metal-x86"),
      },
    },
  };
}

/**
 * The story that the product is for: AWS took fcvm-metal-arm, Terraform made a new one twelve minutes ago, and that runs on a new
 * root; its own disk is detached, its address nowhere. fcvm-metal-x86 is stopped, one volume is left from an older recreation.
 */
export function recreatedAccount(now: number): Account {
  const healthy = healthyAccount(now);
  const created = now - 12 * MINUTE;
  const arm = PERSISTENT["fcvm-metal-arm"];
  const predecessor = instance({
    id: STORY_IDS.armPredecessor,
    type: "c7gd.metal",
    launchedAt: now - 8 * DAY,
    endedAt: now - 14 * MINUTE,
    state: "terminated",
    stateReason: BY_USER,
    privateIp: "172.31.22.65",
    spotRequestId: STORY_IDS.armPredecessorRequest,
    tags: named("fcvm-metal-arm"),
  });
  return {
    ...healthy,
    instances: {
      ...healthy.instances,
      ...byId(
        predecessor,
        instance({
          id: STORY_IDS.arm,
          type: "c7gd.metal",
          launchedAt: created,
          privateIp: "172.31.24.97",
          spotRequestId: STORY_IDS.armRequest,
          tags: named("fcvm-metal-arm"),
        }),
      ),
    },
    spotRequests: {
      ...healthy.spotRequests,
      ...byId(
        spotRequest(STORY_IDS.armPredecessorRequest, predecessor.id, "c7gd.metal", now - 80 * DAY, {
          state: "closed",
          statusCode: "instance-terminated-by-user",
          statusAt: now - 14 * MINUTE,
        }),
        spotRequest(STORY_IDS.armRequest, STORY_IDS.arm, "c7gd.metal", created),
      ),
    },
    volumes: {
      ...healthy.volumes,
      ...byId(
        volume({
          id: arm.volumeId,
          sizeGiB: 300,
          createdAt: now - 210 * DAY,
          snapshotId: IMAGES.arm64.snapshotId,
          tags: named("fcvm-metal-arm-root", { "snowglobe:persistent": "fcvm-metal-arm" }),
        }),
        volume({
          id: STORY_IDS.armTemporaryDisk,
          sizeGiB: 300,
          createdAt: created,
          snapshotId: IMAGES.arm64.snapshotId,
          attachment: attached(STORY_IDS.arm, created),
        }),
        volume({
          id: STORY_IDS.orphan,
          sizeGiB: 300,
          createdAt: now - 95 * DAY,
          snapshotId: IMAGES.arm64.snapshotId,
          tags: {
            "snowglobe:machine": "fcvm-metal-arm",
            "snowglobe:replaced-by": arm.volumeId,
            "snowglobe:instance": idFrom("i", "arm-long-ago"),
            "snowglobe:after-swap": "keep",
            "snowglobe:marked-at": new Date(now - 94 * DAY).toISOString(),
          },
        }),
      ),
    },
    addresses: {
      ...healthy.addresses,
      [arm.allocationId]: {
        allocationId: arm.allocationId,
        publicIp: arm.publicIp,
        instanceId: undefined,
        tags: named("fcvm-metal-arm"),
      },
    },
    pending: {
      [`forget-instance:${predecessor.id}`]: {
        id: `forget-instance:${predecessor.id}`,
        kind: "forget-instance",
        subject: predecessor.id,
        since: now - 14 * MINUTE,
      },
      [`forget-request:${STORY_IDS.armPredecessorRequest}`]: {
        id: `forget-request:${STORY_IDS.armPredecessorRequest}`,
        kind: "forget-request",
        subject: STORY_IDS.armPredecessorRequest,
        since: now - 14 * MINUTE,
      },
    },
  };
}

/** Healthy but for a second live instance that carries fcvm-metal-arm's name and that Terraform did not make. */
export function twoOfOneName(now: number): Account {
  const healthy = healthyAccount(now);
  const id = idFrom("i", "arm-stranger");
  const launchedAt = now - 3 * HOUR;
  const requestId = idFrom("sir", "arm-stranger");
  return {
    ...healthy,
    instances: {
      ...healthy.instances,
      [id]: instance({
        id,
        type: "c7gd.metal",
        launchedAt,
        privateIp: "172.31.29.8",
        spotRequestId: requestId,
        tags: { Name: "fcvm-metal-arm" },
      }),
    },
    spotRequests: { ...healthy.spotRequests, ...byId(spotRequest(requestId, id, "c7gd.metal", launchedAt)) },
    volumes: {
      ...healthy.volumes,
      ...byId(
        volume({
          id: idFrom("vol", "arm-stranger"),
          sizeGiB: 300,
          createdAt: launchedAt,
          snapshotId: IMAGES.arm64.snapshotId,
          attachment: attached(id, launchedAt),
        }),
      ),
    },
  };
}

/** EC2 has stopped fcvm-metal-arm for want of capacity and will start it again itself. */
export function interruptedByAws(now: number): Account {
  const healthy = healthyAccount(now);
  const arm = healthy.instances[STORY_IDS.arm];
  const request = healthy.spotRequests[STORY_IDS.armRequest];
  if (!arm || !request) return healthy;
  const at = now - 3 * MINUTE;
  return {
    ...healthy,
    noSpotCapacity: [arm.type],
    instances: { ...healthy.instances, [arm.id]: { ...arm, state: "stopped", stateReason: BY_EC2, endedAt: at } },
    spotRequests: {
      ...healthy.spotRequests,
      [request.id]: { ...request, state: "disabled", statusCode: "instance-stopped-no-capacity", statusAt: at },
    },
    pending: {
      [`restart:${request.id}`]: { id: `restart:${request.id}`, kind: "restart", subject: request.id, since: at },
    },
  };
}

/** What the owner's terraform.tfvars says in these stories. */
export function tfvarsText(): string {
  const lines = Object.entries(PERSISTENT).map(
    ([name, { volumeId, allocationId }]) => `  ${name} = { volume = "${volumeId}", address = "${allocationId}" }`,
  );
  return ["persistent_roots = {", ...lines, "}", ""].join("\n");
}
