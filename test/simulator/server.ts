/** One loopback HTTP server for every service: signatures, faults, the log of calls, and who answers. */

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, Faults } from "./faults.ts";
import type { CredentialBook, Service, ServiceError, SimClock, SimReply, SimRequest } from "./service.ts";
import { readSignature, signatureProblem } from "./wire/signature.ts";

/** One call that reached the simulator, in the order of arrival. */
export interface LoggedCall {
  readonly number: number;
  /** Simulated time of arrival. */
  readonly at: number;
  /** Real time of arrival. */
  readonly realAt: number;
  readonly service: string;
  readonly operation: string;
  readonly body: string;
  readonly faults: readonly string[];
  /** The HTTP status of the answer, 0 where there was none; absent while the call is under way. */
  readonly status: number | undefined;
}

interface ServerParts {
  readonly region: string;
  readonly clock: SimClock;
  readonly credentials: CredentialBook;
  readonly faults: Faults;
  /** Asked in turn; may grow while the server runs. */
  readonly services: readonly Service[];
  /** Answers what is no service's: the simulator's own controls, under /_sim/. */
  readonly control: (request: SimRequest) => SimReply | undefined;
}

interface SimServer {
  readonly url: string;
  readonly calls: LoggedCall[];
  readonly stop: () => Promise<void>;
}

/** Calls that the log keeps. */
const LOGGED = 20_000;

export async function startServer(parts: ServerParts, port = 0): Promise<SimServer> {
  const calls: LoggedCall[] = [];
  const stopping = new AbortController();
  let arrived = 0;

  const server = createServer((message, response) => {
    serve(message, response).catch((error: unknown) => {
      if (stopping.signal.aborted || response.headersSent) response.destroy();
      else response.writeHead(500, { "content-type": "text/plain" }).end(`the simulator failed: ${String(error)}`);
    });
  });

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(message);
    const service = parts.services.find((one) => one.operation(request) !== undefined);
    const operation = service?.operation(request);
    if (!service || operation === undefined) {
      const reply = parts.control(request) ?? { status: 404, headers: {}, body: "no service of this simulator" };
      return send(response, reply, new Date(parts.clock.now()));
    }
    // The simulator's own controls are no part of AWS: no fault strikes them and nobody counts them.
    if (request.url.pathname.startsWith("/_sim/")) {
      return send(response, await service.handle(request, operation), new Date(parts.clock.now()));
    }
    const struck = parts.faults.strike(service.name, operation);
    const log = enter(service, operation, request, struck);
    await pause(struck, "before");
    if (struck.some((fault) => fault.kind === "drop-before")) {
      log(0);
      response.destroy();
      return;
    }
    const skew = struck.reduce((sum, fault) => sum + (fault.kind === "clock-skew" ? fault.ms : 0), 0);
    const stale = struck.find((fault) => fault.kind === "stale");
    const reply =
      instead(struck, service, request) ??
      refusedSignature(service, request, skew) ??
      (await service.handle(stale ? { ...request, stale: stale.of } : request, operation));
    await pause(struck, "after");
    if (struck.some((fault) => fault.kind === "drop-after")) {
      log(0);
      response.destroy();
      return;
    }
    log(reply.status);
    const date = new Date((skew === 0 ? parts.clock.now() : Date.now()) + skew);
    // A page between us and AWS does not know AWS's headers.
    const byAws = !struck.some((fault) => fault.kind === "html");
    const signed = byAws ? { ...reply, headers: { "x-amzn-requestid": randomUUID(), ...reply.headers } } : reply;
    if (struck.some((fault) => fault.kind === "truncate")) return sendHalf(response, signed, date);
    send(response, struck.some((fault) => fault.kind === "malformed") ? garbled(signed) : signed, date);
  }

  async function pause(struck: readonly Fault[], when: "before" | "after"): Promise<void> {
    for (const fault of struck) {
      if (fault.kind !== "delay" || (fault.when ?? "before") !== when) continue;
      await sleep(fault.ms, undefined, { signal: stopping.signal, ref: false });
    }
  }

  function enter(service: Service, operation: string, request: SimRequest, struck: readonly Fault[]) {
    arrived += 1;
    const number = arrived;
    const entry: LoggedCall = {
      number,
      at: parts.clock.now(),
      realAt: Date.now(),
      service: service.name,
      operation,
      body: request.body,
      faults: struck.map((fault) => fault.kind),
      status: undefined,
    };
    calls.push(entry);
    if (calls.length > LOGGED) calls.shift();
    return (status: number) => {
      const index = calls.findIndex((call) => call.number === number);
      if (index >= 0) calls[index] = { ...entry, status };
    };
  }

  function refusedSignature(service: Service, request: SimRequest, skew: number): SimReply | undefined {
    if (!service.signature || !service.refuse) return undefined;
    const clocks = skew === 0 ? [parts.clock.now(), Date.now()] : [Date.now() + skew];
    const problem = signatureProblem(request, parts.region, clocks, parts.credentials);
    return problem && service.refuse(request, service.signature[problem]);
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    calls,
    stop: () => {
      stopping.abort();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function read(message: IncomingMessage): Promise<SimRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : value]),
  );
  const signature = readSignature(headers);
  return {
    method: message.method ?? "GET",
    url: new URL(message.url ?? "/", `http://${headers.host ?? "localhost"}`),
    headers,
    body: bytes.toString("utf8"),
    bytes,
    signedFor: signature?.service || undefined,
    accessKeyId: signature?.accessKeyId || undefined,
    stale: undefined,
  };
}

