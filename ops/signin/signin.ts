/** This folder: who we are, and becoming somebody again. Not here: what is done with the credentials. */
/** Sign-in as the rest of ops sees it: who we are, credentials that are good now, and the way to get new ones. */

import { awsTime } from "../aws/aws-time.ts";
import type { Clock } from "../clock.ts";
import type { Environment } from "../environment.ts";
import { type Failure, FailureError, isTransient } from "../failure.ts";
import { cell } from "../store.ts";
import { signInClients } from "./clients.ts";
import { credentialSource, type Held, renewalAt } from "./credentials.ts";
import { isRefusedIdentity, signInFailure } from "./failures.ts";
import { whoAmI } from "./identity.ts";
import { loginOperation } from "./login.ts";
import type { Identity, SignIn, SignInState } from "./types.ts";

/** Refusals that come in this close together (milliseconds) are one: every call under way tells of its own. */
const ONE_REFUSAL = 10_000;

function kindOf({ via, origin }: Held): Pick<Held, "via" | "origin"> {
  return origin === undefined ? { via } : { via, origin };
}

/** Nothing is asked of AWS, no file read and no SDK loaded before the first call. */
export function createSignIn({ environment, clock }: { environment: Environment; clock: Clock }): SignIn {
  const time = awsTime(clock);
  const clients = signInClients(environment, time);
  const source = credentialSource(environment, clients, time);
  const state = cell<SignInState>({ status: "checking" });
  let generation = 0;
  /** Goes up when what is under way is about the credentials of before. */
  let epoch = 0;
  let looking: Promise<Failure | undefined> | undefined;
  let refusedAt = Number.NEGATIVE_INFINITY;
  /** AWS refused what clients still hold: they must be rebuilt even if nobody signs in. */
  let renewed = false;

  const signedIn = (identity: Identity, held: Held) => {
    const before = state.get();
    const expiresAt = held.sessionEndsAt === undefined ? undefined : time.toLocal(held.sessionEndsAt);
    if (before.status === "signed-in" && !renewed) {
      const same = before.identity.arn === identity.arn && before.expiresAt === expiresAt && before.via === held.via;
      if (!same) state.set({ ...before, identity, expiresAt, ...kindOf(held) });
      return;
    }
    renewed = false;
    generation += 1;
    state.set({ status: "signed-in", identity, expiresAt, ...kindOf(held), generation });
  };

  /** Bad weather takes nothing away: neither a signed-in state nor the reason why we are signed out. */
  const failed = (failure: Failure) => {
    const before = state.get();
    if (before.status === "signed-in" && failure.kind !== "signed-out" && failure.kind !== "refused") return;
    if (before.status === "signed-out" && !isTransient(before.failure) && isTransient(failure)) return;
    if (before.status === "signed-out" && before.failure.sentence === failure.sentence) return;
    state.set({ status: "signed-out", failure });
  };

  const observe = async (): Promise<Failure | undefined> => {
    const mine = epoch;
    try {
      let held = await source.get();
      let identity: Identity;
      try {
        identity = await whoAmI(clients, held.credentials);
      } catch (error) {
        if (!isRefusedIdentity(error) || mine !== epoch) throw error;
        source.forget();
        held = await source.get();
        identity = await whoAmI(clients, held.credentials);
      }
      if (mine === epoch) signedIn(identity, held);
      return undefined;
    } catch (error) {
      const failure = signInFailure(error, time);
      if (mine === epoch) failed(failure);
      return failure;
    }
  };

  const look = (): Promise<Failure | undefined> => {
    if (looking) return looking;
    const mine = observe().finally(() => {
      if (looking === mine) looking = undefined;
    });
    looking = mine;
    return mine;
  };

  const lookAnew = () => {
    epoch += 1;
    looking = undefined;
    renewed = true;
    source.forget();
    return look();
  };

  return {
    get: state.get,
    subscribe: state.subscribe,
    credentials: async ({ fresh } = { fresh: false }) => {
      const mine = epoch;
      try {
        const held = await source.get(fresh);
        const before = state.get();
        const ends = held.sessionEndsAt;
        if (before.status !== "signed-in") void look();
        else if (ends !== undefined && before.expiresAt !== time.toLocal(ends))
          state.set({ ...before, expiresAt: time.toLocal(ends) });
        const renewal = renewalAt(held);
        return Number.isFinite(renewal)
          ? { ...held.credentials, expiration: new Date(time.toLocal(renewal)) }
          : held.credentials;
      } catch (error) {
        const failure = signInFailure(error, time);
        if (mine === epoch) failed(failure);
        throw new FailureError(failure, { cause: error });
      }
    },
    check: async () => {
      await look();
      return state.get();
    },
    refused: (failure) => {
      if (failure.kind !== "signed-out" || Math.abs(clock.monotonic() - refusedAt) < ONE_REFUSAL) return;
      refusedAt = clock.monotonic();
      void lookAnew();
    },
    login: () => loginOperation({ environment, clock, time, clients, look, lookAnew, state: state.get }),
  };
}
