/** The AWS clients of sign-in: loaded when first needed, short of patience, and listening to AWS's clock. */

import type { SSOClient } from "@aws-sdk/client-sso";
import type { SSOOIDCClient } from "@aws-sdk/client-sso-oidc";
import type { STSClient } from "@aws-sdk/client-sts";
import type { AwsTime } from "../aws/aws-time.ts";
import { endpointIn, endpointOf, type Service } from "../aws/endpoint.ts";
import { agentsFor } from "../aws/transport.ts";
import { type Environment, REGION } from "../environment.ts";
import type { RoleCredentials } from "./types.ts";

export interface SignInClients {
  readonly oidc: (region: string) => Promise<SSOOIDCClient>;
  readonly portal: (region: string) => Promise<SSOClient>;
  readonly sts: (credentials: RoleCredentials) => Promise<STSClient>;
  /** All regions are one and the same endpoint: on a simulated account. */
  readonly oneEndpoint: boolean;
}

/** Milliseconds: 3 s to connect, 8 s to an answer, and never a silent minute; three attempts in all. */
const PATIENCE = { connectionTimeout: 3_000, requestTimeout: 8_000, socketTimeout: 8_000, throwOnRequestTimeout: true };

/** What every client of sign-in has. Throws a FailureError where the environment's proxy or certificates are wrong. */
export async function patience(environment: Environment) {
  return { maxAttempts: 3, requestHandler: { ...PATIENCE, ...(await agentsFor(environment)) } };
}

export function signInClients(environment: Environment, time: AwsTime): SignInClients {
  const common = async (service: Service) => ({
    ...(await patience(environment)),
    ...endpointIn(environment, service),
  });
  return {
    oidc: async (region) => {
      const { SSOOIDCClient } = await import("@aws-sdk/client-sso-oidc");
      return listening(new SSOOIDCClient({ ...(await common("SSO_OIDC")), region }), time);
    },
    portal: async (region) => {
      const { SSOClient } = await import("@aws-sdk/client-sso");
      return listening(new SSOClient({ ...(await common("SSO")), region }), time);
    },
    sts: async (credentials) => {
      const { STSClient } = await import("@aws-sdk/client-sts");
      const { accessKeyId, secretAccessKey, sessionToken } = credentials;
      const keys = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
      const options = { ...(await common("STS")), region: REGION, credentials: keys, systemClockOffset: time.offset() };
      return listening(new STSClient(options), time);
    },
    oneEndpoint: endpointOf(environment, "SSO_OIDC") !== undefined,
  };
}

/** Innermost in the stack, so that it sees the answer to every attempt, good or bad. */
function listening<Client extends SSOClient | SSOOIDCClient | STSClient>(client: Client, time: AwsTime): Client {
  const stack: SSOClient["middlewareStack"] = client.middlewareStack as SSOClient["middlewareStack"];
  stack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response;
      if (hasHeaders(response)) time.learn(response.headers.date);
      return result;
    },
    { step: "deserialize", priority: "low", name: "learnAwsTime" },
  );
  return client;
}

function hasHeaders(response: unknown): response is { headers: Record<string, string | undefined> } {
  return typeof response === "object" && response !== null && "headers" in response && Boolean(response.headers);
}
