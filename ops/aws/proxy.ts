/**
 * Which proxy a call goes through, as the AWS CLI decides it: botocore's ProxyConfiguration, and below it Python's
 * urllib.request (getproxies_environment, proxy_bypass_environment). Pure.
 */

import type { Failure } from "../failure.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The variables that speak of proxies, as they are handed to whatever calls AWS beside us. */
export const PROXY_VARIABLES = [
  "https_proxy",
  "HTTPS_PROXY",
  "http_proxy",
  "HTTP_PROXY",
  "no_proxy",
  "NO_PROXY",
] as const;

export interface NamedProxy {
  readonly url: URL;
  /** The variable that names it. */
  readonly variable: string;
}

/** One in small letters goes before the other, also where it is empty: then there is none. */
function read(env: Env, name: string): { readonly variable: string; readonly value: string } | undefined {
  const variable = env[name] === undefined ? name.toUpperCase() : name;
  const value = env[variable];
  return value ? { variable, value } : undefined;
}

/** Whether any proxy is named at all. */
export function namesProxy(env: Env): boolean {
  return read(env, "https_proxy") !== undefined || read(env, "http_proxy") !== undefined;
}

/** The proxy on the way to a host; undefined where none is, and a Failure where what is named cannot be one. */
export function proxyFor(
  env: Env,
  to: { readonly secure: boolean; readonly host: string; readonly port: number },
): { readonly proxy: NamedProxy } | { readonly failure: Failure } | undefined {
  const named = read(env, to.secure ? "https_proxy" : "http_proxy");
  if (!named || isBypassed(env, to.host, to.port)) return undefined;
  const { variable, value } = named;
  const url = URL.parse(/^https?:/.test(value) ? value : value.startsWith("//") ? `http:${value}` : `http://${value}`);
  if (url?.hostname && !value.replace(/^https?:/, "").includes("://")) return { proxy: { url, variable } };
  return {
    failure: {
      kind: "malformed",
      code: "PROXY_VARIABLE",
      sentence: `${variable} names no HTTP proxy: ${value}`,
      action: `Set ${variable} to http://HOST:PORT, or unset it where there is no proxy.`,
    },
  };
}

/** NO_PROXY holds names and ends of names, with or without a port; `*` alone is every host. */
function isBypassed(env: Env, host: string, port: number): boolean {
  const list = read(env, "no_proxy")?.value;
  if (!list) return false;
  if (list === "*") return true;
  const names = [host.toLowerCase(), `${host.toLowerCase()}:${port}`];
  return list
    .split(",")
    .map((entry) => entry.trim().replace(/^\.+/, "").toLowerCase())
    .some((entry) => entry !== "" && names.some((name) => name === entry || name.endsWith(`.${entry}`)));
}
