/** STS: who am I. */

import { randomUUID } from "node:crypto";
import type { CredentialBook, Service, ServiceError, SimReply } from "../service.ts";
import { element } from "../wire/xml.ts";
import type { World } from "../world.ts";

const NAMESPACE = ' xmlns="https://sts.amazonaws.com/doc/2011-06-15/"';

export function stsService(world: World, book: CredentialBook): Service {
  return {
    name: "sts",
    operation: (request) =>
      request.signedFor === "sts" || (request.signedFor === undefined && request.body.includes("Version=2011-06-15"))
        ? (new URLSearchParams(request.body).get("Action") ?? "")
        : undefined,
    handle: (request, operation) => {
      if (operation !== "GetCallerIdentity") {
        return refusal({
          code: "InvalidAction",
          message: `Could not find operation ${operation} for version 2011-06-15`,
          status: 400,
        });
      }
      const account = world.account().id;
      const role = `AWSReservedSSO_${book.roleOf(request.accessKeyId ?? "") ?? "Unknown"}_0123456789abcdef`;
      const body = {
        GetCallerIdentityResult: {
          Arn: `arn:aws:sts::${account}:assumed-role/${role}/owner`,
          UserId: `AROAEXAMPLEROLEID0000:owner`,
          Account: account,
        },
        ResponseMetadata: { RequestId: randomUUID() },
      };
      return reply(200, element("GetCallerIdentityResponse", body, "member", NAMESPACE));
    },
    refuse: (_request, error) => refusal(error),
    signature: QUERY_SIGNATURE_ERRORS,
  };
}

/** As STS and the other services behind the common front door word them. */
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
  "expired-key": {
    code: "ExpiredToken",
    message: "The security token included in the request is expired",
    status: 403,
  },
  late: { code: "SignatureDoesNotMatch", message: "Signature expired: it is now later than 5 min.", status: 403 },
  early: { code: "SignatureDoesNotMatch", message: "Signature not yet current.", status: 403 },
} as const satisfies NonNullable<Service["signature"]>;

function refusal({ code, message, status }: ServiceError): SimReply {
  const document = { Error: { Type: status < 500 ? "Sender" : "Receiver", Code: code, Message: message } };
  return reply(status, element("ErrorResponse", { ...document, RequestId: randomUUID() }, "member", NAMESPACE));
}

const reply = (status: number, body: string): SimReply => ({ status, headers: { "content-type": "text/xml" }, body });
