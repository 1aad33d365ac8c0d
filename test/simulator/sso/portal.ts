/** The SSO portal on the wire: JSON behind a bearer token in `x-amz-sso_bearer_token` (API model 2019-06-10). */

import type { Service, SimReply } from "../service.ts";
import { json } from "./oidc.ts";
import type { Sso } from "./world.ts";

const ROUTES: Readonly<Record<string, string>> = {
  "GET /assignment/accounts": "ListAccounts",
  "GET /assignment/roles": "ListAccountRoles",
  "GET /federation/credentials": "GetRoleCredentials",
  "POST /logout": "Logout",
};

export function portalService(sso: Sso): Service {
  return {
    name: "sso",
    operation: (request) => ROUTES[`${request.method} ${request.url.pathname}`],
    handle: (request, operation) => {
      const token = request.headers["x-amz-sso_bearer_token"];
      if (!sso.tokenGood(token)) return refusal(401, "UnauthorizedException", "Session token not found or invalid");
      const query = request.url.searchParams;
      const account = sso.settings().accounts.find(({ id }) => id === query.get("account_id"));
      switch (operation) {
        case "Logout":
          sso.logout(token ?? "");
          return { status: 200, headers: {}, body: "" };
        case "ListAccounts": {
          const accounts = sso.settings().accounts.map(({ id, name }) => ({
            accountId: id,
            accountName: name,
            emailAddress: `${name}@example.com`,
          }));
          return page(sso, query, "accountList", accounts);
        }
        case "ListAccountRoles":
          if (!account) return noAccess();
          return page(
            sso,
            query,
            "roleList",
            account.roles.map((roleName) => ({ roleName, accountId: account.id })),
          );
        default: {
          const role = query.get("role_name");
          if (!role || !account?.roles.includes(role)) return noAccess();
          const keys = sso.issueKeys(role);
          return json(200, {
            roleCredentials: {
              accessKeyId: keys.accessKeyId,
              secretAccessKey: keys.secretAccessKey,
              sessionToken: keys.sessionToken,
              expiration: keys.expiration,
            },
          });
        }
      }
    },
  };
}

function page(sso: Sso, query: URLSearchParams, name: string, items: readonly object[]): SimReply {
  const from = Number(query.get("next_token") ?? 0);
  const size = Math.min(Number(query.get("max_result") ?? sso.settings().pageSize), sso.settings().pageSize);
  const next = from + size;
  return json(200, {
    [name]: items.slice(from, next),
    ...(next < items.length ? { nextToken: String(next) } : {}),
  });
}

/** Not in the API model, but what the portal answers for a role that is not assigned. */
const noAccess = () => refusal(403, "ForbiddenException", "No access");

function refusal(status: number, code: string, message: string): SimReply {
  return json(status, { message, __type: `com.amazonaws.switchboard.portal#${code}` }, { "x-amzn-ErrorType": code });
}
