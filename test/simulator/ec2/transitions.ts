/** Steps that more than one rule takes: an instance begins to start, to stop or to end; a request launches one. */

import {
  type Account,
  expect,
  forestall,
  idFrom,
  type LaunchSpec,
  mix,
  newId,
  patch,
  type Reason,
  rootOf,
  type SimInstance,
  type SimSpotRequest,
  spotRequestOf,
  type Tags,
} from "./account.ts";
import { architectureOf, imageOf } from "./images.ts";

export const BY_USER = {
  code: "Client.UserInitiatedShutdown",
  message: "Client.UserInitiatedShutdown: User initiated shutdown",
} as const;
export const BY_EC2 = {
  code: "Server.SpotInstanceShutdown",
  message: "Server.SpotInstanceShutdown: Instance shutdown for lack of Spot capacity",
} as const;
/** An experiment of AWS FIS, the console's "Initiate interruption": the request's status code tells it from EC2's own stop. */
export const BY_EXPERIMENT = {
  code: "Server.SpotInstanceShutdown",
  message: "Server.SpotInstanceShutdown: Instance shutdown initiated by an experiment",
} as const;
export const NO_ROOM = {
  code: "Server.InsufficientInstanceCapacity",
  message:
    "Server.InsufficientInstanceCapacity: There was insufficient capacity available to satisfy the start request",
} as const;
/** Reasons for which an accepted start is taken back (aws.md, "A start that is accepted may still fail"). */
export const FAILED_STARTS = {
  client: { code: "Client.InternalError", message: "Client.InternalError: Client error on launch" },
  server: { code: "Server.InternalError", message: "Server.InternalError: Internal error on launch" },
  kms: {
    code: "Client.InvalidKMSKey.InvalidState",
    message: "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state",
  },
} as const satisfies Readonly<Record<string, Reason>>;
export const TERMINATED_BY_EC2 = {
  code: "Server.SpotInstanceTermination",
  message: "Server.SpotInstanceTermination: Instance terminated by the Spot service",
} as const;

export function withStatus(
  account: Account,
  requestId: string,
  state: SimSpotRequest["state"],
  statusCode: string,
  now: number,
): Account {
  return patch(account, "spotRequests", requestId, { state, statusCode, statusAt: now });
}

/** True where a volume sits firmly at the root device: on its way on or off is not enough to boot. */
export function hasRoot(account: Account, instance: SimInstance): boolean {
  return rootOf(account, instance)?.attachment?.state === "attached";
}

/** A stopped instance with a root begins to start: a spot one first needs its request fulfilled again. */
export function beginStart(account: Account, instance: SimInstance, now: number): Account {
  const pending = patch(account, "instances", instance.id, {
    state: "pending",
    stateReason: undefined,
    launchedAt: now,
    endedAt: undefined,
    interruption: undefined,
    restarted: true,
  });
  const request = spotRequestOf(pending, instance);
  if (!request || request.state === "cancelled") return expect(pending, "run", instance.id, now);
  return expect(withStatus(pending, request.id, "open", "pending-evaluation", now), "fulfil", request.id, now);
}

/** A running instance begins to stop; its request is marked, and released some time after it has stopped. */
export function beginStop(
  account: Account,
  instance: SimInstance,
  reason: Reason,
  now: number,
  statusCode = "marked-for-stop",
): Account {
  const stopping = patch(forestall(account, instance.id, "interrupt"), "instances", instance.id, {
    state: "stopping",
    stateReason: reason,
    console: "",
  });
  const request = spotRequestOf(stopping, instance);
  const marked = request?.state === "active" ? withStatus(stopping, request.id, "active", statusCode, now) : stopping;
  return expect(marked, "stop", instance.id, now);
}

export function beginTerminate(account: Account, instance: SimInstance, reason: Reason, now: number): Account {
  let after = forestall(account, instance.id, "map", "run", "stop", "interrupt");
  if (instance.spotRequestId) after = forestall(after, instance.spotRequestId, "fulfil", "release", "restart");
  after = patch(after, "instances", instance.id, { state: "shutting-down", stateReason: reason });
  return expect(after, "terminate", instance.id, now);
}

