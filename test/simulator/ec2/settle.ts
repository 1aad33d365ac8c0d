/** What happens by itself: each pending transition, when its time has come. Pure, like the rules of the calls. */

import {
  type Account,
  expect,
  forestall,
  type Pending,
  patch,
  rootOf,
  type SimInstance,
  spotRequestOf,
  volumesOf,
  without,
} from "./account.ts";
import {
  BY_EC2,
  beginStart,
  beginStop,
  beginTerminate,
  hasRoot,
  launch,
  NO_ROOM,
  TERMINATED_BY_EC2,
  TERMINATED_BY_SERVICE,
  takeBackStart,
  terminateStopped,
  withStatus,
} from "./transitions.ts";

/** The account after the pending transition `pendingId` has happened; the same account where there is none such. */
export function settle(account: Account, pendingId: string, now: number): Account {
  const pending = account.pending[pendingId];
  if (!pending) return account;
  const { [pendingId]: _happened, ...rest } = account.pending;
  return happen({ ...account, pending: rest }, pending, now);
}

function happen(account: Account, { kind, subject }: Pending, now: number): Account {
  switch (kind) {
    case "map":
      return patch(account, "instances", subject, { unmapped: undefined });
    case "run":
      return ran(account, subject, now);
    case "stop":
      return stopped(account, subject, now);
    case "terminate":
      return terminated(account, subject, now);
    case "interrupt":
      return interrupted(account, subject, now);
    case "fulfil":
      return fulfilled(account, subject, now);
    case "release":
      return released(account, subject, now);
    case "restart":
      return restarted(account, subject, now);
    case "relaunch":
      return relaunched(account, subject, now);
    case "attach": {
      const attachment = account.volumes[subject]?.attachment;
      return attachment
        ? patch(account, "volumes", subject, { attachment: { ...attachment, state: "attached" } })
        : account;
    }
    case "detach":
      return patch(account, "volumes", subject, { state: "available", attachment: undefined });
    case "delete-volume":
      return without(account, "volumes", subject);
    case "snapshot":
      return patch(account, "snapshots", subject, { state: "completed" });
    case "forget-instance":
      return without(account, "instances", subject);
    case "forget-request":
      return without(account, "spotRequests", subject);
  }
}

function ran(account: Account, id: string, now: number): Account {
  const instance = account.instances[id];
  if (!instance) return account;
  const doom = account.doomed?.[rootOf(account, instance)?.id ?? ""] ?? account.doomed?.[id];
  if (doom) return takeBackStart(account, instance, doom, now);
  return patch(forestall(account, id, "map"), "instances", id, { state: "running", unmapped: undefined });
}

function fulfilled(account: Account, requestId: string, now: number): Account {
  const request = account.spotRequests[requestId];
  const instance = instanceOfRequest(account, requestId);
  if (!request || !instance) return account;
  if (request.state === "cancelled") return expect(account, "run", instance.id, now);
  // aws.md: the request is open beside a stopped instance until there is room for it.
  if (account.noSpotCapacity.includes(instance.type)) {
    const back = patch(account, "instances", instance.id, { state: "stopped", stateReason: NO_ROOM, endedAt: now });
    return expect(withStatus(back, requestId, "open", "capacity-not-available", now), "restart", requestId, now);
  }
  return withStatus(expect(account, "run", instance.id, now), requestId, "active", "fulfilled", now);
}

function stopped(account: Account, id: string, now: number): Account {
  let after = patch(account, "instances", id, { state: "stopped", endedAt: now, interruption: undefined });
  for (const volume of volumesOf(after, id)) {
    if (volume.attachment.state !== "busy") continue;
    after = patch(after, "volumes", volume.id, { attachment: { ...volume.attachment, state: "detaching" } });
    after = expect(after, "detach", volume.id, now);
  }
  const instance = after.instances[id];
  const request = instance && spotRequestOf(after, instance);
  if (!instance || !request) return after;
  // A spot instance cannot stay stopped under a request that was cancelled meanwhile.
  if (request.state === "cancelled") return terminateStopped(after, id, now);
  return expect(after, "release", request.id, now);
}

