/** What Terraform complains of, as one sentence and one next action. */

import { scrub } from "../aws/scrub.ts";
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
  return new FailureError(
    lock(all, now) ?? account(all) ?? weather(all) ?? ownersFile(first) ?? plain(first, errors.length),
  );
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
    action: `Wait until that run ends; if it died, run make shell and in it: terraform force-unlock ${id}`,
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
  const denied = /AccessDenied\w*|UnauthorizedOperation|Forbidden|StatusCode: 403/.exec(text)?.[0];
  if (!denied) return undefined;
  const bucket = /snowglobe-state-\d+/.exec(text)?.[0];
  const allowed = /not authorized to perform: (\S+)/.exec(text)?.[1];
  return {
    kind: "refused",
    code: denied.startsWith("StatusCode") ? "AccessDenied" : denied,
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
  const registry = /registry\.terraform\.io|provider packages|releases\.hashicorp/i.test(text);
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
    sentence: scrub(`${what}${sentence(first.summary, first.detail)}${where}${more}`),
    action: "The log has every error in full.",
  };
}

function sentence(summary: string, detail: string): string {
  const [line = ""] = detail.split("\n\n").map((part) => part.replaceAll(/\s+/g, " ").trim());
  const text = line ? `${summary}: ${line}` : summary;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
