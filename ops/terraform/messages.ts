/**
 * Terraform's `-json` lines (machine-readable UI, version 1.x) as typed messages. Tolerant: a line that is no JSON and a
 * type that is not known are told as they are, and a field that is missing is absent. Texts come without secrets.
 */

import { redact } from "../aws/redact.ts";
import { type Fields, fields } from "../plan/plan.ts";

export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly address: string | undefined;
  /** The lines of the configuration that it is about, and within what block. */
  readonly snippet?: { readonly context: string | undefined; readonly code: string };
}

export type Change = "create" | "update" | "replace" | "delete" | "move" | "import" | "read" | "remove" | "noop";

export type Message =
  | { readonly type: "diagnostic"; readonly diagnostic: Diagnostic }
  /** `drift`: it was changed outside Terraform, and nothing is planned for it. */
  | {
      readonly type: "planned_change" | "resource_drift";
      readonly address: string;
      readonly action: Change;
      readonly reason: string | undefined;
    }
  | {
      readonly type: "change_summary";
      readonly operation: string;
      readonly counts: Readonly<Record<string, number>>;
      readonly text: string;
    }
  | {
      readonly type: "apply_start" | "apply_progress" | "apply_complete" | "apply_errored";
      readonly address: string;
      readonly action: string;
      readonly seconds: number | undefined;
      readonly text: string;
      /** The ID of what was made or changed, where Terraform says it. */
      readonly id?: string;
    }
  | {
      readonly type: "provision_start" | "provision_progress" | "provision_complete" | "provision_errored";
      readonly address: string;
      readonly text: string;
    }
  | { readonly type: "version"; readonly terraform: string; readonly ui: string; readonly text: string }
  | { readonly type: "refresh_start" | "refresh_complete"; readonly address: string; readonly text: string }
  | { readonly type: "outputs"; readonly outputs: Readonly<Record<string, unknown>> }
  | { readonly type: "other"; readonly text: string }
  /** Not of the protocol at all: a crash, the engine's own words. */
  | { readonly type: "text"; readonly text: string };

export function parseLine(line: string): Message {
  let parsed: Fields;
  try {
    parsed = fields(JSON.parse(line));
  } catch {
    return { type: "text", text: redact(line) };
  }
  if (typeof parsed.type !== "string") return { type: "text", text: redact(line) };
  const text = redact(textOf(parsed["@message"]));
  switch (parsed.type) {
    case "diagnostic":
      return { type: "diagnostic", diagnostic: diagnosticOf(fields(parsed.diagnostic), text) };
    case "planned_change":
    case "resource_drift": {
      const change = fields(parsed.change);
      return {
        type: parsed.type,
        address: resourceIn(change),
        action: textOf(change.action) as Change,
        reason: textOf(change.reason) || undefined,
      };
    }
    case "change_summary": {
      const changes = fields(parsed.changes);
      const counts = Object.fromEntries(
        Object.entries(changes).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
      );
      return { type: "change_summary", operation: textOf(changes.operation), counts, text };
    }
    case "apply_start":
    case "apply_progress":
    case "apply_complete":
    case "apply_errored": {
      const hook = fields(parsed.hook);
      const seconds = typeof hook.elapsed_seconds === "number" ? hook.elapsed_seconds : undefined;
      const id = textOf(hook.id_value);
      const said = { address: resourceIn(hook), action: textOf(hook.action), seconds, text };
      return { type: parsed.type, ...said, ...(id ? { id } : {}) };
    }
    case "provision_start":
    case "provision_progress":
    case "provision_complete":
    case "provision_errored":
      return { type: parsed.type, address: resourceIn(fields(parsed.hook)), text };
    case "version":
      return { type: "version", terraform: textOf(parsed.terraform), ui: textOf(parsed.ui), text };
    case "refresh_start":
    case "refresh_complete":
      return { type: parsed.type, address: resourceIn(fields(parsed.hook)), text };
    case "outputs":
      return { type: "outputs", outputs: fields(parsed.outputs) };
    default:
      return { type: "other", text: text || redact(line) };
  }
}

function diagnosticOf(given: Fields, text: string): Diagnostic {
  const range = fields(given.range);
  const start = fields(range.start);
  const snippet = fields(given.snippet);
  const code = redact(textOf(snippet.code));
  return {
    severity: given.severity === "warning" ? "warning" : "error",
    summary: redact(textOf(given.summary)) || text,
    detail: redact(textOf(given.detail)),
    file: textOf(range.filename) || undefined,
    line: typeof start.line === "number" ? start.line : undefined,
    address: textOf(given.address) || undefined,
    ...(code ? { snippet: { context: textOf(snippet.context) || undefined, code } } : {}),
  };
}

function resourceIn(given: Fields): string {
  const resource = fields(given.resource);
  return textOf(resource.addr) || textOf(resource.resource);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
