/** A company's network as the container needs it: the same proxies, and the same certificates under a name of its own. */

import { resolve } from "node:path";
import { isLoopback } from "../aws/endpoint.ts";
import { PROXY_VARIABLES } from "../aws/proxy.ts";
import { CA_VARIABLES, caBundle } from "../aws/trust.ts";
import type { Environment } from "../environment.ts";
import { loopback } from "./keys.ts";

interface ContainerNetwork {
  /** The variables that speak of proxies, with their values inside. */
  readonly proxies: Readonly<Record<string, string>>;
  /** Those, and the ones that name the certificates. */
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  /** A proxy listens on this computer's loopback, which is the container's too only on the host's own network. */
  readonly onHost: boolean;
}

/** Where the file of certificates is inside. */
const BUNDLE = "/snowglobe/certificates.pem";

/** What a container of this engine is given. In it the AWS CLI, Terraform and its provider trust the same as we do. */
export function networkOf({ env }: Environment, engine: string): ContainerNetwork {
  const here = loopback(engine);
  let onHost = false;
  const inside = (name: string, value: string) => {
    const url = /^no_proxy$/i.test(name) ? null : URL.parse(value.includes("://") ? value : `http://${value}`);
    if (!url || !isLoopback(url.hostname)) return value;
    onHost = here === "127.0.0.1";
    url.hostname = here;
    return url.href;
  };
  const proxies = Object.fromEntries(
    PROXY_VARIABLES.flatMap((name) => (env[name] === undefined ? [] : [[name, inside(name, env[name])]])),
  );
  const bundle = caBundle(env);
  const trusted = bundle ? Object.fromEntries(CA_VARIABLES.map((name) => [name, BUNDLE])) : {};
  const volumes = bundle ? [`${resolve(bundle.path)}:${BUNDLE}:ro`] : [];
  return { proxies, env: { ...proxies, ...trusted }, volumes, onHost };
}
