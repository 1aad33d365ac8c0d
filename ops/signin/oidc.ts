/** The three calls of SSO OIDC: register a client, start a device authorization, create a token (aws.md, "Sign-in"). */

import type { SSOOIDCClient } from "@aws-sdk/client-sso-oidc";
import type { AwsTime } from "../aws/aws-time.ts";
import { hideSecrets } from "../aws/redact.ts";
import { FailureError } from "../failure.ts";
import type { Registration } from "./cache.ts";

export interface Authorization {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly url: string;
  readonly urlComplete: string;
  /** By the local clock, in milliseconds: the person sees it counted down. */
  readonly expiresAt: number;
  readonly intervalMs: number;
}

export interface Grant {
  readonly accessToken: string;
  /** By AWS's clock, in milliseconds. */
  readonly expiresAt: number;
  readonly refreshToken: string | undefined;
}

/** Registers a public client. Throws what the SDK throws, as all functions here do. */
export async function registerClient(
  oidc: SSOOIDCClient,
  scopes: readonly string[],
  abortSignal: AbortSignal,
): Promise<Registration> {
  const { RegisterClientCommand } = await import("@aws-sdk/client-sso-oidc");
  const command = new RegisterClientCommand({ clientName: "snowglobe", clientType: "public", scopes: [...scopes] });
  const { clientId, clientSecret, clientSecretExpiresAt } = await oidc.send(command, { abortSignal });
  if (!isWord(clientId) || !isWord(clientSecret)) throw nonsense("client registration");
  hideSecrets(clientSecret);
  return { clientId, clientSecret, expiresAt: seconds(clientSecretExpiresAt, 0, FOR_EVER) };
}

/** Asks for a code that the person approves elsewhere. */
export async function startAuthorization(
  oidc: SSOOIDCClient,
  { clientId, clientSecret }: Registration,
  startUrl: string,
  time: AwsTime,
  abortSignal: AbortSignal,
): Promise<Authorization> {
  const { StartDeviceAuthorizationCommand } = await import("@aws-sdk/client-sso-oidc");
  const command = new StartDeviceAuthorizationCommand({ clientId, clientSecret, startUrl });
  const answer = await oidc.send(command, { abortSignal });
  const { deviceCode, userCode, verificationUri: url } = answer;
  if (!isWord(deviceCode) || !isWord(userCode) || !isWord(url)) throw nonsense("device authorization");
  hideSecrets(deviceCode);
  return {
    deviceCode,
    userCode,
    url,
    urlComplete: isWord(answer.verificationUriComplete) ? answer.verificationUriComplete : url,
    expiresAt: time.toLocal(time.now() + seconds(answer.expiresIn, 600, A_DAY)),
    // RFC 8628, section 3.2: five seconds where the server names no interval. A timer takes no more than 24 days.
    intervalMs: Math.max(1000, seconds(answer.interval || 5, 5, 60)),
  };
}

/** Polls once for the token of a device code, or trades a refresh token for a new one. */
export async function createToken(
  oidc: SSOOIDCClient,
  { clientId, clientSecret }: Registration,
  grant: { readonly deviceCode: string } | { readonly refreshToken: string },
  time: AwsTime,
  abortSignal?: AbortSignal,
): Promise<Grant> {
  const { CreateTokenCommand } = await import("@aws-sdk/client-sso-oidc");
  const grantType = "deviceCode" in grant ? "urn:ietf:params:oauth:grant-type:device_code" : "refresh_token";
  const command = new CreateTokenCommand({ clientId, clientSecret, grantType, ...grant });
  const { accessToken, expiresIn, refreshToken } = await oidc.send(command, abortSignal ? { abortSignal } : {});
  if (!isWord(accessToken)) throw nonsense("token");
  hideSecrets(accessToken, refreshToken);
  return {
    accessToken,
    refreshToken: isWord(refreshToken) ? refreshToken : undefined,
    expiresAt: time.now() + seconds(expiresIn, 0, 365 * A_DAY),
  };
}

const A_DAY = 86_400;
/** Seconds since the epoch of a moment beyond all sessions: the year 9999. */
const FOR_EVER = 253_000_000_000;

/** A text that is there. The SDK takes JSON as it comes, whatever the model says of its types. */
function isWord(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Seconds as milliseconds, `most` of them at most; `otherwise` where the answer names none. */
function seconds(value: unknown, otherwise: number, most: number): number {
  const given = typeof value === "number" && Number.isFinite(value) ? value : otherwise;
  return Math.max(0, Math.min(given, most)) * 1000;
}

function nonsense(what: string): FailureError {
  return new FailureError({
    kind: "server",
    sentence: `AWS's sign-in service answered without a ${what}.`,
    action: "Check for a proxy or a login page in between, then try again.",
  });
}
