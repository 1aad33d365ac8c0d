/** The controls of a simulator in another process, typed: the client's side of control.ts. */

import type { Account } from "./ec2/account.ts";
import type { Call, CallResult, Ec2Error } from "./ec2/calls.ts";
import type { Happening } from "./ec2/happenings.ts";
import type { Fault } from "./faults.ts";
import type { LoggedCall } from "./server.ts";

export interface RemoteSimulator {
  readonly state: () => Promise<{
    readonly now: number;
    readonly account: Account;
    /** When each pending transition will happen, by its ID. */
    readonly due: Readonly<Record<string, number>>;
  }>;
  readonly calls: () => Promise<{ readonly count: number; readonly calls: readonly LoggedCall[] }>;
  readonly forgetCalls: () => Promise<unknown>;
  readonly clock: (change: {
    readonly speed?: number;
    readonly advance?: number;
    readonly latencyScale?: number;
  }) => Promise<{ readonly now: number; readonly speed: number }>;
  readonly addFault: (fault: Fault) => Promise<unknown>;
  readonly clearFaults: () => Promise<unknown>;
  /** A call by another actor. */
  readonly call: (call: Call) => Promise<{ readonly result: CallResult } | { readonly error: Ec2Error }>;
  readonly happen: (happening: Happening) => Promise<unknown>;
  readonly settle: (pendingId: string) => Promise<unknown>;
  readonly setAccount: (account: Account) => Promise<unknown>;
  readonly setCpu: (instanceId: string, hours: readonly (number | null)[]) => Promise<unknown>;
  readonly expireCredentials: () => Promise<unknown>;
}

/** Speaks to the simulator at `url`. Every function rejects where it does not answer, or refuses. */
export function remoteSimulator(url: string): RemoteSimulator {
  const ask = async <T>(method: string, name: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}/_sim/${name}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${name}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    state: () => ask("GET", "state"),
    calls: () => ask("GET", "calls"),
    forgetCalls: () => ask("DELETE", "calls"),
    clock: (change) => ask("POST", "clock", change),
    addFault: (fault) => ask("POST", "faults", fault),
    clearFaults: () => ask("DELETE", "faults"),
    call: (call) => ask("POST", "call", call),
    happen: (happening) => ask("POST", "happening", happening),
    settle: (id) => ask("POST", "settle", { id }),
    setAccount: (account) => ask("POST", "account", account),
    setCpu: (instanceId, hours) => ask("POST", "cpu", { instanceId, hours }),
    expireCredentials: () => ask("POST", "credentials", {}),
  };
}
