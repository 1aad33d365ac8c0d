/** This folder: CloudWatch: CPU figures. Not here: what makes them rise and fall, which is a story's. */
/** CloudWatch: GetMetricData in the three protocols that clients send, JSON 1.0 (SDK and AWS CLI of today), RPC v2 CBOR and Query. */

import { randomUUID } from "node:crypto";
import { cbor, dateToTag } from "@smithy/core/cbor";
import type { Service, ServiceError, SimReply, SimRequest } from "../service.ts";
import { type Form, formOf, parseForm } from "../wire/form.ts";
import { QUERY_SIGNATURE_ERRORS, queryError, xmlReply } from "../wire/query-errors.ts";
import { element, type XmlObject } from "../wire/xml.ts";
import type { World } from "../world.ts";
import type { CpuBook } from "./cpu.ts";
import { BadMetricQuery, metricData } from "./metric-data.ts";

const NAMESPACE = ' xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"';

interface Protocol {
  readonly operation: (request: SimRequest) => string;
  readonly read: (request: SimRequest) => Form;
  readonly write: (operation: string, result: XmlObject) => SimReply;
  readonly refuse: (error: ServiceError) => SimReply;
}

const queryMode = ({ code, status }: ServiceError) => ({
  "x-amzn-query-error": `${code};${status < 500 ? "Sender" : "Receiver"}`,
});

const JSON_TYPE = { "content-type": "application/x-amz-json-1.0" };
const CBOR_TYPE = { "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" };

const PROTOCOLS = {
  json: {
    operation: (request) => request.headers["x-amz-target"]?.split(".")[1] ?? "",
    read: (request) => formOf(JSON.parse(request.body)),
    write: (_operation, result) => ({
      status: 200,
      headers: JSON_TYPE,
      body: JSON.stringify(withDates(result, (date) => date.getTime() / 1000)),
    }),
    refuse: (error) => ({
      status: error.status,
      headers: { ...JSON_TYPE, ...queryMode(error) },
      body: JSON.stringify({ __type: error.code, message: error.message }),
    }),
  },
  cbor: {
    operation: (request) => request.url.pathname.split("/").at(-1) ?? "",
    read: (request) => formOf(cbor.deserialize(request.bytes)),
    write: (_operation, result) => ({
      status: 200,
      headers: CBOR_TYPE,
      body: Buffer.from(cbor.serialize(withDates(result, dateToTag))),
    }),
    refuse: (error) => ({
      status: error.status,
      headers: { ...CBOR_TYPE, ...queryMode(error) },
      body: Buffer.from(cbor.serialize({ __type: error.code, message: error.message })),
    }),
  },
  query: {
    operation: (request) => new URLSearchParams(request.body).get("Action") ?? "",
    read: (request) => parseForm(request.body),
    write: (operation, result) => {
      const body = { [`${operation}Result`]: result, ResponseMetadata: { RequestId: randomUUID() } };
      return xmlReply(200, element(`${operation}Response`, body, "member", NAMESPACE));
    },
    refuse: (error) => queryError(NAMESPACE, error),
  },
} as const satisfies Record<string, Protocol>;

function protocolOf(request: SimRequest): Protocol | undefined {
  if (request.headers["smithy-protocol"] === "rpc-v2-cbor") return PROTOCOLS.cbor;
  if (request.headers["x-amz-target"]?.startsWith("GraniteServiceVersion20100801.")) return PROTOCOLS.json;
  return request.body.includes("Version=2010-08-01") ? PROTOCOLS.query : undefined;
}

export function cloudwatchService(world: World, cpu: CpuBook): Service {
  return {
    name: "cloudwatch",
    operation: (request) =>
      request.signedFor === undefined || request.signedFor === "monitoring"
        ? protocolOf(request)?.operation(request)
        : undefined,
    handle: (request, operation) => {
      const protocol = protocolOf(request) ?? PROTOCOLS.query;
      if (operation !== "GetMetricData") {
        return protocol.refuse({
          code: "InvalidAction",
          message: `Could not find operation ${operation} for version 2010-08-01`,
          status: 400,
        });
      }
      try {
        const account = world.accountAsOf(request.stale);
        const results = metricData(account, cpu, protocol.read(request), world.clock.now());
        const plain = results.map((result) => ({ ...result }));
        return protocol.write(operation, { MetricDataResults: plain, Messages: [] });
      } catch (problem) {
        if (!(problem instanceof BadMetricQuery)) throw problem;
        return protocol.refuse({ code: "ValidationError", message: problem.message, status: 400 });
      }
    },
    refuse: (request, error) => (protocolOf(request) ?? PROTOCOLS.query).refuse(error),
    signature: QUERY_SIGNATURE_ERRORS,
  };
}

function withDates(value: unknown, write: (date: Date) => unknown): unknown {
  if (value instanceof Date) return write(value);
  if (Array.isArray(value)) return value.map((item) => withDates(item, write));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withDates(member, write)]));
}
