/** IAM Identity Center as the simulated account has it: clients, device codes, tokens, and who may take which role. */

import { randomBytes, randomInt, randomUUID } from "node:crypto";
import type { CredentialBook, SimClock } from "../service.ts";

interface SsoAccount {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
}

/** What a test or the demo turns; durations are simulated seconds unless they say otherwise. */
export interface SsoSettings {
  readonly startUrl: string;
  readonly accounts: readonly SsoAccount[];
  readonly tokenSeconds: number;
  readonly roleSeconds: number;
  readonly codeSeconds: number;
  readonly intervalSeconds: number;
  readonly registrationSeconds: number;
  /** How many accounts or roles one page of a list carries. */
  readonly pageSize: number;
  readonly refreshTokens: boolean;
  /** Device codes approve themselves after so many real milliseconds; `null`: somebody has to. */
  readonly autoApproveMs: number | null;
  /** So many of the next polls are answered with SlowDownException. */
  readonly slowDowns: number;
}

interface DeviceCode {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly clientId: string;
  readonly refreshable: boolean;
  readonly expiresAt: number;
  readonly state: "pending" | "approved" | "denied" | "used";
}

interface Token {
  readonly session: string;
  readonly expiresAt: number;
}

interface Client {
  readonly secret: string;
  readonly scopes: readonly string[];
  readonly expiresAt: number;
}

interface IssuedToken {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly seconds: number;
}

/** An OAuth error of the OIDC service, by the exception's name without its ending. */
type OidcError =
  | "AuthorizationPending"
  | "SlowDown"
  | "ExpiredToken"
  | "AccessDenied"
  | "InvalidGrant"
  | "InvalidClient"
  | "InvalidRequest"
  | "UnsupportedGrantType";

export class OidcRefusal extends Error {
  readonly code: OidcError;
  constructor(code: OidcError, description: string) {
    super(description);
    this.code = code;
  }
}

export const DEFAULT_SETTINGS: SsoSettings = {
  startUrl: "https://snowglobe-demo.awsapps.com/start",
  accounts: [{ id: "123456789012", name: "snowflakes", roles: ["AdministratorAccess"] }],
  tokenSeconds: 8 * 3600,
  roleSeconds: 3600,
  codeSeconds: 600,
  intervalSeconds: 1,
  registrationSeconds: 90 * 86_400,
  pageSize: 20,
  refreshTokens: true,
  autoApproveMs: null,
  slowDowns: 0,
};

export interface Sso {
  readonly settings: () => SsoSettings;
  readonly set: (change: Partial<SsoSettings>) => void;
  /** Codes that wait for somebody. */
  readonly pending: () => readonly DeviceCode[];
  /** Approves or denies one code, or every pending one; gives how many. */
  readonly decide: (decision: "approved" | "denied", userCode?: string) => number;
  readonly find: (userCode: string) => DeviceCode | undefined;
  readonly expireCodes: () => void;
  /** Access tokens count as expired from now on; refresh tokens live on. */
  readonly expireTokens: () => void;
  /** An administrator ends every session: neither access nor refresh tokens are good any more. */
  readonly revokeSessions: () => void;

  readonly register: (scopes: readonly string[]) => { clientId: string; clientSecret: string; expiresAt: number };
  readonly authorize: (clientId: string, clientSecret: string, startUrl: string) => DeviceCode;
  readonly redeemCode: (clientId: string, clientSecret: string, deviceCode: string) => IssuedToken;
  readonly redeemRefresh: (clientId: string, clientSecret: string, refreshToken: string) => IssuedToken;
  readonly tokenGood: (accessToken: string | undefined) => boolean;
  readonly logout: (accessToken: string) => void;
  readonly issueKeys: (role: string) => ReturnType<CredentialBook["issue"]>;
}

