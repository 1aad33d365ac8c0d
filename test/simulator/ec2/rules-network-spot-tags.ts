/** The rules of addresses, of cancelling spot requests and of tags. */

import { type Account, associationIdOf, expect, forestall, patch, type Tags } from "./account.ts";
import type { Call, CallResult } from "./calls.ts";
import { Refusal, theInstance, theSpotRequest, theVolume } from "./refusal.ts";
import { terminateStopped, withStatus } from "./transitions.ts";

type Applied = readonly [Account, CallResult];
type CallOf<Name extends Call["name"]> = Extract<Call, { readonly name: Name }>;

export function associateAddress(account: Account, call: CallOf<"AssociateAddress">): Applied {
  const address = account.addresses[call.allocationId];
  if (!address) {
    throw new Refusal("InvalidAllocationID.NotFound", `The allocation ID '${call.allocationId}' does not exist`);
  }
  const instance = theInstance(account, call.instanceId);
  if (instance.state === "pending") {
    throw new Refusal(
      "InvalidInstanceID",
      `The pending instance '${instance.id}' is not in a valid state for this operation.`,
    );
  }
  if (instance.state === "shutting-down" || instance.state === "terminated") {
    throw new Refusal("InvalidInstanceID", `The instance '${instance.id}' is not in a valid state for this operation.`);
  }
  if (address.instanceId && address.instanceId !== instance.id && call.allowReassociation === false) {
    throw new Refusal(
      "Resource.AlreadyAssociated",
      `resource ${address.allocationId} is already associated with associate-id ${associationIdOf(address)}`,
    );
  }
  let after = account;
  // One private address carries one Elastic IP: another one that was here is let go.
  for (const other of Object.values(account.addresses)) {
    if (other.instanceId === instance.id && other.allocationId !== address.allocationId) {
      after = patch(after, "addresses", other.allocationId, { instanceId: undefined });
    }
  }
  after = patch(after, "addresses", address.allocationId, { instanceId: instance.id });
  const associationId = associationIdOf({ ...address, instanceId: instance.id }) ?? "";
  return [after, { kind: "association", associationId }];
}

export function disassociateAddress(account: Account, call: CallOf<"DisassociateAddress">): Applied {
  const address = Object.values(account.addresses).find((one) => associationIdOf(one) === call.associationId);
  if (!address) {
    throw new Refusal("InvalidAssociationID.NotFound", `The association ID '${call.associationId}' does not exist`);
  }
  return [patch(account, "addresses", address.allocationId, { instanceId: undefined }), { kind: "none" }];
}

export function cancelSpotRequests(account: Account, call: CallOf<"CancelSpotInstanceRequests">, now: number): Applied {
  for (const id of call.requestIds) theSpotRequest(account, id);
  let after = account;
  for (const id of call.requestIds) after = cancelled(after, id, now);
  return [
    after,
    {
      kind: "spot-requests",
      requests: call.requestIds.map((id) => ({ id, state: after.spotRequests[id]?.state ?? "cancelled" })),
    },
  ];
}

/** aws.md: cancelling leaves a running machine running for good, and terminates a stopped one. */
function cancelled(account: Account, requestId: string, now: number): Account {
  const request = theSpotRequest(account, requestId);
  if (request.state !== "open" && request.state !== "active" && request.state !== "disabled") return account;
  const instance = request.instanceId === undefined ? undefined : account.instances[request.instanceId];
  if (!instance) {
    const idle = forestall(account, requestId, "relaunch");
    const ended = withStatus(idle, requestId, "cancelled", "canceled-before-fulfillment", now);
    return expect(ended, "forget-request", requestId, now);
  }
  return instance.state === "stopped"
    ? terminateStopped(account, instance.id, now)
    : withStatus(account, requestId, "cancelled", "request-canceled-and-instance-running", now);
}

const TAGGED = [
  ["i-", "instances", theInstance],
  ["vol-", "volumes", theVolume],
  ["sir-", "spotRequests", theSpotRequest],
  ["eipalloc-", "addresses", undefined],
  ["snap-", "snapshots", undefined],
] as const;

export function createTags(account: Account, call: CallOf<"CreateTags">): Applied {
  if (Object.keys(call.tags).some((key) => key.startsWith("aws:"))) {
    throw new Refusal("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use");
  }
  return retagged(account, call.resources, (tags) => ({ ...tags, ...call.tags }));
}

export function deleteTags(account: Account, call: CallOf<"DeleteTags">): Applied {
  const doomed = Object.entries(call.tags);
  return retagged(account, call.resources, (tags) =>
    Object.fromEntries(
      Object.entries(tags).filter(
        ([key, value]) =>
          doomed.length > 0 && !doomed.some(([name, only]) => name === key && (only === undefined || only === value)),
      ),
    ),
  );
}

function retagged(account: Account, resources: readonly string[], change: (tags: Tags) => Tags): Applied {
  let after = account;
  for (const id of resources) {
    const kind = TAGGED.find(([prefix]) => id.startsWith(prefix));
    if (!kind) throw new Refusal("InvalidID", `The ID '${id}' is not valid`);
    const [, table, need] = kind;
    need?.(account, id);
    const row = account[table][id];
    if (!row) throw new Refusal("InvalidID", `The ID '${id}' is not valid`);
    after = patch(after, table, id, { tags: change(row.tags) });
  }
  return [after, { kind: "none" }];
}
