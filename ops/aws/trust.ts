/** Whose word is taken on a server's certificate: a company's own authority instead of the public ones. */

import { readFile } from "node:fs/promises";
import { type Failure, FailureError } from "../failure.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** In the order in which they count: the first two as in botocore, the last as in OpenSSL and Go, which Terraform is made of. */
export const CA_VARIABLES = ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"] as const;

/** The file of certificates that the environment names, and by which variable. */
export function caBundle(env: Env): { readonly variable: string; readonly path: string } | undefined {
  const variable = CA_VARIABLES.find((name) => env[name]);
  return variable && { variable, path: env[variable] ?? "" };
}

/** Its certificates, to be trusted and no others; undefined where none is named. Throws a FailureError that names the variable. */
export async function readBundle(env: Env): Promise<string | undefined> {
  const bundle = caBundle(env);
  if (!bundle) return undefined;
  try {
    const text = await readFile(bundle.path, "utf8");
    if (!text.includes("-----BEGIN ")) throw new FailureError(wrong(bundle, "holds no certificate in PEM form"));
    const { createSecureContext } = await import("node:tls");
    createSecureContext({ ca: text });
    return text;
  } catch (error) {
    if (error instanceof FailureError) throw error;
    const code = error instanceof Error && "syscall" in error && "code" in error ? String(error.code) : undefined;
    const what = code === undefined ? "holds a certificate that cannot be read" : `cannot be read (${code})`;
    throw new FailureError(wrong(bundle, what), { cause: error });
  }
}

function wrong({ variable, path }: { readonly variable: string; readonly path: string }, what: string): Failure {
  return {
    kind: "malformed",
    code: "CA_VARIABLE",
    sentence: `${variable} names ${path}, which ${what}.`,
    action: `Set ${variable} to a PEM file of certificates, or unset it for the public ones.`,
  };
}
