/** The SSO part's controls for whoever is in another process: POST /_sim/sso with an SsoCommand as JSON. */

import type { Service } from "../service.ts";
import { json } from "./oidc.ts";
import type { Sso, SsoSettings } from "./world.ts";

/** Settings to change, and things to do at once: `true` for all, or a user code. */
type SsoCommand = Partial<SsoSettings> & {
  readonly approve?: true | string;
  readonly deny?: true | string;
  readonly expireCodes?: true;
  readonly expireTokens?: true;
  readonly revokeSessions?: true;
};

function controlSso(sso: Sso, command: SsoCommand): void {
  const { approve, deny, expireCodes, expireTokens, revokeSessions, ...settings } = command;
  sso.set(settings);
  if (approve) sso.decide("approved", approve === true ? undefined : approve);
  if (deny) sso.decide("denied", deny === true ? undefined : deny);
  if (expireCodes) sso.expireCodes();
  if (expireTokens) sso.expireTokens();
  if (revokeSessions) sso.revokeSessions();
}

export function ssoControl(sso: Sso): Service {
  return {
    name: "sim-sso",
    operation: ({ method, url }) => (method === "POST" && url.pathname === "/_sim/sso" ? "SimSso" : undefined),
    handle: (request) => {
      let command: SsoCommand;
      try {
        command = JSON.parse(request.body || "{}") as SsoCommand;
      } catch {
        return json(400, { error: "The body is not JSON." });
      }
      controlSso(sso, command);
      return json(200, { settings: sso.settings(), pending: sso.pending().map(({ userCode }) => userCode) });
    },
  };
}
