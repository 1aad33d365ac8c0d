/** Where AWS's services are asked: at AWS itself, or where the environment says, in the AWS CLI's own words. */

import type { Environment } from "../environment.ts";
import { FailureError } from "../failure.ts";

/** As AWS's tools spell them in AWS_ENDPOINT_URL_…. */
export type Service = "EC2" | "CLOUDWATCH" | "STS" | "SSO" | "SSO_OIDC";

/** The endpoint of a service where it is not AWS's: its own variable goes before the one for all (botocore, "Service-specific endpoints"). */
export function endpointOf({ env }: Pick<Environment, "env">, service: Service): string | undefined {
  return env[`AWS_ENDPOINT_URL_${service}`] || env.AWS_ENDPOINT_URL || undefined;
}

/** Variables that choose among AWS's own endpoints, which no SDK puts together with an endpoint that is given. */
const KINDS = { AWS_USE_DUALSTACK_ENDPOINT: "dual-stack", AWS_USE_FIPS_ENDPOINT: "FIPS" } as const;

/** The same as an option of an SDK client. Throws a FailureError where the environment asks for what cannot be had together. */
export function endpointIn(environment: Pick<Environment, "env">, service: Service): { readonly endpoint?: string } {
  const endpoint = endpointOf(environment, service);
  if (!endpoint) return {};
  for (const [variable, kind] of Object.entries(KINDS)) {
    if (!/^true$/i.test(environment.env[variable] ?? "")) continue;
    const given = environment.env[`AWS_ENDPOINT_URL_${service}`] ? `AWS_ENDPOINT_URL_${service}` : "AWS_ENDPOINT_URL";
    throw new FailureError({
      kind: "malformed",
      code: "ENDPOINT_KIND",
      sentence: `${variable} asks for AWS's ${kind} endpoints, and ${given} names another: both cannot be.`,
      action: `Unset ${variable} or ${given}.`,
    });
  }
  return { endpoint };
}

/**
 * The address of the account, with its port, where it is a simulated one: EC2 is then asked on this computer's loopback.
 * Undefined for a real account, and for whatever else an endpoint may lead to.
 */
export function simulatedAt(environment: Pick<Environment, "env">): string | undefined {
  const url = URL.parse(endpointOf(environment, "EC2") ?? "");
  return url && isLoopback(url.hostname) ? url.host : undefined;
}

/** Whether a name or address is this computer itself (RFC 1122, RFC 4291 and RFC 6761). */
export function isLoopback(host: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|\[?::1\]?|(?:.+\.)?localhost)$/i.test(host);
}
