/** What Terraform complains of, as one sentence and one next action. */

import { explain } from "../aws/errors.ts";
import { redactLine } from "../aws/redact.ts";
import { type Failure, FailureError } from "../failure.ts";
import { duration } from "../fleet/derive/ages.ts";
import type { Diagnostic } from "./messages.ts";

/** @param now milliseconds since the epoch, to say for how long a lock has been held. */
export function terraformFailure(diagnostics: readonly Diagnostic[], now: number): FailureError {
  const errors = diagnostics.filter((one) => one.severity === "error").map(bounded);
  const [first] = errors;
  if (!first) {
    return new FailureError({
      kind: "internal",
      code: "TERRAFORM",
      sentence: "Terraform ended with a failure and without a reason.",
      action: "The log has its last words.",
    });
  }
  const all = errors.map((one) => `${one.summary}\n${one.detail}`).join("\n");
  // What it could not let go of comes last, and beside the reason for it.
  const left = unreleased(all);
  const others = left ? errors.filter((one) => !RELEASE.test(one.summary)) : errors;
  const [reason] = others;
  if (left && !reason) return new FailureError(left);
  const failure =
    (left ? undefined : lock(all, now)) ??
    clock(all) ??
    proxy(all) ??
    account(all) ??
    registry(all) ??
    spot(all, reason?.address) ??
    newer(all) ??
    weather(all) ??
    ownersFile(reason ?? first) ??
    plain(reason ?? first, others.length);
  return new FailureError(
    left
      ? {
          ...failure,
          sentence: `${failure.sentence} ${left.sentence}`,
          action: `${failure.action ?? ""} ${left.action}`.trim(),
        }
      : failure,
  );
}

const RELEASE = /releasing the state lock|failed to (?:release|unlock)|unlock(?:ing)? the state/i;

/** Terraform could not let go of its own lock: the keys had ended, or the network had. */
function unreleased(text: string): (Failure & { readonly action: string }) | undefined {
  if (!RELEASE.test(text)) return undefined;
  const id = /(?:^|\s)(?:Lock )?ID:\s+"?([\w-]+)/m.exec(text)?.[1];
  return {
    kind: "conflict",
    code: "LOCK_LEFT",
    sentence: "Terraform could not release its own lock on the state.",
    action: id
      ? `Run make shell and in it: terraform force-unlock ${id}; then run it again.`
      : "Run make plan: it says the lock's ID and how to release it.",
  };
}

/** Longer ones are somebody's answer in full, and hold no more of a reason. */
const LONGEST = 20_000;

function bounded(one: Diagnostic): Diagnostic {
  return { ...one, summary: one.summary.slice(0, LONGEST), detail: one.detail.slice(0, LONGEST) };
}

/** Terraform's lock information (statemgr.LockInfo's String). */
function lock(text: string, now: number): Failure | undefined {
  if (!/state lock|Lock Info:/i.test(text)) return undefined;
  const field = (name: string) => new RegExp(`^[ \\t]*${name}:[ \\t]+(\\S.*)$`, "m").exec(text)?.[1]?.trim();
  const id = field("ID");
  if (!id) return undefined;
  const [, day, clock] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)/.exec(field("Created") ?? "") ?? [];
  const at = Date.parse(`${day}T${clock}Z`);
  const since = Number.isNaN(at) ? "" : `, since ${day} ${clock} UTC (${duration(Math.max(0, now - at))} ago)`;
  const doing = /OperationType(\w+)/.exec(field("Operation") ?? "")?.[1]?.toLowerCase();
  return {
    kind: "conflict",
    code: "STATE_LOCKED",
    sentence: `${field("Who") ?? "Somebody"} holds the lock on Terraform's state${doing ? ` for ${doing}` : ""}${since}.`,
    action: `Wait until that run ends; if it died, run make shell and in it: terraform force-unlock ${id}; then run it again.`,
  };
}

