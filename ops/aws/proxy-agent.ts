/** Agents that go by the proxy of each host. Loaded only where the environment names a proxy. */

import { type ClientRequest, Agent as HttpAgent, type AgentOptions as HttpOptions } from "node:http";
import { type AgentOptions, Agent as HttpsAgent } from "node:https";
import { isIP, type Socket } from "node:net";
import { checkServerIdentity } from "node:tls";
import { Agent, type AgentConnectOpts } from "agent-base";
import { HttpProxyAgent } from "http-proxy-agent";
import { HttpsProxyAgent } from "https-proxy-agent";
import { type Failure, FailureError } from "../failure.ts";
import { type NamedProxy, proxyFor } from "./proxy.ts";
import { hideSecrets } from "./redact.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** A proxy that has not answered by then is given up, milliseconds. */
const ANSWERS_WITHIN = 3_000;

/** An agent for calls over TLS (`secure`) or without, each by the proxy that the environment names for its host, or straight. */
export function proxyingAgent(env: Env, secure: boolean, options: AgentOptions): HttpsAgent {
  const straight = secure ? new HttpsAgent(options) : new HttpAgent(options);
  const proxied = new Map<string, Agent>();

  const by = (proxy: NamedProxy): Agent => {
    const known = proxied.get(proxy.url.href);
    if (known) return known;
    hideSecrets(decodeURIComponent(proxy.url.password));
    const made = secure ? new Tunnel(proxy, options) : new Forward(proxy, options);
    proxied.set(proxy.url.href, made);
    return made;
  };

  class ByHost extends Agent {
    override isSecureEndpoint(): boolean {
      return secure;
    }
    override connect(_: ClientRequest, { host = "", port }: AgentConnectOpts): HttpAgent {
      const found = proxyFor(env, { secure, host, port });
      if (found && "failure" in found) throw new FailureError(found.failure);
      return found ? by(found.proxy) : straight;
    }
    override destroy(): void {
      super.destroy();
      for (const one of [straight, ...proxied.values()]) one.destroy();
    }
  }
  // What an https.Agent has beyond an http.Agent is a cache of TLS sessions, which is the inner one's.
  return new ByHost(options as HttpOptions) as unknown as HttpsAgent;
}

/** By CONNECT: the proxy sees nothing but the host's name. */
class Tunnel extends HttpsProxyAgent<string> {
  readonly named: NamedProxy;
  constructor(named: NamedProxy, options: AgentOptions) {
    super(named.url.href, options);
    this.named = named;
  }
  override async connect(request: ClientRequest, options: AgentConnectOpts): Promise<Socket> {
    let status = 200;
    request.once("proxyConnect", (answer: { statusCode: number }) => {
      status = answer.statusCode;
    });
    const socket = await bounded(this, () => super.connect(request, named(options)));
    if (status === 200) return socket;
    socket.destroy();
    throw new FailureError(refused(this.named, options.host ?? "the host", status));
  }
}

/** The library leaves out whom the certificate is to be of, where that is an address and no name: Node then expects localhost. */
function named(options: AgentConnectOpts): AgentConnectOpts {
  const { host } = options;
  if (!options.secureEndpoint || host === undefined || !isIP(host)) return options;
  return { ...options, checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) };
}

/** By the whole address in the request's first line. */
class Forward extends HttpProxyAgent<string> {
  readonly named: NamedProxy;
  constructor(named: NamedProxy, options: AgentOptions) {
    super(named.url.href, options);
    this.named = named;
  }
  override connect(...[request, options]: Parameters<HttpProxyAgent<string>["connect"]>): Promise<Socket> {
    return bounded(this, () => super.connect(request, options));
  }
}

/** Neither agent gives a proxy up that says nothing, and its socket would keep the program alive. */
async function bounded(
  agent: { connectOpts: { signal?: AbortSignal | undefined }; readonly named: NamedProxy },
  connect: () => Promise<Socket>,
): Promise<Socket> {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(), ANSWERS_WITHIN);
  agent.connectOpts = { ...agent.connectOpts, signal: silent.signal };
  try {
    return await connect();
  } catch (error) {
    throw new FailureError(unanswered(agent.named, error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function unanswered({ url, variable }: NamedProxy, error: unknown): Failure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return {
    kind: "offline",
    code: "PROXY_SILENT",
    sentence: `The proxy ${url.host} that ${variable} names does not answer${/^E[A-Z]+$/.test(code) ? ` (${code})` : ""}.`,
    action: `Check the network and ${variable}; unset it where there is no proxy. It is tried again by itself.`,
  };
}

function refused({ url, variable }: NamedProxy, host: string, status: number): Failure {
  const proxy = `The proxy ${url.host} that ${variable} names`;
  if (status === 407) {
    return {
      kind: "malformed",
      code: "PROXY_407",
      sentence: `${proxy} wants ${url.username ? "another user and password" : "a user and a password"}.`,
      action: `Set ${variable} to http://USER:PASSWORD@${url.host}.`,
    };
  }
  return {
    kind: status >= 500 ? "offline" : "refused",
    code: `PROXY_${status}`,
    sentence: `${proxy} does not let ${host} through (HTTP ${status}).`,
    action: "Ask whoever runs it, or add that host to NO_PROXY where it can be reached without.",
  };
}
