/**
 * AWS Signature Version 4 as the server checks it: present, well-formed, dated, by a known key, with its session token and
 * made with its secret. Source: "Create a signed AWS API request", AWS General Reference.
 */

import { createHash, createHmac } from "node:crypto";
import type { CredentialBook, SignatureProblem, SimRequest } from "../service.ts";

interface Signature {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  /** X-Amz-Date, milliseconds since the epoch; NaN where it is not a date. */
  readonly at: number;
  readonly wellFormed: boolean;
  /** X-Amz-Date as it was sent. */
  readonly date: string;
  /** The names of the headers that were signed, in their order. */
  readonly signed: readonly string[];
  /** In hexadecimal digits. */
  readonly digest: string;
}

const HEADER =
  /^AWS4-HMAC-SHA256\s+Credential=([^/,]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request,\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/;

/** What the Authorization header says; undefined where there is none. */
export function readSignature(headers: Readonly<Record<string, string | undefined>>): Signature | undefined {
  const header = headers.authorization;
  if (!header) return undefined;
  const [, accessKeyId = "", day = "", region = "", service = "", signed = "", digest = ""] = HEADER.exec(header) ?? [];
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
  return { accessKeyId, region, service, at, wellFormed, date, signed: names, digest };
}

/** AWS takes a signature for five minutes, either way. */
const TOLERANCE = 300_000;

/**
 * What is wrong with the signature of a request, or undefined. It may be dated by any of `clocks`: the service's own, and beside it the real one
 * where simulated time runs faster than the client can know.
 */
export function signatureProblem(
  request: Pick<SimRequest, "method" | "url" | "headers" | "bytes">,
  region: string,
  clocks: readonly number[],
  book: CredentialBook,
): SignatureProblem | undefined {
  const signature = readSignature(request.headers);
  if (!signature) return "unsigned";
  if (!signature.wellFormed || Number.isNaN(signature.at) || signature.region !== region) return "malformed";
  const known = book.look(signature.accessKeyId);
  if (known === "unknown") return "unknown-key";
  const nearest = clocks
    .map((clock) => signature.at - clock)
    .reduce((one, other) => (Math.abs(one) <= Math.abs(other) ? one : other));
  if (nearest < -TOLERANCE) return "late";
  if (nearest > TOLERANCE) return "early";
  if (known === "expired") return "expired-key";
  const keys = book.keysOf(signature.accessKeyId);
  if (!keys || request.headers["x-amz-security-token"] !== keys.sessionToken) return "wrong-token";
  return digestOf(request, signature, keys.secretAccessKey) === signature.digest ? undefined : "mismatch";
}

const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** As RFC 3986 has it: encodeURIComponent leaves five characters too many. */
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

/** What the digest must be, made with the secret. */
export function digestOf(
  { method, url, headers, bytes }: Pick<SimRequest, "method" | "url" | "headers" | "bytes">,
  { service, region, date, signed }: Pick<Signature, "service" | "region" | "date" | "signed">,
  secret: string,
): string {
  // Every service but S3 signs the path encoded once more than it is sent.
  const path = service === "s3" ? url.pathname : url.pathname.split("/").map(encoded).join("/");
  const query = [...url.searchParams].map(([name, value]) => `${encoded(name)}=${encoded(value)}`).sort();
  const lines = signed.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}\n`);
  const payload = headers["x-amz-content-sha256"] ?? sha256(bytes);
  const canonical = [method, path, query.join("&"), lines.join(""), signed.join(";"), payload].join("\n");
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = scope.split("/").reduce<string | Buffer>((so, part) => hmac(so, part), `AWS4${secret}`);
  return hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString("hex");
}
