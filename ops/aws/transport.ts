/** How calls leave this computer: straight, or by a company's proxy and under its certificates. */

import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Environment } from "../environment.ts";
import { namesProxy } from "./proxy.ts";
import { readBundle } from "./trust.ts";

interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** What the SDK's own agents have. */
const KEPT = { keepAlive: true, maxSockets: 50 } as const;

/**
 * What a request handler of the SDK is given; nothing, and no library loaded, where calls go straight. Throws a
 * FailureError that names the variable where what it says is wrong.
 */
export async function agentsFor({ env }: Pick<Environment, "env">): Promise<Agents | Record<string, never>> {
  const ca = await readBundle(env);
  const options = { ...KEPT, ...(ca === undefined ? {} : { ca }) };
  if (namesProxy(env)) {
    const { proxyingAgent } = await import("./proxy-agent.ts");
    return { httpAgent: proxyingAgent(env, false, options), httpsAgent: proxyingAgent(env, true, options) };
  }
  if (ca === undefined) return {};
  const [http, https] = await Promise.all([import("node:http"), import("node:https")]);
  return { httpAgent: new http.Agent(KEPT), httpsAgent: new https.Agent(options) };
}
