/** What goes wrong in sign-in, as sentences; everything that is not particular to it is left to ops/aws. */

import type { AwsTime } from "../aws/aws-time.ts";
import { explain, SIGN_IN_ACTION } from "../aws/errors.ts";
import { type Failure, FailureError } from "../failure.ts";

export const NOBODY: Failure = { kind: "signed-out", sentence: "Nobody is signed in to AWS.", action: SIGN_IN_ACTION };

/** Whether it is that no link of the chain has any credentials. */
export function isNobody(error: unknown): boolean {
  return error instanceof FailureError && error.failure.sentence === NOBODY.sentence;
}

/** The name that AWS or the system gave to an error: `AuthorizationPendingException`, `ECONNREFUSED`. */
export function codeOf(error: unknown): string {
  if (error instanceof FailureError) return error.failure.code ?? "";
  return error instanceof Error ? error.name : "";
}

/** Whether AWS says that these credentials or this token are not good, whatever their expiry says. */
export function isRefusedIdentity(error: unknown): boolean {
  return REFUSED_IDENTITY.has(codeOf(error)) || statusOf(error) === 401;
}

/** OIDC and portal exceptions, then those of STS for keys. InvalidGrant: the refresh token is not good any more. */
const REFUSED_IDENTITY: ReadonlySet<string> = new Set([
  "UnauthorizedException",
  "InvalidGrantException",
  "InvalidClientException",
  "UnauthorizedClientException",
  "ExpiredTokenException",
  "ExpiredToken",
  "InvalidClientTokenId",
  "UnrecognizedClientException",
  "AuthFailure",
  "RequestExpired",
]);

const SKEW: ReadonlySet<string> = new Set([
  "RequestTimeTooSkewed",
  "RequestInTheFuture",
  "RequestExpired",
  "InvalidSignatureException",
  "SignatureDoesNotMatch",
]);

/** SigV4's tolerance, in milliseconds. */
const SIGNATURE_TOLERANCE = 5 * 60_000;

/** One sentence for whatever sign-in threw. */
export function signInFailure(error: unknown, time: AwsTime): Failure {
  if (error instanceof FailureError) return error.failure;
  const code = codeOf(error);
  if (SKEW.has(code) && Math.abs(time.offset()) > SIGNATURE_TOLERANCE) {
    return {
      kind: "refused",
      sentence: `This machine's clock is ${span(Math.abs(time.offset()))} ${time.offset() > 0 ? "behind" : "ahead of"} AWS's, so AWS refuses what it signs.`,
      action: "Set this machine's clock, then try again.",
      code,
    };
  }
  if (isRefusedIdentity(error)) {
    return { kind: "signed-out", sentence: "The AWS session has ended or was revoked.", action: SIGN_IN_ACTION, code };
  }
  return explain(error);
}

function statusOf(error: unknown): number | undefined {
  const metadata = (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata;
  return metadata?.httpStatusCode;
}

function span(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
