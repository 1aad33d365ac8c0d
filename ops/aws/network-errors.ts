/** Errors of the network, of TLS and of this computer, by the codes that Node gives them. */

import type { Failure } from "../failure.ts";

interface SystemError {
  readonly code: string;
  readonly hostname: string | undefined;
  readonly path: string | undefined;
  readonly syscall: string | undefined;
}

/** Explains what Node reports by code, wherever in the chain of causes it stands; undefined for anything else. */
export function explainSystemError(error: unknown): Failure | undefined {
  for (const one of chain(error)) {
    const failure = explainOne(one);
    if (failure) return failure;
  }
  return undefined;
}

/** The error, its causes and the parts of an AggregateError (several addresses tried, all in vain). */
function chain(error: unknown, depth = 0): readonly SystemError[] {
  if (typeof error !== "object" || error === null || depth > 8) return [];
  const record = error as Readonly<Record<string, unknown>>;
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const code = text(record.code) ?? (record.name === "TimeoutError" ? "ETIMEDOUT" : "");
  const parts = Array.isArray(record.errors) ? record.errors.flatMap((part: unknown) => chain(part, depth + 1)) : [];
  return [
    { code, hostname: text(record.hostname), path: text(record.path), syscall: text(record.syscall) },
    ...parts,
    ...chain(record.cause, depth + 1),
  ];
}

function explainOne({ code, hostname, path, syscall }: SystemError): Failure | undefined {
  const offline = (sentence: string, action: string): Failure => ({ kind: "offline", sentence, action, code });
  const file = path ?? "A file";
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_FAIL":
      return offline(
        `There is no network, or no name service: ${hostname ?? "AWS"} is not found.`,
        "Check the network; it is tried again by itself.",
      );
    case "ECONNREFUSED":
      return offline(
        "The connection to AWS was refused.",
        "Check the network and any proxy; it is tried again by itself.",
      );
    case "ETIMEDOUT":
    case "ESOCKETTIMEDOUT":
    case "ERR_SOCKET_CONNECTION_TIMEOUT":
    case "UND_ERR_CONNECT_TIMEOUT":
      return offline("AWS did not answer in time.", "Check the network; it is tried again by itself.");
    case "ECONNRESET":
    case "ECONNABORTED":
    case "EPIPE":
      return offline("The connection to AWS broke off.", "Check the network; it is tried again by itself.");
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENETDOWN":
    case "EHOSTDOWN":
    case "EADDRNOTAVAIL":
      return offline("There is no way to AWS from this network.", "Check the network; it is tried again by itself.");
    case "CERT_NOT_YET_VALID":
    case "CERT_HAS_EXPIRED":
      return offline(
        "AWS's certificate looks out of date: the clock of this computer is wrong, or something stands in between.",
        "Set the clock, best by network time, and check for a proxy.",
      );
    case "EACCES":
    case "EPERM":
      return syscall === "connect"
        ? offline("This computer does not let the connection out.", "Check its firewall.")
        : {
            kind: "refused",
            sentence: `${file} may not be read or written.`,
            // What a sudo leaves behind.
            action: /[/]\.local\b/.test(file)
              ? "It is not yours: run sudo chown -R $USER ~/.local, then try again."
              : "Give yourself the right to it.",
            code,
          };
    case "ENOSPC":
    case "EDQUOT":
      return { kind: "missing", sentence: "The disk is full.", action: "Make room and try again.", code };
    case "EROFS":
      return {
        kind: "refused",
        sentence: `${file} is on a disk that cannot be written.`,
        action: "Make it writable.",
        code,
      };
    case "ENOENT":
      return syscall?.startsWith("spawn")
        ? {
            kind: "missing",
            sentence: `The program ${path ?? syscall.slice(6)} is not installed.`,
            action: "Install it and try again.",
            code,
          }
        : { kind: "missing", sentence: `${file} is not there.`, action: "Put it in place and try again.", code };
    default:
      return isTls(code)
        ? offline(
            "The connection to AWS is not trusted: something in between presents a certificate of its own.",
            "Where it is your company's, set AWS_CA_BUNDLE to a file with its certificates; else change the network.",
          )
        : undefined;
  }
}

function isTls(code: string): boolean {
  return (
    code === "EPROTO" ||
    /^ERR_(?:TLS|SSL)_/.test(code) ||
    /^(?:SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER|DECODE)|CERT_|HOSTNAME_MISMATCH|INVALID_CA)/.test(
      code,
    )
  );
}
