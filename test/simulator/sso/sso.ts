/** This folder: IAM Identity Center: device codes, tokens, roles, the approval page. Not here: the keys of STS. */
/** Everything of the simulated sign-in that answers HTTP. */

import type { Service } from "../service.ts";
import { ssoControl } from "./control.ts";
import { oidcService } from "./oidc.ts";
import { approvalPage } from "./page.ts";
import { portalService } from "./portal.ts";
import type { Sso } from "./world.ts";

export type { Sso, SsoSettings } from "./world.ts";
export { createSso, DEFAULT_SETTINGS } from "./world.ts";

export function ssoServices(sso: Sso): Service[] {
  return [oidcService(sso), portalService(sso), approvalPage(sso), ssoControl(sso)];
}
