/** Where credentials come from, in order, and the ones that are held: in memory only, renewed before they end. */

import type { AwsTime } from "../aws/aws-time.ts";
import type { Environment } from "../environment.ts";
import { isTransient } from "../failure.ts";
import { chainCredentials, environmentKeys, type Found } from "./chain.ts";
import type { SignInClients } from "./clients.ts";
import { resolveProfile, type SsoProfile } from "./config.ts";
import { isNobody, signInFailure } from "./failures.ts";
import { RENEW_BEFORE, ssoSession } from "./sso-session.ts";
import type { RoleCredentials } from "./types.ts";

/** Times are AWS's. */
export interface Held {
  readonly via: "session" | "chain";
  /** What kind they are, where the chain gave them. */
  readonly origin?: string;
  readonly credentials: RoleCredentials;
  /** When the access token behind them ends; absent for those of the chain. */
  readonly sessionEndsAt: number | undefined;
  readonly refreshable: boolean;
}

interface CredentialSource {
  /**
   * Good credentials; one fetch at a time, whoever asks. `fresh`: what is held will not do, but for where AWS is out of
   * reach. Throws a FailureError or what the SDK throws.
   */
  readonly get: (fresh?: boolean) => Promise<Held>;
  /** Forgets what is held and what is under way: the next `get` asks anew. */
  readonly forget: () => void;
}

/** While what is held is still good, a renewal is tried at most this often, in milliseconds. */
const RETRY_AFTER = 30_000;

export function credentialSource(environment: Environment, clients: SignInClients, time: AwsTime): CredentialSource {
  const fromSession = ssoSession(environment, clients, time);
  let held: Held | undefined;
  let flight: Promise<Held> | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;

  const fetch = async (): Promise<Held> => {
    const keys = environmentKeys(environment);
    if (keys) return chain({ credentials: keys, origin: "keys from the environment" });
    const resolution = await resolveProfile(environment);
    if (resolution.kind === "sso") return session(resolution.profile);
    try {
      return chain(await chainCredentials(environment));
    } catch (error) {
      const found = resolution.kind === "none" && isNobody(error) ? resolution.found : undefined;
      if (!found) throw error;
      return session(found);
    }
  };
  const session = async (profile: SsoProfile): Promise<Held> => {
    const { credentials, tokenExpiresAt, refreshable } = await fromSession(profile);
    return { via: "session", credentials, sessionEndsAt: tokenExpiresAt, refreshable };
  };

  return {
    get: (fresh = false) => {
      const good = held && ends(held.credentials) > time.now() ? held : undefined;
      const isTried = Math.abs(time.now() - triedAt) < RETRY_AFTER;
      if (good && !fresh && (!isDue(good, time.now()) || isTried)) return Promise.resolve(good);
      if (flight) return flight;
      const mine = fetch()
        .catch((error: unknown) => {
          // Neither the weather nor a chain that is silent for once is a reason to throw away what is still good.
          if (good && (good.via === "chain" || isTransient(signInFailure(error, time)))) return good;
          throw error;
        })
        .then((fetched) => {
          if (flight === mine) held = fetched;
          return fetched;
        })
        .finally(() => {
          if (flight !== mine) return;
          flight = undefined;
          triedAt = time.now();
        });
      flight = mine;
      return mine;
    },
    forget: () => {
      held = undefined;
      flight = undefined;
    },
  };
}

function chain({ credentials, origin }: Found): Held {
  return { via: "chain", credentials, origin, sessionEndsAt: undefined, refreshable: false };
}

function ends(credentials: RoleCredentials): number {
  return credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
}

/** When they must be asked for again: when the keys end, or the token that can be renewed. */
export function renewalAt(held: Held): number {
  const token = held.refreshable ? held.sessionEndsAt : undefined;
  return Math.min(ends(held.credentials), token ?? Number.POSITIVE_INFINITY);
}

function isDue(held: Held, now: number): boolean {
  return now > renewalAt(held) - RENEW_BEFORE;
}
