/** EC2 as a service on the wire: Query protocol in, XML out, errors with their HTTP statuses. */

import { randomUUID } from "node:crypto";
import type { Service, ServiceError, SimReply } from "../service.ts";
import { flagAt, parseForm, textAt } from "../wire/form.ts";
import { element, XML_HEADER, type XmlObject } from "../wire/xml.ts";
import type { World } from "../world.ts";
import type { Ec2Error } from "./calls.ts";
import { DESCRIBES } from "./describe.ts";
import { CHANGES, readCall, resultBody } from "./query.ts";
import { Refusal } from "./refusal.ts";

/** aws.md: 400 unless said. */
const STATUSES: Readonly<Record<string, number>> = {
  DryRunOperation: 412,
  AuthFailure: 401,
  UnauthorizedOperation: 403,
  RequestLimitExceeded: 503,
  Unavailable: 503,
  InternalError: 500,
  InsufficientInstanceCapacity: 500,
};

const statusOf = (code: string) => STATUSES[code] ?? 400;

const AUTH_FAILURE = {
  code: "AuthFailure",
  message: "AWS was not able to validate the provided access credentials",
  status: 401,
};
const REQUEST_EXPIRED = { code: "RequestExpired", message: "Request has expired.", status: 400 };

export function ec2Service(world: World): Service {
  return {
    name: "ec2",
    operation: (request) => {
      if (
        request.signedFor !== undefined ? request.signedFor !== "ec2" : !request.body.includes("Version=2016-11-15")
      ) {
        return undefined;
      }
      return new URLSearchParams(request.body).get("Action") ?? "";
    },
    handle: (request, operation) => {
      const form = parseForm(request.body);
      const describe = DESCRIBES[operation];
      try {
        if (!describe && !CHANGES.includes(operation)) {
          throw new Refusal("InvalidAction", `The action ${operation} is not valid for this web service.`);
        }
        if (textAt(form, "Version") !== "2016-11-15") {
          throw new Refusal("InvalidParameterValue", "This simulator speaks version 2016-11-15 only.");
        }
        const call = describe ? undefined : readCall(operation, form);
        if (flagAt(form, "DryRun")) {
          throw new Refusal("DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
        }
        if (describe) {
          return answer(operation, describe(world.accountAsOf(request.stale), form, world.clock.now()));
        }
        const outcome = call && world.apply(call);
        if (!outcome || outcome.error) return refusal(outcome?.error ?? { code: "InternalError", message: "" });
        return answer(operation, resultBody(outcome.account, operation, outcome.result));
      } catch (thrown) {
        if (thrown instanceof Refusal) return refusal(thrown);
        throw thrown;
      }
    },
    refuse: (_request, error) => refusal(error, error.status),
    signature: {
      unsigned: AUTH_FAILURE,
      malformed: AUTH_FAILURE,
      "unknown-key": AUTH_FAILURE,
      "wrong-token": AUTH_FAILURE,
      mismatch: AUTH_FAILURE,
      early: AUTH_FAILURE,
      "expired-key": REQUEST_EXPIRED,
      late: REQUEST_EXPIRED,
    } satisfies Record<string, ServiceError>,
  };
}

function answer(operation: string, body: XmlObject): SimReply {
  const xml = element(
    `${operation}Response`,
    { requestId: randomUUID(), ...body },
    "item",
    ' xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"',
  );
  return reply(200, xml);
}

function refusal({ code, message }: Ec2Error, status = statusOf(code)): SimReply {
  const document = { Errors: [{ Code: code, Message: message }], RequestID: randomUUID() };
  return reply(status, element("Response", document, "Error"));
}

const reply = (status: number, xml: string): SimReply => ({
  status,
  headers: { "content-type": "text/xml;charset=UTF-8" },
  body: XML_HEADER + xml,
});