/** The clock of the container's own machine (Podman and Docker on a Mac have one) stands still while the computer sleeps. */
export const CLOCK_OFF: Failure = {
  kind: "refused",
  code: "CLOCK",
  sentence: "The clock in the container differs so much from AWS's that AWS refuses what it signs.",
  action:
    process.platform === "darwin"
      ? "Run podman machine stop, then podman machine start (or restart Docker), and run it again."
      : "Set the clock of this computer, best by network time, and run it again.",
};

function clock(text: string): Failure | undefined {
  const off =
    /RequestTimeTooSkewed|RequestInTheFuture|Signature (?:not yet current|expired)|x509: certificate (?:has expired or )?is not yet valid/i;
  return off.test(text) ? CLOCK_OFF : undefined;
}

/**
 * A refusal of neither AWS nor the registry: Go tells what a proxy answers to CONNECT in place of the request's answer, and a
 * proxy's own page has none of the numbers that AWS gives every request.
 */
function proxy(text: string): Failure | undefined {
  const tunnel =
    /\b(?:Get|Head|Put|Post|Delete) "https:[^"]+": (?:Forbidden|Proxy Authentication Required|Bad Gateway)/;
  const page = /StatusCode: (?:403|407|451|502), RequestID: ,[^\n]* api error UnknownError/;
  if (/Proxy Authentication Required|proxyconnect|407 /i.test(text) || page.test(text)) return PROXY;
  // At the registry's door it may be either.
  return tunnel.test(text) && !ELSEWHERE.test(text) ? PROXY : undefined;
}

export const PROXY: Failure = {
  kind: "refused",
  code: "PROXY",
  sentence: "A proxy on the way to the network does not let Terraform through.",
  action: "Look to HTTPS_PROXY and to what the proxy allows, then run it again.",
};

function registry(text: string): Failure | undefined {
  if (!ELSEWHERE.test(text) || !/\b403\b|Forbidden|\b429\b|Too Many Requests/i.test(text)) return undefined;
  return {
    kind: "refused",
    code: "REGISTRY",
    sentence: "Terraform's registry, or a proxy before it, refuses to give the providers.",
    action: "Look to the network and its proxy, then run it again.",
  };
}

const ELSEWHERE =
  /registry\.terraform\.io|provider packages|releases\.hashicorp|github\.com|could not (?:query|retrieve).*provider/i;

/** Of EC2's answers by the provider: what it means for a spot machine. */
function spot(text: string, address: string | undefined): Failure | undefined {
  const code =
    /api error (IncorrectSpotRequestState|InsufficientInstanceCapacity|MaxSpotInstanceCountExceeded|SpotMaxPriceTooLow|\w*(?:Instance|Vcpu)LimitExceeded|Unsupported)\b/.exec(
      text,
    )?.[1];
  if (!code || (code === "Unsupported" && !/spot capacity/i.test(text))) return undefined;
  const name = address?.replace(/^aws_instance\./, "").replaceAll("_", "-");
  const machine = name ?? "the machine";
  if (code === "IncorrectSpotRequestState") {
    const isStop = /You can't stop/.test(text);
    return {
      kind: "conflict",
      code,
      sentence: isStop
        ? `${machine} cannot be stopped: its spot request is not in a state that lets it.`
        : `${machine} was stopped, and EC2 lets it start only once its spot request is disabled, which takes some minutes.`,
      action: isStop
        ? "Look at it in the cockpit, then run it again."
        : "Press p on it in a few minutes, then run it again: it goes on from where it stopped.",
    };
  }
  const { sentence, action } = explain(Object.assign(new Error(""), { name: code, Code: code, $fault: "client" }));
  return { kind: "refused", code, sentence: `${machine}: ${sentence}`, action: action ?? "Run it again later." };
}

