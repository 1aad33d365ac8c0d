/** Everything that can go wrong between a client and AWS, on request: for one operation or any, so many times or until cleared. */

import type { Staleness } from "./service.ts";

export type FaultKind =
  /** 503 RequestLimitExceeded (EC2), 400 Throttling (the others). */
  | { readonly kind: "throttle" }
  /** 500 InternalError, or 503 Unavailable and the like; nothing has taken effect. */
  | { readonly kind: "server-error"; readonly status?: number }
  /** Any refusal at all. */
  | { readonly kind: "error"; readonly code: string; readonly message: string; readonly status?: number }
  | { readonly kind: "no-capacity" }
  /** Real milliseconds, before the call takes effect or after it has. */
  | { readonly kind: "delay"; readonly ms: number; readonly when?: "before" | "after" }
  /** The connection ends without an answer and without effect. */
  | { readonly kind: "drop-before" }
  /** The call takes effect, its answer is lost. */
  | { readonly kind: "drop-after" }
  | { readonly kind: "stale"; readonly of: Staleness }
  /** A proxy answers with a page instead of AWS; nothing has taken effect. */
  | { readonly kind: "html" }
  /** Half the answer, then the connection ends. */
  | { readonly kind: "truncate" }
  /** A whole answer that is no XML and no JSON. */
  | { readonly kind: "malformed" }
  /** The service's clock differs from the real one by so much: the client's clock is wrong. */
  | { readonly kind: "clock-skew"; readonly ms: number };

export type Fault = FaultKind & {
  /** "StartInstances", "ec2:*" or "*". */
  readonly operation: string;
  /** How many calls it strikes; absent: until cleared. */
  readonly count?: number;
  /** How many matching calls it lets pass first. */
  readonly skip?: number;
};

export interface Faults {
  /** Adds a fault; returns the function that clears it. */
  readonly add: (fault: Fault) => () => void;
  readonly clear: () => void;
  readonly list: () => readonly Fault[];
  /** The faults that strike this call now; counts them down. */
  readonly strike: (service: string, operation: string) => readonly Fault[];
}

export function faults(): Faults {
  const active = new Set<{ readonly fault: Fault; skip: number; left: number }>();
  return {
    add: (fault) => {
      const entry = { fault, skip: fault.skip ?? 0, left: fault.count ?? Number.POSITIVE_INFINITY };
      active.add(entry);
      return () => {
        active.delete(entry);
      };
    },
    clear: () => active.clear(),
    list: () => [...active].map(({ fault }) => fault),
    strike: (service, operation) => {
      const struck: Fault[] = [];
      for (const entry of [...active]) {
        if (!["*", `${service}:*`, operation].includes(entry.fault.operation)) continue;
        if (entry.skip > 0) {
          entry.skip -= 1;
          continue;
        }
        entry.left -= 1;
        if (entry.left <= 0) active.delete(entry);
        struck.push(entry.fault);
      }
      return struck;
    },
  };
}
