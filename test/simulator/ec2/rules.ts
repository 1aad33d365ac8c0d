/** One API call on the account: what it becomes and what is answered, or the error. Pure; see aws.md for every rule. */

import type { Account } from "./account.ts";
import type { Call, CallResult, Ec2Error } from "./calls.ts";
import { Refusal } from "./refusal.ts";
import * as instances from "./rules-instances.ts";
import * as others from "./rules-network-spot-tags.ts";
import * as volumes from "./rules-volumes.ts";

export type Outcome =
  | { readonly account: Account; readonly result: CallResult; readonly error?: undefined }
  | { readonly error: Ec2Error };

/** Makes `call` at simulated time `now` (milliseconds since the epoch). A refused call changes nothing. */
export function apply(account: Account, call: Call, now: number): Outcome {
  try {
    const [after, result] = applied(account, call, now);
    return { account: after, result };
  } catch (refusal) {
    if (refusal instanceof Refusal) return { error: { code: refusal.code, message: refusal.message } };
    throw refusal;
  }
}

function applied(account: Account, call: Call, now: number): readonly [Account, CallResult] {
  switch (call.name) {
    case "RunInstances":
      return instances.runInstances(account, call, now);
    case "StartInstances":
      return instances.startInstances(account, call, now);
    case "StopInstances":
      return instances.stopInstances(account, call, now);
    case "RebootInstances":
      return instances.rebootInstances(account, call, now);
    case "TerminateInstances":
      return instances.terminateInstances(account, call, now);
    case "ModifyInstanceAttribute":
      return instances.modifyInstanceAttribute(account, call);
    case "AttachVolume":
      return volumes.attachVolume(account, call, now);
    case "DetachVolume":
      return volumes.detachVolume(account, call, now);
    case "DeleteVolume":
      return volumes.deleteVolume(account, call, now);
    case "CreateSnapshot":
      return volumes.createSnapshot(account, call, now);
    case "AssociateAddress":
      return others.associateAddress(account, call);
    case "DisassociateAddress":
      return others.disassociateAddress(account, call);
    case "CancelSpotInstanceRequests":
      return others.cancelSpotRequests(account, call, now);
    case "CreateTags":
      return others.createTags(account, call);
    case "DeleteTags":
      return others.deleteTags(account, call);
  }
}