const withoutSlash = (url: string) => url.replace(/[#/]+$/, "");

export function createSso(clock: SimClock, credentials: CredentialBook, initial: Partial<SsoSettings> = {}): Sso {
  let settings: SsoSettings = { ...DEFAULT_SETTINGS, ...initial };
  const clients = new Map<string, Client>();
  const codes = new Map<string, DeviceCode>();
  const access = new Map<string, Token>();
  const refresh = new Map<string, Token>();

  const checkClient = (clientId: string, clientSecret: string): Client => {
    const client = clients.get(clientId);
    if (!client || client.secret !== clientSecret)
      throw new OidcRefusal("InvalidClient", "Client authentication failed");
    if (client.expiresAt <= clock.now()) throw new OidcRefusal("InvalidClient", "Client has expired");
    return client;
  };

  const issue = (session: string, refreshable: boolean): IssuedToken => {
    const accessToken = `aoa${randomBytes(48).toString("base64url")}`;
    const expiresAt = clock.now() + settings.tokenSeconds * 1000;
    access.set(accessToken, { session, expiresAt });
    const refreshToken =
      refreshable && settings.refreshTokens ? `aor${randomBytes(48).toString("base64url")}` : undefined;
    if (refreshToken) refresh.set(refreshToken, { session, expiresAt: Number.POSITIVE_INFINITY });
    return { accessToken, refreshToken, seconds: settings.tokenSeconds };
  };

  const change = (code: DeviceCode, state: DeviceCode["state"]) => codes.set(code.deviceCode, { ...code, state });
  const pending = () => [...codes.values()].filter((code) => code.state === "pending" && code.expiresAt > clock.now());
  const decide: Sso["decide"] = (decision, userCode) => {
    const chosen = pending().filter((code) => userCode === undefined || code.userCode === userCode.toUpperCase());
    for (const code of chosen) change(code, decision);
    return chosen.length;
  };

  return {
    settings: () => settings,
    set: (next) => {
      settings = { ...settings, ...next };
    },
    pending,
    decide,
    find: (userCode) => [...codes.values()].find((code) => code.userCode === userCode.toUpperCase()),
    expireCodes: () => {
      for (const code of codes.values()) codes.set(code.deviceCode, { ...code, expiresAt: clock.now() });
    },
    expireTokens: () => {
      for (const [value, token] of access) access.set(value, { ...token, expiresAt: clock.now() });
    },
    revokeSessions: () => {
      access.clear();
      refresh.clear();
    },

    register: (scopes) => {
      const clientId = randomBytes(16).toString("base64url");
      const secret = randomBytes(32).toString("base64url");
      const expiresAt = clock.now() + settings.registrationSeconds * 1000;
      clients.set(clientId, { secret, scopes, expiresAt });
      return { clientId, clientSecret: secret, expiresAt };
    },
    authorize: (clientId, clientSecret, startUrl) => {
      const client = checkClient(clientId, clientSecret);
      if (withoutSlash(startUrl) !== withoutSlash(settings.startUrl))
        throw new OidcRefusal("InvalidRequest", "Invalid request");
      const code: DeviceCode = {
        deviceCode: randomBytes(40).toString("base64url"),
        userCode: newUserCode(),
        clientId,
        refreshable: client.scopes.includes("sso:account:access"),
        expiresAt: clock.now() + settings.codeSeconds * 1000,
        state: "pending",
      };
      codes.set(code.deviceCode, code);
      if (settings.autoApproveMs !== null) {
        clock.at(clock.now() + settings.autoApproveMs * clock.speed(), () => decide("approved", code.userCode));
      }
      return code;
    },
    redeemCode: (clientId, clientSecret, deviceCode) => {
      checkClient(clientId, clientSecret);
      const code = codes.get(deviceCode);
      if (!code || code.clientId !== clientId || code.state === "used")
        throw new OidcRefusal("InvalidGrant", "Invalid device code provided");
      if (settings.slowDowns > 0) {
        settings = { ...settings, slowDowns: settings.slowDowns - 1 };
        throw new OidcRefusal("SlowDown", "Polling too quickly");
      }
      if (code.state === "denied") throw new OidcRefusal("AccessDenied", "Access denied by the user");
      if (code.expiresAt <= clock.now()) throw new OidcRefusal("ExpiredToken", "Device code has expired");
      if (code.state === "pending") throw new OidcRefusal("AuthorizationPending", "Authorization is still pending");
      change(code, "used");
      return issue(randomUUID(), code.refreshable);
    },
    redeemRefresh: (clientId, clientSecret, refreshToken) => {
      checkClient(clientId, clientSecret);
      const token = refresh.get(refreshToken);
      if (!token) throw new OidcRefusal("InvalidGrant", "Invalid refresh token provided");
      // Refresh tokens rotate: each is good once.
      refresh.delete(refreshToken);
      return issue(token.session, true);
    },
    tokenGood: (accessToken) => (access.get(accessToken ?? "")?.expiresAt ?? 0) > clock.now(),
    logout: (accessToken) => {
      const session = access.get(accessToken)?.session;
      for (const tokens of [access, refresh])
        for (const [value, token] of tokens) if (token.session === session) tokens.delete(value);
    },
    issueKeys: (role) => credentials.issue(settings.roleSeconds * 1000, role),
  };
}

/** Eight letters in two groups, as Identity Center shows them. */
function newUserCode(): string {
  const letters = Array.from({ length: 8 }, () => "BCDFGHJKLMNPQRSTVWXZ"[randomInt(20)]).join("");
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}
