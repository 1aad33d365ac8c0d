/**
 * AWS Signature Version 4 as far as a server can look without the secret: present, well-formed, dated and by a known key.
 * Source: "Create a signed AWS API request", AWS General Reference.
 */

import type { CredentialBook, SignatureProblem } from "../service.ts";

interface Signature {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  /** X-Amz-Date, milliseconds since the epoch; NaN where it is not a date. */
  readonly at: number;
  readonly wellFormed: boolean;
}

const HEADER =
  /^AWS4-HMAC-SHA256\s+Credential=([^/,]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request,\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/;

/** What the Authorization header says; undefined where there is none. */
export function readSignature(headers: Readonly<Record<string, string | undefined>>): Signature | undefined {
  const header = headers.authorization;
  if (!header) return undefined;
  const [, accessKeyId = "", day = "", region = "", service = "", signed = ""] = HEADER.exec(header) ?? [];
  const date = headers["x-amz-date"] ?? "";
  const at = Date.parse(
    date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, (_all, ...parts: string[]) => {
      const [year, month, dayOfMonth, hour, minute, second] = parts;
      return `${year}-${month}-${dayOfMonth}T${hour}:${minute}:${second}Z`;
    }),
  );
  const names = signed.split(";");
  const wellFormed =
    accessKeyId !== "" &&
    date.startsWith(day) &&
    names.includes("host") &&
    names.includes("x-amz-date") &&
    region !== "";
  return { accessKeyId, region, service, at, wellFormed };
}

/** AWS takes a signature for five minutes, either way. */
const TOLERANCE = 300_000;

/**
 * What is wrong with a signature, or undefined. It may be dated by any of `clocks`: the service's own, and beside it the real one
 * where simulated time runs faster than the client can know.
 */
export function signatureProblem(
  signature: Signature | undefined,
  region: string,
  clocks: readonly number[],
  book: CredentialBook,
): SignatureProblem | undefined {
  if (!signature) return "unsigned";
  if (!signature.wellFormed || Number.isNaN(signature.at) || signature.region !== region) return "malformed";
  const known = book.look(signature.accessKeyId);
  if (known === "unknown") return "unknown-key";
  const nearest = clocks
    .map((clock) => signature.at - clock)
    .reduce((one, other) => (Math.abs(one) <= Math.abs(other) ? one : other));
  if (nearest < -TOLERANCE) return "late";
  if (nearest > TOLERANCE) return "early";
  return known === "expired" ? "expired-key" : undefined;
}
