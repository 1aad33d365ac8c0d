/** The three calls of SSO OIDC: register a client, start a device authorization, create a token (aws.md, "Sign-in"). */

import type { SSOOIDCClient } from "@aws-sdk/client-sso-oidc";
import type { AwsTime } from "../aws/aws-time.ts";
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
  if (!clientId || !clientSecret) throw malformed("client registration");
  return { clientId, clientSecret, expiresAt: (clientSecretExpiresAt ?? 0) * 1000 };
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
  if (!deviceCode || !userCode || !url) throw malformed("device authorization");
  return {
    deviceCode,
    userCode,
    url,
    urlComplete: answer.verificationUriComplete ?? url,
    expiresAt: time.toLocal(time.now() + (answer.expiresIn ?? 600) * 1000),
    // RFC 8628, section 3.2: five seconds where the server names no interval.
    intervalMs: (answer.interval || 5) * 1000,
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
  if (!accessToken) throw malformed("token");
  return { accessToken, refreshToken, expiresAt: time.now() + (expiresIn ?? 0) * 1000 };
}

function malformed(what: string): FailureError {
  return new FailureError({
    kind: "malformed",
    sentence: `AWS's sign-in service answered without a ${what}.`,
    action: "Check for a proxy or a login page in between, then try again.",
  });
}