/**
 * What becomes of an instance whose start, accepted before, has failed: stopped again, with the reason. One that never
 * ran ends. EC2 may try again by itself, or leave the request as after a stop by the user: which is not publicly known.
 */
export function takeBackStart(account: Account, instance: SimInstance, reason: Reason, now: number): Account {
  if (!instance.restarted) return beginTerminate(account, instance, reason, now);
  const { spotRequestId } = instance;
  const idle = forestall(forestall(account, instance.id, "run"), spotRequestId ?? "", "fulfil");
  const back = patch(idle, "instances", instance.id, { state: "stopped", stateReason: reason, endedAt: now });
  const request = spotRequestOf(back, instance);
  if (!request) return back;
  if (request.state === "cancelled") return terminateStopped(back, instance.id, now);
  if (!account.habits?.retriesStarts) return expect(back, "release", request.id, now);
  return expect(withStatus(back, request.id, "open", "pending-evaluation", now), "restart", request.id, now);
}

/** aws.md: out of a stopped state the service itself terminates; the request is cancelled, and no other machine comes. */
export function terminateStopped(account: Account, instanceId: string, now: number): Account {
  const instance = account.instances[instanceId];
  if (!instance) return account;
  const ended = beginTerminate(account, instance, TERMINATED_BY_EC2, now);
  return instance.spotRequestId === undefined
    ? ended
    : withStatus(ended, instance.spotRequestId, "cancelled", TERMINATED_BY_SERVICE, now);
}

export const TERMINATED_BY_SERVICE = "instance-terminated-by-service";

/** A new instance, pending, on new volumes cloned from its image. Without tags nobody manages it. */
export function launch(
  account: Account,
  spec: LaunchSpec,
  spotRequestId: string | undefined,
  given: {
    readonly tags?: { readonly instance?: Tags; readonly volume?: Tags };
    readonly clientToken?: string | undefined;
  },
  now: number,
): readonly [Account, string] {
  const image = imageOf(spec.imageId);
  const [numbered, id] = newId(account, "i");
  const instance: SimInstance = {
    id,
    imageId: spec.imageId,
    type: spec.type,
    architecture: image?.architecture ?? architectureOf(spec.type),
    zone: spec.zone,
    keyName: spec.keyName,
    rootDeviceName: image?.rootDeviceName ?? "/dev/sda1",
    state: "pending",
    stateReason: undefined,
    launchedAt: now,
    endedAt: undefined,
    rebootedAt: undefined,
    spotRequestId,
    privateIp: `172.31.${16 + (mix(id) & 15)}.${4 + ((mix(id) >>> 8) % 250)}`,
    autoPublicIp: spec.autoPublicIp,
    interruption: undefined,
    terminationProtected: false,
    clientToken: given.clientToken,
    tags: given.tags?.instance ?? {},
    unmapped: true,
    ...(spec.keepsHostKeys ? { keepsHostKeys: true } : {}),
  };
  let after: Account = { ...numbered, instances: { ...numbered.instances, [id]: instance } };
  for (const { device, sizeGiB, type, deleteOnTermination, encrypted } of spec.devices) {
    const volumeId = idFrom("vol", `${id}${device}`);
    const isRoot = device === instance.rootDeviceName;
    after = {
      ...after,
      volumes: {
        ...after.volumes,
        [volumeId]: {
          id: volumeId,
          state: "in-use",
          sizeGiB,
          type,
          zone: spec.zone,
          createdAt: now,
          snapshotId: isRoot ? image?.snapshotId : undefined,
          encrypted,
          attachment: {
            instanceId: id,
            device,
            state: "attached",
            attachedAt: now,
            deleteOnTermination,
            mounted: isRoot,
          },
          tags: given.tags?.volume ?? {},
        },
      },
    };
  }
  return [expect(expect(after, "map", id, now), "run", id, now), id];
}
