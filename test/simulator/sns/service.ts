/** This folder: SNS: what was published. Not here: anybody who is told. */
/** SNS, as far as publishing goes: what was told, and to which topic. */

import { randomUUID } from "node:crypto";
import type { Service } from "../service.ts";
import { QUERY_SIGNATURE_ERRORS, queryError, xmlReply } from "../wire/query-errors.ts";
import { element } from "../wire/xml.ts";

const NAMESPACE = ' xmlns="http://sns.amazonaws.com/doc/2010-03-31/"';

interface SnsMessage {
  readonly topicArn: string;
  readonly subject: string;
  readonly message: string;
}

/** A service to start the simulator with (`more`); `told` grows with every Publish to one of `topics`. */
export function snsService(topics: readonly string[]): Service & { readonly told: readonly SnsMessage[] } {
  const told: SnsMessage[] = [];
  const refuse = (code: string, message: string, status: number) => queryError(NAMESPACE, { code, message, status });
  return {
    name: "sns",
    told,
    operation: (request) =>
      request.body.includes("Version=2010-03-31") ? (new URLSearchParams(request.body).get("Action") ?? "") : undefined,
    handle: (request, operation) => {
      const form = new URLSearchParams(request.body);
      const topicArn = form.get("TopicArn") ?? "";
      const subject = form.get("Subject") ?? "";
      const message = form.get("Message") ?? "";
      if (operation !== "Publish") return refuse("InvalidAction", `Could not find operation ${operation}`, 400);
      if (!topics.includes(topicArn)) return refuse("NotFound", "Topic does not exist", 404);
      if (message === "") return refuse("InvalidParameter", "Invalid parameter: Empty message", 400);
      // SNS API reference, Publish: ASCII, no line ends, fewer than 100 characters or exactly that.
      if (!/^[\x20-\x7e]{0,100}$/.test(subject)) return refuse("InvalidParameter", "Invalid parameter: Subject", 400);
      told.push({ topicArn, subject, message });
      const body = {
        PublishResult: { MessageId: randomUUID() },
        ResponseMetadata: { RequestId: randomUUID() },
      };
      return xmlReply(200, element("PublishResponse", body, "member", NAMESPACE));
    },
    refuse: (_request, error) => queryError(NAMESPACE, error),
    signature: QUERY_SIGNATURE_ERRORS,
  };
}
