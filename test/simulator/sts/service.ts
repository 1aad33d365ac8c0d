/** This folder: STS: who am I. Not here: anything that it could also do. */
/** STS: who am I. */

import { randomUUID } from "node:crypto";
import type { CredentialBook, Service } from "../service.ts";
import { QUERY_SIGNATURE_ERRORS, queryError, xmlReply } from "../wire/query-errors.ts";
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
        return queryError(NAMESPACE, {
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
      return xmlReply(200, element("GetCallerIdentityResponse", body, "member", NAMESPACE));
    },
    refuse: (_request, error) => queryError(NAMESPACE, error),
    signature: QUERY_SIGNATURE_ERRORS,
  };
}
