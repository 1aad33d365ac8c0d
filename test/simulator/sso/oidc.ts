/** SSO OIDC on the wire: unsigned JSON (aws.md, "Sign-in"; shapes from the service's API model, version 2019-06-10). */

import type { Service, SimReply, SimRequest } from "../service.ts";
import { OidcRefusal, type Sso } from "./world.ts";

const ROUTES: Readonly<Record<string, string>> = {
  "POST /client/register": "RegisterClient",
  "POST /device_authorization": "StartDeviceAuthorization",
  "POST /token": "CreateToken",
};

/** The `error` of each exception's body; the rest is the exception's name in snake case. */
const OAUTH_ERRORS: Readonly<Record<string, string>> = { ExpiredToken: "expired_token", SlowDown: "slow_down" };

export function oidcService(sso: Sso): Service {
  return {
    name: "sso-oidc",
    operation: (request) => ROUTES[`${request.method} ${request.url.pathname}`],
    handle: (request, operation) => {
      try {
        return json(200, answer(sso, request, operation, parse(request.body)));
      } catch (error) {
        if (!(error instanceof OidcRefusal)) throw error;
        const status = error.code === "InvalidClient" ? 401 : 400;
        const oauth = OAUTH_ERRORS[error.code] ?? error.code.replace(/(?<=.)[A-Z]/g, "_$&").toLowerCase();
        return json(
          status,
          { error: oauth, error_description: error.message },
          { "x-amzn-ErrorType": `${error.code}Exception:http://internal.amazon.com/coral/com.amazonaws.ssooidc/` },
        );
      }
    },
  };
}

function answer(sso: Sso, request: SimRequest, operation: string, input: Record<string, unknown>): object {
  const text = (name: string): string => {
    const value = input[name];
    if (typeof value !== "string" || value === "")
      throw new OidcRefusal("InvalidRequest", `Missing required parameter: ${name}`);
    return value;
  };
  switch (operation) {
    case "RegisterClient": {
      text("clientName");
      if (text("clientType") !== "public") throw new OidcRefusal("InvalidRequest", "clientType must be public");
      const scopes = Array.isArray(input.scopes) ? input.scopes.map(String) : [];
      const client = sso.register(scopes);
      return {
        clientId: client.clientId,
        clientSecret: client.clientSecret,
        clientIdIssuedAt: Math.floor(client.expiresAt / 1000) - sso.settings().registrationSeconds,
        clientSecretExpiresAt: Math.floor(client.expiresAt / 1000),
      };
    }
    case "StartDeviceAuthorization": {
      const code = sso.authorize(text("clientId"), text("clientSecret"), text("startUrl"));
      const page = `http://${request.headers.host ?? "127.0.0.1"}/device`;
      return {
        deviceCode: code.deviceCode,
        userCode: code.userCode,
        verificationUri: page,
        verificationUriComplete: `${page}?user_code=${code.userCode}`,
        expiresIn: sso.settings().codeSeconds,
        interval: sso.settings().intervalSeconds,
      };
    }
    default: {
      const client = [text("clientId"), text("clientSecret")] as const;
      const grant = text("grantType");
      if (grant !== "refresh_token" && grant !== "urn:ietf:params:oauth:grant-type:device_code")
        throw new OidcRefusal("UnsupportedGrantType", `Unsupported grant type: ${grant}`);
      const token =
        grant === "refresh_token"
          ? sso.redeemRefresh(...client, text("refreshToken"))
          : sso.redeemCode(...client, text("deviceCode"));
      return {
        accessToken: token.accessToken,
        tokenType: "Bearer",
        expiresIn: token.seconds,
        ...(token.refreshToken ? { refreshToken: token.refreshToken } : {}),
      };
    }
  }
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    if (value && typeof value === "object") return { ...value };
  } catch {}
  throw new OidcRefusal("InvalidRequest", "The request body is not JSON");
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): SimReply {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}
