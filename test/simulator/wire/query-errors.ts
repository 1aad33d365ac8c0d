/** Errors of the services that share AWS's common front door: STS, CloudWatch. */

import { randomUUID } from "node:crypto";
import type { Service, ServiceError, SimReply } from "../service.ts";
import { element } from "./xml.ts";

export const QUERY_SIGNATURE_ERRORS = {
  unsigned: { code: "MissingAuthenticationToken", message: "Request is missing Authentication Token", status: 403 },
  malformed: {
    code: "IncompleteSignature",
    message: "The request signature does not conform to AWS standards.",
    status: 400,
  },
  "unknown-key": {
    code: "InvalidClientTokenId",
    message: "The security token included in the request is invalid.",
    status: 403,
  },
  "wrong-token": {
    code: "InvalidClientTokenId",
    message: "The security token included in the request is invalid.",
    status: 403,
  },
  mismatch: {
    code: "SignatureDoesNotMatch",
    message:
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
    status: 403,
  },
  "expired-key": {
    code: "ExpiredToken",
    message: "The security token included in the request is expired",
    status: 403,
  },
  late: { code: "SignatureDoesNotMatch", message: "Signature expired: it is now later than 5 min.", status: 403 },
  early: { code: "SignatureDoesNotMatch", message: "Signature not yet current.", status: 403 },
} as const satisfies NonNullable<Service["signature"]>;

/** An error document of the AWS Query protocol; `attributes` is the service's xmlns. */
export function queryError(attributes: string, { code, message, status }: ServiceError): SimReply {
  const error = { Type: status < 500 ? "Sender" : "Receiver", Code: code, Message: message };
  return xmlReply(status, element("ErrorResponse", { Error: error, RequestId: randomUUID() }, "member", attributes));
}

export const xmlReply = (status: number, body: string): SimReply => ({
  status,
  headers: { "content-type": "text/xml" },
  body,
});
