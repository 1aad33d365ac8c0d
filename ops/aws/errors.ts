/** Whatever went wrong, as one sentence and one next action: codes first, text second (aws.md). */

import { type Failure, FailureError, type FailureKind } from "../failure.ts";
import { explainSystemError } from "./network-errors.ts";
import { redactLine } from "./redact.ts";

/** What to do, shared by all that a sign-in mends. */
export const SIGN_IN_ACTION = "Sign in: press l, or run make login.";

const RETRY_ACTION = "Wait a little: it is tried again by itself, or try again.";
const LOOK_AGAIN = "Look again in a moment; running it again goes on from where things are.";

/** Explains any thrown thing. Pure; the result holds no secret and no control character. */
export function explain(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  const fields = fieldsOf(error);
  if (fields.name === "AbortError") return { kind: "cancelled", sentence: "Cancelled." };
  const failure =
    explainCode(fields) ??
    explainSystemError(error) ??
    explainAnswer(fields) ??
    explainStatus(fields) ??
    unknown(fields);
  return { ...failure, sentence: sentence(failure.sentence) };
}

interface Fields {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
  /** The SDK got an answer and could not make sense of it. */
  readonly unreadable: boolean;
  /** The SDK found the clocks apart by more than AWS allows, and corrected its own for the next call. */
  readonly clockSkewed: boolean;
}

/** What a server says may be of any length. */
const LONGEST = 4_000;

function fieldsOf(error: unknown): Fields {
  const record = (typeof error === "object" && error !== null ? error : {}) as Readonly<Record<string, unknown>>;
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  const metadata = (record.$metadata ?? {}) as Readonly<Record<string, unknown>>;
  const name = text(record.name) ?? "";
  const said = text(record.message) ?? (typeof error === "string" ? error : "");
  const message = said.slice(0, LONGEST);
  return {
    name,
    code: text(record.Code) ?? (record.$fault ? name : (text(record.code) ?? name)),
    message: message.replace(/\n\s*Deserialization error:[\s\S]*/, ""),
    status: typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined,
    unreadable: said.includes("Deserialization error:"),
    clockSkewed: metadata.clockSkewCorrected === true || /signature (?:not yet current|expired)/i.test(message),
  };
}

