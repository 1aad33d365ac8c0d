/** The rules of run, start, stop, reboot, terminate and of an instance's attributes. */

import {
  type Account,
  type LaunchDevice,
  type LaunchSpec,
  newId,
  patch,
  publicIpOf,
  type SimInstance,
  spotRequestOf,
  volumesOf,
} from "./account.ts";
import type { Call, CallResult, RunInstancesCall, StateChange } from "./calls.ts";
import { architectureOf, imageOf } from "./images.ts";
import { Refusal, theInstance } from "./refusal.ts";
import { BY_USER, beginStart, beginStop, beginTerminate, hasRoot, launch } from "./transitions.ts";

type Applied = readonly [Account, CallResult];
type CallOf<Name extends Call["name"]> = Extract<Call, { readonly name: Name }>;

export function runInstances(account: Account, call: RunInstancesCall, now: number): Applied {
  const made = Object.values(account.instances).filter(
    ({ clientToken }) => clientToken !== undefined && clientToken === call.clientToken,
  );
  if (made.length > 0) return [account, { kind: "instances", instanceIds: made.map(({ id }) => id) }];
  const spec = launchSpec(account, call);
  if (account.noSpotCapacity.includes(spec.type) && call.spot) {
    throw new Refusal("InsufficientInstanceCapacity", "There is no Spot capacity available that matches your request.");
  }
  let after = account;
  const instanceIds: string[] = [];
  for (let number = 0; number < call.count; number += 1) {
    let requestId: string | undefined;
    if (call.spot) [after, requestId] = newId(after, "sir");
    let instanceId: string;
    [after, instanceId] = launch(after, spec, requestId, call, now);
    instanceIds.push(instanceId);
    if (!call.spot || !requestId) continue;
    after = {
      ...after,
      spotRequests: {
        ...after.spotRequests,
        [requestId]: {
          id: requestId,
          state: "active",
          statusCode: "fulfilled",
          statusAt: now,
          instanceId,
          type: call.spot.type,
          interruptionBehavior: call.spot.interruptionBehavior,
          maxPrice: call.spot.maxPrice ?? (account.spotPrices[spec.type] ?? 0.5).toFixed(6),
          createdAt: now,
          launch: spec,
          tags: call.tags?.spotRequest ?? {},
        },
      },
    };
  }
  return [after, { kind: "instances", instanceIds }];
}

function launchSpec(account: Account, call: RunInstancesCall): LaunchSpec {
  const image = imageOf(call.imageId);
  if (!image) throw new Refusal("InvalidAMIID.NotFound", `The image id '[${call.imageId}]' does not exist`);
  if (image.architecture !== architectureOf(call.type)) {
    throw new Refusal(
      "InvalidParameterValue",
      `The architecture '${architectureOf(call.type)}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`,
    );
  }
  if (call.spot?.interruptionBehavior === "stop" && call.spot.type !== "persistent") {
    throw new Refusal(
      "InvalidParameterCombination",
      "The 'stop' instance interruption behavior is only supported for persistent Spot requests.",
    );
  }
  if (call.spot?.interruptionBehavior === "terminate" && call.spot.type === "persistent") {
    throw new Refusal(
      "InvalidParameterCombination",
      "The 'terminate' instance interruption behavior is not supported for persistent Spot requests.",
    );
  }
  const root: LaunchDevice = {
    device: image.rootDeviceName,
    sizeGiB: image.rootGiB,
    type: "gp3",
    deleteOnTermination: true,
    encrypted: false,
  };
  const asked = call.devices ?? [];
  const devices = [
    { ...root, ...asked.find((device) => device.device === root.device) },
    ...asked
      .filter((device) => device.device !== root.device)
      .map((device) => ({ ...root, deleteOnTermination: false, ...device })),
  ];
  return {
    imageId: call.imageId,
    type: call.type,
    zone: call.zone ?? `${account.region}a`,
    keyName: call.keyName,
    autoPublicIp: call.autoPublicIp ?? true,
    devices,
    ...(call.tags?.instance ? { tags: call.tags.instance } : {}),
    ...(/^ssh_deletekeys: false$/m.test(call.userData ?? "") ? { keepsHostKeys: true } : {}),
  };
}

export function startInstances(account: Account, call: CallOf<"StartInstances">, now: number): Applied {
  const stopped = call.instanceIds
    .map((id) => theInstance(account, id))
    .filter((instance) => instance.state !== "running" && instance.state !== "pending");
  for (const instance of stopped) refuseStart(account, instance);
  let after = account;
  for (const instance of stopped) after = beginStart(after, instance, now);
  return [after, changes(account, after, call.instanceIds)];
}

function refuseStart(account: Account, instance: SimInstance): void {
  if (instance.state !== "stopped") {
    throw new Refusal(
      "IncorrectInstanceState",
      `The instance '${instance.id}' is not in a state from which it can be started.`,
    );
  }
  const request = spotRequestOf(account, instance);
  const ownersToStart =
    request?.statusCode === "instance-stopped-by-user" || request?.statusCode === "instance-stopped-by-experiment";
  if (request && (request.state !== "disabled" || !ownersToStart)) {
    throw new Refusal(
      "IncorrectSpotRequestState",
      `You can't start the Spot Instance '${instance.id}' because the associated Spot Instance request is not in an appropriate state to support start.`,
    );
  }
  if (!hasRoot(account, instance)) {
    throw new Refusal(
      "InvalidParameterValue",
      `Invalid value '${instance.id}' for instanceId. Instance does not have a volume attached at root (${instance.rootDeviceName})`,
    );
  }
  if (request && account.noSpotCapacity.includes(instance.type)) {
    throw new Refusal(
      "InsufficientInstanceCapacity",
      `You can't start the Spot Instance '${instance.id}' because there is no available Spot capacity.`,
    );
  }
}

