/** Steps of an account, for the tests of the rules. */

import { PERSISTENT } from "../story.ts";
import type { Account } from "./account.ts";
import type { Call } from "./calls.ts";
import { type Happening, happens } from "./happenings.ts";
import { apply } from "./rules.ts";
import { settle } from "./settle.ts";

export const NOW = Date.parse("2026-03-01T12:00:00Z");
export const ARM_VOLUME = PERSISTENT["fcvm-metal-arm"].volumeId;
export const X86_VOLUME = PERSISTENT["fcvm-metal-x86"].volumeId;
export const ARM_ADDRESS = PERSISTENT["fcvm-metal-arm"].allocationId;

/** A call, a happening, or the name of a pending transition that happens now. */
export type Step = Call | { readonly happens: Happening } | `${string}:${string}`;

export const start = (...instanceIds: string[]): Call => ({ name: "StartInstances", instanceIds });
export const stop = (...instanceIds: string[]): Call => ({ name: "StopInstances", instanceIds });
export const terminate = (...instanceIds: string[]): Call => ({ name: "TerminateInstances", instanceIds });
export const cancel = (...requestIds: string[]): Call => ({ name: "CancelSpotInstanceRequests", requestIds });
export const detach = (volumeId: string): Call => ({ name: "DetachVolume", volumeId });
export const attach = (volumeId: string, instanceId: string, device = "/dev/sda1"): Call => ({
  name: "AttachVolume",
  volumeId,
  instanceId,
  device,
});
export const associate = (instanceId: string): Call => ({
  name: "AssociateAddress",
  allocationId: ARM_ADDRESS,
  instanceId,
});

export function play(account: Account, ...steps: readonly Step[]): Account {
  let after = account;
  for (const step of steps) {
    if (typeof step === "string") {
      if (!after.pending[step]) throw new Error(`${step} is not pending: ${Object.keys(after.pending).join(" ")}`);
      after = settle(after, step, NOW);
    } else if ("happens" in step) {
      after = happens(after, step.happens, NOW);
    } else {
      const outcome = apply(after, step, NOW);
      if (outcome.error) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
      after = outcome.account;
    }
  }
  return after;
}
