/** Credentials for a child process: Terraform in its container, the AWS CLI, the database client. */

import { REGION } from "../environment.ts";
import type { SignIn } from "./types.ts";

/** Environment variables good for one run; never written anywhere. Throws what `credentials` throws. */
export async function childCredentials(signIn: Pick<SignIn, "credentials">): Promise<Record<string, string>> {
  const { accessKeyId, secretAccessKey, sessionToken } = await signIn.credentials();
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken ? { AWS_SESSION_TOKEN: sessionToken } : {}),
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
  };
}