export function stopInstances(account: Account, call: CallOf<"StopInstances">, now: number): Applied {
  const running = call.instanceIds
    .map((id) => theInstance(account, id))
    .filter((instance) => instance.state !== "stopped" && instance.state !== "stopping");
  for (const instance of running) refuseStop(account, instance);
  let after = account;
  for (const instance of running) after = beginStop(after, instance, BY_USER, now);
  return [after, changes(account, after, call.instanceIds)];
}

function refuseStop(account: Account, instance: SimInstance): void {
  if (instance.state !== "running") {
    throw new Refusal(
      "IncorrectInstanceState",
      `The instance '${instance.id}' is not in a state from which it can be stopped.`,
    );
  }
  const request = spotRequestOf(account, instance);
  if (request?.type === "one-time") {
    throw new Refusal(
      "UnsupportedOperation",
      `You can't stop the Spot Instance '${instance.id}' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests.`,
    );
  }
  if (request && request.state !== "active") {
    throw new Refusal(
      "IncorrectSpotRequestState",
      `You can't stop the Spot Instance '${instance.id}' because the associated Spot Instance request is not in an appropriate state to support stop.`,
    );
  }
}

export function rebootInstances(account: Account, call: CallOf<"RebootInstances">, now: number): Applied {
  let after = account;
  for (const id of call.instanceIds) {
    if (theInstance(account, id).state !== "running") {
      throw new Refusal(
        "IncorrectInstanceState",
        `The instance '${id}' is not in a state from which it can be rebooted.`,
      );
    }
    after = patch(after, "instances", id, { rebootedAt: now });
  }
  return [after, { kind: "none" }];
}

export function terminateInstances(account: Account, call: CallOf<"TerminateInstances">, now: number): Applied {
  const alive = call.instanceIds
    .map((id) => theInstance(account, id))
    .filter((instance) => instance.state !== "terminated" && instance.state !== "shutting-down");
  for (const { id, terminationProtected } of alive) {
    if (!terminationProtected) continue;
    throw new Refusal(
      "OperationNotPermitted",
      `The instance '${id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    );
  }
  let after = account;
  for (const instance of alive) after = beginTerminate(after, instance, BY_USER, now);
  return [after, changes(account, after, call.instanceIds)];
}

export function modifyInstanceAttribute(account: Account, call: CallOf<"ModifyInstanceAttribute">): Applied {
  const instance = theInstance(account, call.instanceId);
  let after = account;
  for (const [device, deleteOnTermination] of Object.entries(call.deleteOnTermination ?? {})) {
    const volume = volumesOf(account, instance.id).find((one) => one.attachment.device === device);
    if (!volume) {
      throw new Refusal("InvalidInstanceAttributeValue", `No device is currently mapped at ${device}`);
    }
    after = patch(after, "volumes", volume.id, { attachment: { ...volume.attachment, deleteOnTermination } });
  }
  if (call.terminationProtected !== undefined) {
    if (instance.spotRequestId) {
      throw new Refusal("UnsupportedOperation", "Termination protection is not supported for Spot Instances.");
    }
    after = patch(after, "instances", instance.id, { terminationProtected: call.terminationProtected });
  }
  if (call.instanceType !== undefined) {
    if (instance.state !== "stopped") {
      throw new Refusal("IncorrectInstanceState", `The instance '${instance.id}' is not in the 'stopped' state.`);
    }
    if (instance.spotRequestId) {
      throw new Refusal("UnsupportedOperation", "You can't change the instance type of a Spot Instance.");
    }
    after = patch(after, "instances", instance.id, { type: call.instanceType });
  }
  return [after, { kind: "none" }];
}

function changes(before: Account, after: Account, ids: readonly string[]): CallResult {
  return {
    kind: "state-changes",
    changes: ids.map(
      (instanceId): StateChange => ({
        instanceId,
        previous: before.instances[instanceId]?.state ?? "terminated",
        current: after.instances[instanceId]?.state ?? "terminated",
      }),
    ),
  };
}

/** What GetConsoleOutput shows: enough to see which disk was booted; nothing of a machine that is off. */
export function consoleOutputOf(account: Account, instance: SimInstance): string {
  if (instance.console) return instance.console;
  if (instance.state !== "running") return "";
  const root = volumesOf(account, instance.id).find((one) => one.attachment.device === instance.rootDeviceName);
  return [
    `[    0.000000] Linux version 6.14.0-aws on ${instance.type}`,
    `[    1.204113] EXT4-fs (nvme0n1p1): mounted filesystem of ${root?.id ?? "no volume"}`,
    `ci-info: eth0 True ${instance.privateIp} ${publicIpOf(account, instance) ?? ""}`.trimEnd(),
    "",
    `Ubuntu 24.04.3 LTS ip-${instance.privateIp.replaceAll(".", "-")} ttyS0`,
    "",
  ].join("\r\n");
}
