/** Role credentials out of the shared token cache, with the token silently refreshed while that is possible. */

import type { AwsTime } from "../aws/aws-time.ts";
import type { Environment } from "../environment.ts";
import { FailureError, isTransient } from "../failure.ts";
import { type CachedToken, cacheFile, readToken, writeToken } from "./cache.ts";
import type { SignInClients } from "./clients.ts";
import type { SsoProfile } from "./config.ts";
import { isRefusedIdentity, NOBODY, signInFailure } from "./failures.ts";
import { createToken } from "./oidc.ts";
import { roleCredentials } from "./portal.ts";
import { withTokenLock } from "./token-lock.ts";
import type { RoleCredentials } from "./types.ts";

interface SessionCredentials {
  readonly credentials: RoleCredentials;
  /** When the access token ends, by AWS's clock. */
  readonly tokenExpiresAt: number;
  /** Whether it can be renewed without the person. */
  readonly refreshable: boolean;
}

/** A token is renewed this long before it ends; a little earlier than the SDK comes asking (five minutes). */
export const RENEW_BEFORE = 6 * 60_000;

/**
 * Gives a function that fetches role credentials for a profile. AWS has the last word on every token: one that looks
 * expired is still shown to the portal (this machine's clock may be wrong), and a 401 ends one that looks good.
 * Throws a FailureError of kind `signed-out` when only the person can help; what the SDK throws otherwise.
 */
export function ssoSession(
  environment: Environment,
  clients: SignInClients,
  time: AwsTime,
): (profile: SsoProfile) => Promise<SessionCredentials> {
  /** Not shown to AWS again, until something else stands in the cache. */
  let refused: string | undefined;
  /** A token that was renewed but could not be written: the cache still has the one it replaces. */
  let unwritten: { readonly replaces: string; readonly token: CachedToken } | undefined;

  const read = async (profile: SsoProfile) => {
    const cached = await readToken(environment, profile);
    return cached && unwritten?.replaces === cached.accessToken ? unwritten.token : cached;
  };

  /** The renewed token, the same one where AWS cannot be reached just now, or undefined where it cannot be renewed. */
  const renew = async (profile: SsoProfile, token: CachedToken): Promise<CachedToken | undefined> => {
    if (!token.refreshToken || !token.registration) return undefined;
    return withTokenLock(cacheFile(environment, profile), async () => {
      // Another program may have renewed it while we waited for our turn.
      const now = await read(profile);
      return now && now.accessToken !== token.accessToken ? now : renewAlone(profile, token);
    });
  };

  const renewAlone = async (profile: SsoProfile, token: CachedToken): Promise<CachedToken | undefined> => {
    const { refreshToken, registration } = token;
    if (!refreshToken || !registration) return undefined;
    try {
      const oidc = await clients.oidc(profile.ssoRegion);
      const grant = await createToken(oidc, registration, { refreshToken }, time);
      const renewed: CachedToken = { ...grant, refreshToken: grant.refreshToken ?? refreshToken, registration };
      unwritten = { replaces: token.accessToken, token: renewed };
      await writeToken(environment, profile, renewed).catch(() => {});
      return renewed;
    } catch (error) {
      if (isTransient(signInFailure(error, time)) && time.now() < token.expiresAt) return token;
      if (!isRefusedIdentity(error)) throw error;
      // Refresh tokens are good once: another program may have been quicker.
      const newer = await read(profile);
      return newer && newer.accessToken !== token.accessToken ? newer : undefined;
    }
  };

  return async (profile) => {
    const cached = await read(profile);
    if (!cached) throw new FailureError(NOBODY);
    if (cached.accessToken === refused) throw ended(cached, time);
    const due = time.now() > cached.expiresAt - RENEW_BEFORE;
    let token = (due ? await renew(profile, cached) : undefined) ?? cached;
    const portal = await clients.portal(profile.ssoRegion);
    const fetchKeys = async () => ({
      credentials: await roleCredentials(portal, token.accessToken, profile),
      tokenExpiresAt: token.expiresAt,
      refreshable: Boolean(token.refreshToken && token.registration),
    });
    try {
      return await fetchKeys();
    } catch (error) {
      if (!isRefusedIdentity(error)) throw error;
      const renewed = due ? undefined : await renew(profile, token);
      if (renewed && renewed !== token) {
        token = renewed;
        return await fetchKeys();
      }
      refused = token.accessToken;
      throw ended(token, time);
    }
  };
}

function ended(token: CachedToken, time: AwsTime): FailureError {
  const expired = token.expiresAt <= time.now();
  return new FailureError({
    ...NOBODY,
    sentence: expired ? "The AWS session has expired." : "The AWS session has ended or was revoked.",
  });
}
