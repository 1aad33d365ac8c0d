/** How a rule says no: thrown inside the core, caught by `apply`, and given to the caller as data. */

import type { Account, SimInstance, SimSpotRequest, SimVolume } from "./account.ts";

/** Not an Error: a model check throws it by the million and needs no stack. */
export class Refusal {
  readonly code: string;
  readonly message: string;
  constructor(code: string, message: string) {
    this.code = code;
    this.message = message;
  }
}

export function theInstance(account: Account, id: string): SimInstance {
  const instance = account.instances[id];
  if (instance) return instance;
  if (!/^i-[0-9a-f]{8,17}$/.test(id)) throw new Refusal("InvalidInstanceID.Malformed", `Invalid id: "${id}"`);
  throw new Refusal("InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`);
}

export function theVolume(account: Account, id: string): SimVolume {
  const volume = account.volumes[id];
  if (volume) return volume;
  if (!/^vol-[0-9a-f]{8,17}$/.test(id)) {
    throw new Refusal("InvalidParameterValue", `Value (${id}) for parameter volume is invalid. Expected: 'vol-...'.`);
  }
  throw new Refusal("InvalidVolume.NotFound", `The volume '${id}' does not exist.`);
}

export function theSpotRequest(account: Account, id: string): SimSpotRequest {
  const request = account.spotRequests[id];
  if (request) return request;
  throw new Refusal("InvalidSpotInstanceRequestID.NotFound", `The spot instance request ID '${id}' does not exist`);
}
