/** This folder: S3, as far as Terraform's state needs it. Not here: anything else that S3 does. */
/** S3, as far as Terraform's backend goes: buckets, objects, and a lock by a conditional PUT. */

import { createHash, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Service, ServiceError, SignatureProblem, SimReply, SimRequest } from "../service.ts";
import { element } from "../wire/xml.ts";

export interface S3Service extends Service {
  /** Objects by `bucket/key`. */
  readonly objects: ReadonlyMap<string, Buffer>;
  readonly buckets: ReadonlySet<string>;
  readonly put: (path: string, body: string) => void;
  readonly remove: (path: string) => void;
  /** From now on every call is refused with 403, until what this gives is called. */
  readonly deny: () => () => void;
  /** From now on an upload to this path takes so many milliseconds. */
  readonly slow: (path: string, ms: number) => void;
  /** Paths to which an upload is on its way. */
  readonly uploading: ReadonlySet<string>;
}

/** S3 has words of its own for them (S3 API reference, "Error responses"). */
const SIGNATURE_ERRORS: Readonly<Record<SignatureProblem, ServiceError>> = {
  unsigned: { code: "AccessDenied", message: "Access Denied", status: 403 },
  malformed: {
    code: "AuthorizationHeaderMalformed",
    message: "The authorization header that you provided is not valid.",
    status: 400,
  },
  "unknown-key": {
    code: "InvalidAccessKeyId",
    message: "The AWS access key ID that you provided does not exist in our records.",
    status: 403,
  },
  "wrong-token": {
    code: "InvalidToken",
    message: "The provided token is malformed or otherwise not valid.",
    status: 400,
  },
  mismatch: {
    code: "SignatureDoesNotMatch",
    message: "The request signature that the server calculated does not match the signature that you provided.",
    status: 403,
  },
  "expired-key": { code: "ExpiredToken", message: "The provided token has expired.", status: 400 },
  late: {
    code: "RequestTimeTooSkewed",
    message: "The difference between the request time and the server's time is too large.",
    status: 403,
  },
  early: {
    code: "RequestTimeTooSkewed",
    message: "The difference between the request time and the server's time is too large.",
    status: 403,
  },
};

/** A service to start the simulator with (`more`). Path style, as an endpoint that is an IP address has it. */
export function s3Service(): S3Service {
  const objects = new Map<string, Buffer>();
  const buckets = new Set<string>();
  const slowness = new Map<string, number>();
  const uploading = new Set<string>();
  let denied = false;

  const handle = async (request: SimRequest): Promise<SimReply> => {
    const [, bucket = "", ...rest] = decodeURIComponent(request.url.pathname).split("/");
    const key = rest.join("/");
    const path = `${bucket}/${key}`;
    if (denied) return refusal(403, "AccessDenied", "Access Denied");
    if (request.method === "PUT" && key === "") {
      buckets.add(bucket);
      return reply(200);
    }
    if (!buckets.has(bucket)) return refusal(404, "NoSuchBucket", "The specified bucket does not exist");
    if (key === "") {
      const prefix = request.url.searchParams.get("prefix") ?? "";
      const keys = [...objects.keys()].filter((one) => one.startsWith(`${bucket}/${prefix}`));
      const contents = keys.map((one) => ({ Key: one.slice(bucket.length + 1) }));
      return reply(
        200,
        `<ListBucketResult>${contents.map((one) => element("Contents", one, "member")).join("")}</ListBucketResult>`,
      );
    }
    const found = objects.get(path);
    switch (request.method) {
      case "PUT": {
        if (request.headers["if-none-match"] === "*" && found) {
          return refusal(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
        }
        const body = plain(request);
        uploading.add(path);
        await delay(slowness.get(path) ?? 0);
        uploading.delete(path);
        objects.set(path, body);
        return reply(200, "", { etag: etag(body) });
      }
      case "DELETE":
        objects.delete(path);
        return reply(204);
      case "HEAD":
        return found ? reply(200, "", { etag: etag(found) }) : reply(404);
      default:
        return found
          ? reply(200, found, { etag: etag(found) })
          : refusal(404, "NoSuchKey", "The specified key does not exist.");
    }
  };

  return {
    name: "s3",
    objects,
    buckets,
    put: (path, body) => objects.set(path, Buffer.from(body)),
    remove: (path) => objects.delete(path),
    deny: () => {
      denied = true;
      return () => {
        denied = false;
      };
    },
    slow: (path, ms) => slowness.set(path, ms),
    uploading,
    operation: (request) => (request.signedFor === "s3" ? `${request.method}Object` : undefined),
    handle,
    refuse: (_request, { status, code, message }) => refusal(status, code, message),
    signature: SIGNATURE_ERRORS,
  };
}

/** A body in signed chunks as it was before (S3 API reference, "Signature Calculations … Chunked Upload"). */
function plain(request: SimRequest): Buffer {
  if (!/aws-chunked/.test(request.headers["content-encoding"] ?? "")) return request.bytes;
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = request.bytes.indexOf("\r\n", at);
    const size = Number.parseInt(request.bytes.toString("latin1", at, end), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(request.bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

function reply(status: number, body: string | Buffer = "", headers: Record<string, string> = {}): SimReply {
  const about = { "content-type": "application/xml", "x-amz-request-id": randomUUID() };
  return { status, headers: { ...about, ...headers }, body };
}

function refusal(status: number, code: string, message: string): SimReply {
  return reply(status, element("Error", { Code: code, Message: message }, "member"));
}

function etag(body: Buffer): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}
