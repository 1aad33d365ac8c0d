/** The SDK's default credential chain: environment, shared files, the machine's own role. */

import { join } from "node:path";
import { hideSecrets } from "../aws/redact.ts";
import { type Environment, REGION } from "../environment.ts";
import { FailureError } from "../failure.ts";
import { patience } from "./clients.ts";
import { configFile, profileVariable } from "./config.ts";
import { NOBODY } from "./failures.ts";
import type { RoleCredentials } from "./types.ts";

/** Whether keys stand in the environment: they win over every profile, as with the AWS CLI. */
export function environmentKeys({ env }: Environment): RoleCredentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  // The older name first, as botocore has it.
  const token = env.AWS_SECURITY_TOKEN || env.AWS_SESSION_TOKEN;
  if (!accessKeyId || !secretAccessKey) return undefined;
  hideSecrets(secretAccessKey, token);
  return { accessKeyId, secretAccessKey, ...(token ? { sessionToken: token } : {}) };
}

/** What the chain gave. */
export interface Found {
  readonly credentials: RoleCredentials;
  /** What kind it is, in a word or two. */
  readonly origin: string;
}

/** By the names that the SDK gives to each of its ways (`$source`, "feature ids" of its user agent); the metadata service has none. */
function originOf(ways: readonly string[], profile: string): string {
  const has = (pattern: RegExp) => ways.some((way) => pattern.test(way));
  if (has(/WEB_ID/)) return "web identity";
  if (has(/SOURCE_PROFILE|NAMED_PROVIDER|ASSUME_ROLE/)) return `role of profile ${profile}`;
  if (has(/PROCESS/)) return `process of profile ${profile}`;
  if (has(/SSO|LOGIN/)) return `sign-in of profile ${profile}`;
  if (has(/PROFILE/)) return `keys of profile ${profile}`;
  return "machine's own role";
}

/**
 * Credentials from the default chain. One second for the instance metadata service and no second try: elsewhere than
 * on EC2 nobody answers there. Throws a FailureError of kind `signed-out` where no link of the chain has any.
 */
export async function chainCredentials(environment: Environment): Promise<Found> {
  const { env, home } = environment;
  const named = profileVariable(environment);
  const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
  const provide = defaultProvider({
    ...(named ? { profile: named.name } : {}),
    configFilepath: configFile(environment),
    filepath: env.AWS_SHARED_CREDENTIALS_FILE || join(home, ".aws", "credentials"),
    // The files may have changed since the SDK last looked.
    ignoreCache: true,
    timeout: 1_000,
    maxRetries: 0,
    clientConfig: { ...(await patience(environment)), region: REGION },
  });
  try {
    const given = await provide();
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = given;
    const ways = "$source" in given && typeof given.$source === "object" ? Object.keys(given.$source ?? {}) : [];
    hideSecrets(secretAccessKey, sessionToken);
    const credentials = {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken ? { sessionToken } : {}),
      ...(expiration ? { expiration } : {}),
    };
    return { credentials, origin: originOf(ways, named?.name ?? "default") };
  } catch (error) {
    if (error instanceof Error && error.name === "CredentialsProviderError")
      throw new FailureError(NOBODY, { cause: error });
    throw error;
  }
}
