/** The access keys that the simulated account has issued. */

import { randomBytes } from "node:crypto";
import type { CredentialBook, SimClock } from "./service.ts";

/** Role of the keys that tests get which do not sign in. */
export const STATIC_ROLE = "AdministratorAccess";

export function credentialBook(clock: SimClock): CredentialBook {
  const issued = new Map<
    string,
    { readonly role: string; readonly secretAccessKey: string; readonly sessionToken: string; expiration: number }
  >();
  return {
    issue: (durationMs, role) => {
      // AWS writes these in base 32 without the easily confused digits.
      const letters = [...randomBytes(16)].map((byte) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte & 31]).join("");
      const accessKeyId = `ASIA${letters}`;
      const expiration = clock.now() + durationMs;
      const secretAccessKey = randomBytes(30).toString("base64");
      const sessionToken = randomBytes(120).toString("base64");
      issued.set(accessKeyId, { role, secretAccessKey, sessionToken, expiration });
      return { accessKeyId, secretAccessKey, sessionToken, expiration };
    },
    look: (accessKeyId) => {
      const keys = issued.get(accessKeyId);
      if (!keys) return "unknown";
      return keys.expiration > clock.now() ? "good" : "expired";
    },
    keysOf: (accessKeyId) => issued.get(accessKeyId),
    roleOf: (accessKeyId) => issued.get(accessKeyId)?.role,
    expireAll: () => {
      for (const keys of issued.values()) keys.expiration = Math.min(keys.expiration, clock.now());
    },
  };
}
