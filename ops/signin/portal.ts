/** The SSO portal: which accounts and roles a person has, and credentials for one of them. */

import type { SSOClient } from "@aws-sdk/client-sso";
import { hideSecrets } from "../aws/redact.ts";
import { FailureError } from "../failure.ts";
import { codeOf } from "./failures.ts";
import type { RoleCredentials } from "./types.ts";

export interface AccountRole {
  readonly accountId: string;
  readonly accountName: string;
  readonly roleName: string;
}

/** At most this many lists of roles are asked for at once. */
const AT_ONCE = 4;

/** Every role in every account that the person may take, in AWS's order. Throws what the SDK throws. */
export async function listAccountRoles(
  portal: SSOClient,
  accessToken: string,
  abortSignal: AbortSignal,
): Promise<readonly AccountRole[]> {
  const { paginateListAccounts, paginateListAccountRoles } = await import("@aws-sdk/client-sso");
  const config = { client: portal, stopOnSameToken: true };
  const accounts: { accountId: string; accountName: string }[] = [];
  for await (const page of paginateListAccounts(config, { accessToken }, { abortSignal })) {
    for (const { accountId, accountName } of listed(page.accountList)) {
      if (!named(accountId, /^\d{12}$/)) throw nonsense("an account that is none");
      accounts.push({ accountId, accountName: typeof accountName === "string" ? accountName : accountId });
    }
  }
  const rolesOf = async (account: (typeof accounts)[number]) => {
    const roles: AccountRole[] = [];
    const input = { accessToken, accountId: account.accountId };
    for await (const page of paginateListAccountRoles(config, input, { abortSignal })) {
      for (const { roleName } of listed(page.roleList)) {
        if (!named(roleName, /^[\w+=,.@-]{1,64}$/)) throw nonsense("a role that is none");
        roles.push({ ...account, roleName });
      }
    }
    return roles;
  };
  const found: AccountRole[] = [];
  for (let from = 0; from < accounts.length; from += AT_ONCE) {
    found.push(...(await Promise.all(accounts.slice(from, from + AT_ONCE).map(rolesOf))).flat());
  }
  return found;
}

/** Credentials of one role; `expiration` by AWS's clock. Throws a FailureError where the role is not the person's. */
export async function roleCredentials(
  portal: SSOClient,
  accessToken: string,
  { accountId, roleName }: { readonly accountId: string; readonly roleName: string },
): Promise<RoleCredentials & { readonly expiration: Date }> {
  const { GetRoleCredentialsCommand } = await import("@aws-sdk/client-sso");
  try {
    const answer = await portal.send(new GetRoleCredentialsCommand({ accessToken, accountId, roleName }));
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = answer.roleCredentials ?? {};
    // They become headers and environment variables: one word each.
    if (!named(accessKeyId, WORD) || !named(secretAccessKey, WORD) || !named(sessionToken, WORD)) {
      throw nonsense("no credentials of the role");
    }
    hideSecrets(secretAccessKey, sessionToken);
    const ends = new Date(typeof expiration === "number" ? expiration : 0);
    return { accessKeyId, secretAccessKey, sessionToken, expiration: Number.isNaN(+ends) ? new Date(0) : ends };
  } catch (error) {
    // Not in the API's model: what the portal answers for a role that was taken away.
    if (codeOf(error) !== "ForbiddenException" && codeOf(error) !== "ResourceNotFoundException") throw error;
    throw new FailureError(
      {
        kind: "refused",
        sentence: `The role ${roleName} in account ${accountId} is not, or no longer, assigned to you.`,
        action: "Have it assigned again, or remove the profile from ~/.aws/config and sign in to choose another.",
        code: codeOf(error),
      },
      { cause: error },
    );
  }
}

const WORD = /^[\x21-\x7e]+$/;

/** A text of this form. The SDK takes JSON as it comes, whatever the model says of its types. */
function named(value: unknown, form: RegExp): value is string {
  return typeof value === "string" && form.test(value);
}

/** The objects of a list; the SDK leaves out what is null. */
function listed<T extends object>(items: readonly T[] | undefined): readonly T[] {
  return Array.isArray(items) ? items.filter((item) => typeof item === "object" && item !== null) : [];
}

function nonsense(what: string): FailureError {
  return new FailureError({
    kind: "server",
    sentence: `AWS's sign-in portal answered with ${what}.`,
    action: "Check for a proxy or a login page in between, then try again.",
  });
}
