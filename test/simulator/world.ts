/** The account in time: transitions happen when they are due, changes are told, and the past can still be read. */

import type { Account, Pending } from "./ec2/account.ts";
import type { Call } from "./ec2/calls.ts";
import { type Happening, happens } from "./ec2/happenings.ts";
import { apply, type Outcome } from "./ec2/rules.ts";
import { settle } from "./ec2/settle.ts";
import { dueOf, latencyOf } from "./latencies.ts";
import type { SimClock, Staleness } from "./service.ts";

export interface World {
  readonly clock: SimClock;
  /** The account now: everything that is due has happened. */
  readonly account: () => Account;
  /** The account as a stale read shows it. */
  readonly accountAsOf: (stale: Staleness | undefined) => Account;
  /** Makes a call as another actor would, without the wire. */
  readonly apply: (call: Call) => Outcome;
  readonly happen: (happening: Happening) => void;
  /** Lets a pending transition happen now, whatever its due time. */
  readonly settle: (pendingId: string) => void;
  /** Changes the account in any way at all: for stories and tests. */
  readonly update: (change: (account: Account) => Account) => void;
  readonly dueOf: (pending: Pending) => number;
  /** When the SSH server of an instance that was launched or rebooted at `since` answers, at the earliest. */
  readonly bootedAt: (instanceId: string, since: number) => number;
  readonly setLatencyScale: (scale: number) => void;
  /** Tells every change, with the account before it; returns the function that ends this. */
  readonly onChange: (listener: (account: Account, before: Account) => void) => () => void;
}

/** Past accounts that can still be read. */
const REMEMBERED = 500;

export function world(initial: Account, clock: SimClock, latencyScale = 1): World {
  let account = initial;
  let scale = latencyScale;
  let cancelAlarm = () => {};
  const past: { readonly until: number; readonly account: Account }[] = [];
  const listeners = new Set<(account: Account, before: Account) => void>();

  const change = (next: Account, at: number) => {
    if (next === account) return;
    const before = account;
    past.push({ until: at, account: before });
    if (past.length > REMEMBERED) past.shift();
    account = next;
    for (const listener of [...listeners]) listener(account, before);
  };
  const due = (pending: Pending) => dueOf(account, pending, scale);
  const first = () =>
    Object.values(account.pending)
      .map((pending) => ({ pending, at: due(pending) }))
      .reduce<{ pending: Pending; at: number } | undefined>(
        (best, one) => (best && best.at <= one.at ? best : one),
        undefined,
      );
  const catchUp = () => {
    for (let next = first(); next && next.at <= clock.now(); next = first()) {
      change(settle(account, next.pending.id, next.at), next.at);
    }
  };
  const arm = () => {
    cancelAlarm();
    const next = first();
    cancelAlarm = next
      ? clock.at(next.at, () => {
          catchUp();
          arm();
        })
      : () => {};
  };
  const changeNow = (make: (before: Account, now: number) => Account) => {
    catchUp();
    const now = clock.now();
    change(make(account, now), now);
    arm();
  };
  arm();
  return {
    clock,
    account: () => {
      catchUp();
      return account;
    },
    accountAsOf: (stale) => {
      catchUp();
      if (!stale) return account;
      if ("changes" in stale) return past.at(-stale.changes)?.account ?? past[0]?.account ?? account;
      const then = clock.now() - stale.ms;
      return past.find((one) => one.until > then)?.account ?? account;
    },
    apply: (call) => {
      let outcome: Outcome | undefined;
      changeNow((before, now) => {
        outcome = apply(before, call, now);
        return outcome.error ? before : outcome.account;
      });
      if (!outcome) throw new Error("the call was not made");
      return outcome;
    },
    happen: (happening) => changeNow((before, now) => happens(before, happening, now)),
    settle: (pendingId) => changeNow((before, now) => settle(before, pendingId, now)),
    update: (make) => changeNow(make),
    dueOf: due,
    bootedAt: (instanceId, since) => since + latencyOf(account, "boot", instanceId, since, scale),
    setLatencyScale: (next) => {
      scale = next;
      arm();
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
