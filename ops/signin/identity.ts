/** Who AWS says we are. */

import { REGION } from "../environment.ts";
import { FailureError } from "../failure.ts";
import type { SignInClients } from "./clients.ts";
import type { Identity, RoleCredentials } from "./types.ts";

/** Asks STS (GetCallerIdentity, which nobody can be denied). Throws what the SDK throws. */
export async function whoAmI(clients: SignInClients, credentials: RoleCredentials): Promise<Identity> {
  const { GetCallerIdentityCommand } = await import("@aws-sdk/client-sts");
  const sts = await clients.sts(credentials);
  try {
    const { Account: account, Arn: arn } = await sts.send(new GetCallerIdentityCommand({}));
    if (!account || !arn) {
      throw new FailureError({
        kind: "server",
        sentence: "AWS answered without saying who we are.",
        action: "Check for a proxy or a login page in between, then try again.",
      });
    }
    return { account, arn, role: shortRole(arn), region: REGION };
  } finally {
    sts.destroy();
  }
}

/** `…:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/me` is Admin; other roles and users are called what they are. */
function shortRole(arn: string): string {
  const [kind = "", name = ""] = arn.slice(arn.lastIndexOf(":") + 1).split("/");
  if (kind !== "assumed-role") return arn.endsWith(":root") ? "root" : (arn.split("/").at(-1) ?? kind);
  return /^AWSReservedSSO_(.+)_[0-9a-f]{16}$/.exec(name)?.[1] ?? name;
}