/** The state was written by a newer Terraform or provider: another computer has a newer checkout. */
function newer(text: string): Failure | undefined {
  const provider = /newer provider version|created by a newer provider/i.test(text);
  const terraform = /state snapshot was created by Terraform v[\d.]+, which is newer|Unsupported state file format/i;
  if (!provider && !terraform.test(text)) return undefined;
  return {
    kind: "conflict",
    code: "NEWER_STATE",
    sentence: `The state was written by a newer ${provider ? "provider" : "Terraform"} than this checkout has.`,
    action: "Bring this checkout up to date (git pull), then run make init.",
  };
}

function account(text: string): Failure | undefined {
  const code = /ExpiredToken\w*|RequestExpired|InvalidClientTokenId|UnrecognizedClientException/.exec(text)?.[0];
  if (code) {
    return {
      kind: "signed-out",
      code,
      sentence: "The session ended while Terraform was at work.",
      action: "Sign in (make login), then run it again: it goes on from where it stopped.",
    };
  }
  const denied = /AccessDenied\w*|UnauthorizedOperation|api error Forbidden|operation error [^\n]*StatusCode: 403/.exec(
    text,
  )?.[0];
  if (!denied) return undefined;
  const bucket = /snowglobe-state-\d+/.exec(text)?.[0];
  const allowed = /not authorized to perform: (\S+)/.exec(text)?.[1];
  return {
    kind: "refused",
    code: /^(?:api|operation) error/.test(denied) ? "AccessDenied" : denied,
    sentence: bucket
      ? `This role may not use the state bucket ${bucket}${allowed ? ` (${allowed})` : ""}.`
      : `This role may not do that${allowed ? `: it lacks ${allowed}` : ""}.`,
    action: "Sign in with a role that may, such as AdministratorAccess.",
  };
}

function weather(text: string): Failure | undefined {
  if (!/no such host|dial tcp|could not connect to|connection refused|i\/o timeout|TLS handshake timeout/i.test(text)) {
    return undefined;
  }
  const registry = ELSEWHERE.test(text);
  return {
    kind: "offline",
    code: "NETWORK",
    sentence: registry ? "Terraform's registry is out of reach." : "AWS is out of reach for Terraform.",
    action: "Look to the network, then run it again: it goes on from where it stopped.",
  };
}

function ownersFile(first: Diagnostic): Failure | undefined {
  if (!first.file?.endsWith(".tfvars")) return undefined;
  return {
    kind: "malformed",
    code: "TFVARS",
    sentence: `terraform/${first.file}, line ${first.line ?? 1}: ${sentence(first.summary, first.detail)}`,
    action: "Correct that line; terraform.tfvars.example shows the form.",
  };
}

/** A value for a variable that does not exist is only a warning to Terraform; but a mistyped persistent_roots protects nothing. */
export function unknownVariable(diagnostics: readonly Diagnostic[]): FailureError | undefined {
  const one = diagnostics.map(bounded).find((each) => /undeclared variable/i.test(each.summary));
  if (!one) return undefined;
  const name = /variable named "([^"]+)"/.exec(one.detail)?.[1];
  return new FailureError({
    kind: "malformed",
    code: "TFVARS",
    sentence: `terraform/${one.file ?? "terraform.tfvars"} sets ${name ? `"${name}", which` : "something that"} is no variable of ours.`,
    action: "Correct its name; terraform.tfvars.example has them all.",
  });
}

function plain(first: Diagnostic, count: number): Failure {
  const where = first.file ? ` (${first.file}${first.line ? `, line ${first.line}` : ""})` : "";
  const what = first.address ? `${first.address}: ` : "";
  const more = count > 1 ? ` and ${count - 1} more` : "";
  return {
    kind: "refused",
    code: "TERRAFORM",
    sentence: redactLine(`${what}${sentence(first.summary, first.detail)}${where}${more}`),
    action: "The log has every error in full.",
  };
}

function sentence(summary: string, detail: string): string {
  const [line = ""] = detail.split("\n\n").map((part) => part.replaceAll(/\s+/g, " ").trim());
  const text = line ? `${summary}: ${line}` : summary;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
