/** The token cache that the AWS CLI, the JavaScript SDK and Terraform's Go SDK share (aws.md, "Sign-in"). */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hideSecrets } from "../aws/redact.ts";
import type { Environment } from "../environment.ts";
import { type SsoProfile, shownPath, writePrivately } from "./config.ts";

/** A public client that OIDC knows. `expiresAt` is milliseconds since the epoch, by AWS's clock, as all times here. */
export interface Registration {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly expiresAt: number;
}

export interface CachedToken {
  readonly accessToken: string;
  readonly expiresAt: number;
  readonly refreshToken: string | undefined;
  readonly registration: Registration | undefined;
}

/** The cache file of a profile's sign-in: named after its sso-session, or its start URL where there is none. */
export function cacheFile(environment: Environment, profile: Pick<SsoProfile, "session" | "startUrl">): string {
  const name = createHash("sha1")
    .update(profile.session ?? profile.startUrl)
    .digest("hex");
  return join(environment.home, ".aws", "sso", "cache", `${name}.json`);
}

/** The cached token, or undefined where there is none that can be understood. */
export async function readToken(environment: Environment, profile: SsoProfile): Promise<CachedToken | undefined> {
  const fields = await readFields(cacheFile(environment, profile));
  const text = (name: string) => {
    const value = fields?.[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const accessToken = text("accessToken");
  if (!accessToken) return undefined;
  const clientId = text("clientId");
  const clientSecret = text("clientSecret");
  hideSecrets(accessToken, clientSecret, text("refreshToken"));
  return {
    accessToken,
    expiresAt: readTime(text("expiresAt")),
    refreshToken: text("refreshToken"),
    registration:
      clientId && clientSecret
        ? { clientId, clientSecret, expiresAt: readTime(text("registrationExpiresAt")) }
        : undefined,
  };
}

/** Writes the token for every tool that reads this cache; fields that we do not know stay. Throws a FailureError. */
export async function writeToken(environment: Environment, profile: SsoProfile, token: CachedToken): Promise<void> {
  const file = cacheFile(environment, profile);
  const { refreshToken: _, ...kept } = (await readFields(file)) ?? {};
  const fields = {
    ...kept,
    startUrl: profile.startUrl,
    region: profile.ssoRegion,
    accessToken: token.accessToken,
    expiresAt: writtenTime(token.expiresAt),
    ...(token.registration
      ? {
          clientId: token.registration.clientId,
          clientSecret: token.registration.clientSecret,
          registrationExpiresAt: writtenTime(token.registration.expiresAt),
        }
      : {}),
    // Left out where there is none: the Go SDK refuses a null.
    ...(token.refreshToken ? { refreshToken: token.refreshToken } : {}),
  };
  await writePrivately(file, shownPath(environment, file), `${JSON.stringify(fields, null, 2)}\n`);
}

/** The AWS CLI truncates in place, so half a file is read again a few times before it counts as none. */
async function readFields(file: string): Promise<Record<string, unknown> | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const value: unknown = JSON.parse(await readFile(file, "utf8"));
      return value && typeof value === "object" && !Array.isArray(value) ? { ...value } : undefined;
    } catch (error) {
      if (!(error instanceof SyntaxError) || attempt === 4) return undefined;
      await delay(20 * attempt);
    }
  }
}

/** Older CLIs wrote `…UTC` for `…Z`. What cannot be read counts as long past: AWS has the last word anyway. */
function readTime(text: string | undefined): number {
  return Date.parse(text?.replace(/UTC$/, "Z") ?? "") || 0;
}

/** The last moment that has four digits for its year: other tools read no more. */
const LATEST = Date.UTC(9999, 11, 31);

function writtenTime(ms: number): string {
  return new Date(Math.max(0, Math.min(ms || 0, LATEST))).toISOString().replace(/\.\d+Z$/, "Z");
}