const EXPIRED = new Set([
  "RequestExpired",
  "ExpiredToken",
  "ExpiredTokenException",
  "AuthFailure",
  "InvalidClientTokenId",
  "UnrecognizedClientException",
  "InvalidGrantException",
  "UnauthorizedException",
  "SignatureDoesNotMatch",
  "InvalidSignatureException",
  "IncompleteSignature",
  "MissingAuthenticationToken",
  "CredentialsProviderError",
  "TokenProviderError",
]);
const SKEW = new Set([...EXPIRED, "RequestTimeTooSkewed", "RequestInTheFuture"]);
const REFUSED = new Set(["UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "ForbiddenException"]);
const THROTTLED =
  /^(?:RequestLimitExceeded|RequestThrottled(?:Exception)?|Throttling(?:Exception)?|ThrottledException|TooManyRequestsException|SlowDown|EC2ThrottledException|BandwidthLimitExceeded|LimitExceededException)$/;
const SERVER =
  /^(?:InternalError|InternalFailure|InternalServerException|ServiceUnavailable|ServiceUnavailableException|Unavailable)$/;
const CAPACITY =
  /^(?:Insufficient\w*Capacity|SpotMaxPriceTooLow|MaxSpotInstanceCountExceeded|\w*(?:Instance|Vcpu)LimitExceeded)$/;

function explainCode(fields: Fields): Failure | undefined {
  const { code, message } = fields;
  const failure = (kind: FailureKind, said: string, action: string): Failure => ({
    kind,
    sentence: said,
    action,
    code,
  });
  if (SKEW.has(code) && (fields.clockSkewed || !EXPIRED.has(code))) {
    return failure(
      "refused",
      "The clock of this computer differs so much from AWS's that AWS refuses what it signs.",
      "Set the clock, best by network time, and try again.",
    );
  }
  if (EXPIRED.has(code)) return failure("signed-out", "The AWS session has expired or was revoked.", SIGN_IN_ACTION);
  if (REFUSED.has(code)) {
    const what = /perform:? ([\w-]+:\w+)/.exec(message)?.[1];
    return failure(
      "refused",
      what ? `This role is not allowed to ${what}.` : "This role is not allowed to do that.",
      "Sign in with a role that is, or have it allowed.",
    );
  }
  if (THROTTLED.test(code)) return failure("throttled", "AWS is being asked too often.", RETRY_ACTION);
  if (CAPACITY.test(code) || (code === "Unsupported" && /capacity/i.test(message))) return explainCapacity(code);
  if (SERVER.test(code)) return failure("server", "AWS has trouble of its own just now.", RETRY_ACTION);
  return explainState(code, message);
}

function explainCapacity(code: string): Failure {
  if (code === "SpotMaxPriceTooLow") {
    return {
      kind: "capacity",
      sentence: "The spot price is above the highest that the request allows.",
      action: "Try again later, when the price has come down.",
      code,
    };
  }
  if (code.endsWith("Exceeded")) {
    return {
      kind: "capacity",
      sentence: "The account's limit of such machines is reached.",
      action: "Stop another one, or ask AWS for a higher limit.",
      code,
    };
  }
  return {
    kind: "capacity",
    sentence: "AWS has no such machine to give just now.",
    action: "Try again in some minutes; nothing is lost meanwhile.",
    code,
  };
}

/** Refusals that speak of the state of things; the codes are shared by several, so the text decides. */
function explainState(code: string, message: string): Failure | undefined {
  const conflict = (said: string, action = LOOK_AGAIN): Failure => ({ kind: "conflict", sentence: said, action, code });
  const id = /'?\b((?:i|vol|sir|eipalloc)-[\w]+)\b/.exec(message)?.[1];
  if (/\.NotFound$/.test(code)) {
    return {
      kind: "missing",
      sentence: `${id ?? "What was asked for"} is not there, or not yet to be seen.`,
      action: LOOK_AGAIN,
      code,
    };
  }
  switch (code) {
    case "IncorrectSpotRequestState":
      if (/can't stop/i.test(message)) {
        return conflict(
          "The spot request does not let the machine be stopped.",
          "Look at its spot request: under a cancelled one the machine can never be stopped.",
        );
      }
      return conflict(
        "The spot request is not released yet, so the machine cannot be started.",
        "Wait until it is `disabled`, then start.",
      );
    case "InvalidVolume.ZoneMismatch":
      return conflict(
        `${id ?? "The volume"} is in another Availability Zone than the machine.`,
        "Check which volume belongs to this machine.",
      );
    case "VolumeInUse":
      return conflict(`${id ?? "The volume"} is still attached.`);
    case "IncorrectState":
    case "OperationNotPermitted":
    case "IncorrectInstanceState":
      if (/unable to detach root/i.test(message)) {
        return conflict(
          `${id ?? "The root volume"} comes off only while its machine is stopped.`,
          "Stop the machine first.",
        );
      }
      return conflict(`${id ?? "It"} is not in a state for that: ${message || code}`);
    case "InvalidInstanceID":
      return conflict(`${id ?? "The machine"} is still starting.`);
    case "InvalidParameterValue":
      if (/already in use/i.test(message)) return conflict("The root device is still taken by another volume.");
      if (/does not have a volume attached at root/i.test(message)) {
        return conflict(`${id ?? "The machine"} has no root volume, so it cannot start.`, "Swap its volume back.");
      }
      return undefined;
    case "OptInRequired":
    case "PendingVerification":
    case "Blocked":
      return {
        kind: "refused",
        sentence: "AWS has not opened EC2 to this account.",
        action: "Open the AWS console and follow what it says.",
        code,
      };
    case "DryRunOperation":
      return conflict("It was a dry run: the call would have been carried out.");
    default:
      return undefined;
  }
}

/** An answer that is no answer of AWS: a proxy's page, XML or JSON that ends in the middle. */
function explainAnswer({ message, name, unreadable }: Fields): Failure | undefined {
  const cutShort = /XML parse error|Unexpected (?:token|end of JSON)|not valid JSON/i.test(message);
  if (!cutShort && !unreadable && name !== "SyntaxError") return undefined;
  return MALFORMED_ANSWER;
}

/** For answers whose parts make no sense. */
export const MALFORMED_ANSWER: Failure = {
  kind: "server",
  sentence: "The answer could not be understood: it was cut short, or it did not come from AWS.",
  action: "Check for a proxy or a network's sign-in page; it is tried again by itself.",
};

/** A web page where an answer of AWS should be. */
export const WEB_PAGE_ANSWER: Failure = {
  kind: "server",
  sentence: "A web page came back instead of AWS's answer: a proxy or a network's sign-in page is in between.",
  action: "Open any page in a browser and see what it asks for, or change the network.",
};

function explainStatus({ status, code, message }: Fields): Failure | undefined {
  if (status === undefined || status < 400) return undefined;
  if (status === 429)
    return { kind: "throttled", sentence: "AWS is being asked too often.", action: RETRY_ACTION, code };
  if (status >= 500)
    return {
      kind: "server",
      sentence: `AWS has trouble of its own just now (HTTP ${status}).`,
      action: RETRY_ACTION,
      code,
    };
  if (code === "" || code === "Unknown" || code === "UnknownError") {
    return {
      ...MALFORMED_ANSWER,
      sentence: `The answer (HTTP ${status}) could not be understood: it hardly came from AWS.`,
    };
  }
  return { kind: "refused", sentence: `AWS refused: ${message || code}`, action: LOOK_AGAIN, code };
}

function unknown({ code, message }: Fields): Failure {
  return {
    kind: "internal",
    sentence: `Something unforeseen happened: ${message || code || "no reason was given"}`,
    action: "Try again; if it stays, this is a fault of snowglobe.",
    ...(code && code !== "Error" ? { code: redactLine(code) } : {}),
  };
}

function sentence(text: string): string {
  const clean = redactLine(text);
  return /[.!?…]$/.test(clean) ? clean : `${clean}.`;
}