/** aws.md: disabled comes some time after `stopped`, and only then may the instance be started or opened. */
function released(account: Account, requestId: string, now: number): Account {
  const instance = instanceOfRequest(account, requestId);
  // An experiment's stop stays one until the owner starts the machine.
  if (account.spotRequests[requestId]?.statusCode === "marked-for-stop-by-experiment") {
    return withStatus(account, requestId, "disabled", "instance-stopped-by-experiment", now);
  }
  if (instance?.stateReason?.code !== BY_EC2.code) {
    return withStatus(account, requestId, "disabled", "instance-stopped-by-user", now);
  }
  const disabled = withStatus(account, requestId, "disabled", "instance-stopped-no-capacity", now);
  return expect(disabled, "restart", requestId, now);
}

/** aws.md: EC2 restarts what EC2 stopped, and terminates it if its root volume is off when it tries. */
function restarted(account: Account, requestId: string, now: number): Account {
  const instance = instanceOfRequest(account, requestId);
  if (instance?.state !== "stopped") return account;
  if (!hasRoot(account, instance)) return terminateStopped(account, instance.id, now);
  if (!account.noSpotCapacity.includes(instance.type)) return beginStart(account, instance, now);
  return expect(withStatus(account, requestId, "open", "capacity-not-available", now), "restart", requestId, now);
}

function interrupted(account: Account, id: string, now: number): Account {
  const instance = account.instances[id];
  if (instance?.state !== "running") return account;
  const request = spotRequestOf(account, instance);
  const stays = request?.type === "persistent" && request.interruptionBehavior === "stop";
  return stays ? beginStop(account, instance, BY_EC2, now) : beginTerminate(account, instance, TERMINATED_BY_EC2, now);
}

function terminated(account: Account, id: string, now: number): Account {
  const instance = account.instances[id];
  if (!instance) return account;
  let after = patch(account, "instances", id, { state: "terminated", endedAt: now, interruption: undefined });
  for (const volume of volumesOf(after, id)) {
    if (volume.attachment.deleteOnTermination) {
      after = patch(after, "volumes", volume.id, { state: "deleting", attachment: undefined });
      after = expect(forestall(after, volume.id, "attach", "detach"), "delete-volume", volume.id, now);
    } else {
      after = patch(after, "volumes", volume.id, { attachment: { ...volume.attachment, state: "detaching" } });
      after = expect(forestall(after, volume.id, "attach"), "detach", volume.id, now);
    }
  }
  for (const address of Object.values(after.addresses)) {
    if (address.instanceId === id) after = patch(after, "addresses", address.allocationId, { instanceId: undefined });
  }
  after = expect(after, "forget-instance", id, now);
  const request = spotRequestOf(after, instance);
  if (!request) return after;
  if (request.statusCode === TERMINATED_BY_SERVICE) return expect(after, "forget-request", request.id, now);
  const statusCode =
    instance.stateReason?.code === TERMINATED_BY_EC2.code
      ? "instance-terminated-no-capacity"
      : "instance-terminated-by-user";
  if (request.type === "persistent" && request.state !== "cancelled" && request.state !== "closed") {
    // aws.md: a persistent request that nobody cancelled is open again, and EC2 launches another instance for it.
    const open = withStatus(after, request.id, "open", statusCode, now);
    return expect(patch(open, "spotRequests", request.id, { instanceId: undefined }), "relaunch", request.id, now);
  }
  return expect(withStatus(after, request.id, "closed", statusCode, now), "forget-request", request.id, now);
}

function relaunched(account: Account, requestId: string, now: number): Account {
  const request = account.spotRequests[requestId];
  if (request?.state !== "open") return account;
  if (account.noSpotCapacity.includes(request.launch.type)) {
    return expect(withStatus(account, requestId, "open", "capacity-not-available", now), "relaunch", requestId, now);
  }
  const given =
    account.habits?.tagsRelaunched && request.launch.tags ? { tags: { instance: request.launch.tags } } : {};
  const [launched, instanceId] = launch(account, request.launch, requestId, given, now);
  return patch(withStatus(launched, requestId, "active", "fulfilled", now), "spotRequests", requestId, { instanceId });
}

function instanceOfRequest(account: Account, requestId: string): SimInstance | undefined {
  const id = account.spotRequests[requestId]?.instanceId;
  return id === undefined ? undefined : account.instances[id];
}