/** The answer that a fault gives in the service's place; undefined where the service answers itself. */
function instead(struck: readonly Fault[], service: Service, request: SimRequest): SimReply | undefined {
  for (const fault of struck) {
    if (fault.kind === "html") {
      return {
        status: 200,
        headers: { "content-type": "text/html" },
        body: "<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>Sign in to the network</h1></body></html>",
      };
    }
    const error = errorOf(fault, service.name);
    if (error) return service.refuse?.(request, error) ?? jsonError(error);
  }
  return undefined;
}

function errorOf(fault: Fault, service: string): ServiceError | undefined {
  switch (fault.kind) {
    case "throttle":
      return service === "ec2"
        ? { code: "RequestLimitExceeded", message: "Request limit exceeded.", status: 503 }
        : { code: "Throttling", message: "Rate exceeded", status: 400 };
    case "server-error":
      return fault.status === undefined || fault.status === 500
        ? { code: "InternalError", message: "An internal error has occurred", status: 500 }
        : {
            code: "Unavailable",
            message: "The server is overloaded and can't handle the request.",
            status: fault.status,
          };
    case "no-capacity":
      return {
        code: "InsufficientInstanceCapacity",
        message: "There is no Spot capacity available that matches your request.",
        status: 500,
      };
    case "error":
      return { code: fault.code, message: fault.message, status: fault.status ?? 400 };
    default:
      return undefined;
  }
}

function jsonError({ code, message, status }: ServiceError): SimReply {
  return {
    status,
    headers: { "content-type": "application/json", "x-amzn-errortype": code },
    body: JSON.stringify({ __type: code, message }),
  };
}

const garbled = (reply: SimReply): SimReply => ({ ...reply, body: "<Response><unfinished attr=<<>&&;</Wrong>\u0000{" });

function send(response: ServerResponse, reply: SimReply, date: Date): void {
  response.sendDate = false;
  response.writeHead(reply.status, {
    date: date.toUTCString(),
    "content-length": Buffer.byteLength(reply.body),
    ...reply.headers,
  });
  response.end(reply.body);
}

function sendHalf(response: ServerResponse, reply: SimReply, date: Date): void {
  const whole = Buffer.from(reply.body);
  response.sendDate = false;
  response.writeHead(reply.status, {
    date: date.toUTCString(),
    "content-length": whole.length,
    ...reply.headers,
  });
  response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => response.destroy());
}
