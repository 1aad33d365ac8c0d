/**
 * What a run of Terraform has said so far, as immutable values made message by message: how far the look at the account
 * is, and how each resource of an apply fares. What is not known is skipped, whatever version says it. Pure.
 */

import type { Diagnostic, Message } from "../terraform/messages.ts";
import type { PlanModel } from "./plan.ts";

export interface PlanProgress {
  /** Resources whose refresh has begun and ended. */
  readonly started: number;
  readonly refreshed: number;
  /** How many there are, where an earlier plan has told. */
  readonly total: number | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export const NOT_BEGUN: PlanProgress = { started: 0, refreshed: 0, total: undefined, diagnostics: [] };

export function planProgress(before: PlanProgress, message: Message): PlanProgress {
  switch (message.type) {
    case "refresh_start":
      return { ...before, started: before.started + 1 };
    case "refresh_complete":
      return { ...before, refreshed: before.refreshed + 1 };
    case "diagnostic":
      return { ...before, diagnostics: withDiagnostic(before.diagnostics, message.diagnostic) };
    default:
      return before;
  }
}

/** `refreshing 41 of 63`: the total is what is known, and never less than what has begun. */
export function refreshTotal({ started, refreshed, total }: PlanProgress): number {
  return Math.max(total ?? 0, started, refreshed);
}

export interface ResourceState {
  readonly address: string;
  /** `waiting` for its turn; `stopped`: it was under way or had not begun when the run ended. */
  readonly state: "waiting" | "running" | "done" | "failed" | "stopped";
  /** What is done with it now, in Terraform's word: create, update, delete, read, … */
  readonly action: string;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** Sequences that are still to come: a replacement has two. */
  readonly left: number;
  /** The last thing that a provisioner said. */
  readonly said: string | undefined;
  readonly id: string | undefined;
}

export interface ApplyState {
  readonly resources: ReadonlyMap<string, ResourceState>;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly diagnostics: readonly Diagnostic[];
  /** Terraform's own sum, once it is over. */
  readonly summary: string | undefined;
  /** The person asked to stop: Terraform finishes what it is at. */
  readonly interrupted: boolean;
}

/** An apply before it has begun: every resource of the plan waits. */
export function applyOf(plan: Pick<PlanModel, "changes">): ApplyState {
  const resources = new Map<string, ResourceState>();
  for (const { address, kind, mode } of plan.changes) {
    if (kind === "move" || kind === "import" || kind === "forget" || mode === "data") continue;
    const before = resources.get(address);
    // A deposed object and its successor share an address.
    const left = (before?.left ?? 0) + (kind === "replace" ? 2 : 1);
    resources.set(address, { ...WAITING, address, action: kind, left });
  }
  return {
    resources,
    total: resources.size,
    done: 0,
    failed: 0,
    diagnostics: [],
    summary: undefined,
    interrupted: false,
  };
}

const WAITING: Omit<ResourceState, "address" | "action"> = {
  state: "waiting",
  startedAt: undefined,
  endedAt: undefined,
  left: 1,
  said: undefined,
  id: undefined,
};

/** @param at when the message came, milliseconds since the epoch */
export function applyState(before: ApplyState, message: Message, at: number): ApplyState {
  switch (message.type) {
    case "apply_start":
      // Data sources that could not be read before are read now; they are no change.
      if (!before.resources.has(message.address) && message.action === "read") return before;
      return changed(before, message.address, (one) => ({
        ...one,
        state: "running",
        action: message.action || one.action,
        startedAt: one.startedAt ?? at,
        endedAt: undefined,
        said: undefined,
      }));
    case "apply_complete":
      return ended(before, message.address, at, message.id, "done");
    case "apply_errored":
      return ended(before, message.address, at, undefined, "failed");
    case "provision_start":
    case "provision_progress":
    case "provision_errored":
      return before.resources.has(message.address)
        ? changed(before, message.address, (one) => ({ ...one, said: message.text }))
        : before;
    case "change_summary":
      return { ...before, summary: message.text };
    case "diagnostic":
      return { ...before, diagnostics: withDiagnostic(before.diagnostics, message.diagnostic) };
    default:
      return before;
  }
}

/** The run is over: what had not ended by then did not happen, or nobody knows. */
export function applyEnded(before: ApplyState, at: number): ApplyState {
  const resources = new Map(before.resources);
  for (const [address, one] of before.resources) {
    if (one.state === "running") resources.set(address, { ...one, state: "stopped", endedAt: at });
    else if (one.state === "waiting") resources.set(address, { ...one, state: "stopped" });
  }
  return { ...before, resources };
}

function changed(before: ApplyState, address: string, make: (one: ResourceState) => ResourceState): ApplyState {
  const known = before.resources.get(address);
  const resources = new Map(before.resources);
  resources.set(address, make(known ?? { ...WAITING, address, action: "" }));
  return { ...before, resources, total: Math.max(before.total, resources.size) };
}

function ended(
  before: ApplyState,
  address: string,
  at: number,
  id: string | undefined,
  state: "done" | "failed",
): ApplyState {
  const known = before.resources.get(address);
  if (!known) return before;
  const left = Math.max(0, known.left - 1);
  const next = changed(before, address, (one) => ({
    ...one,
    left,
    state: state === "done" && left > 0 ? "running" : state,
    endedAt: state === "done" && left > 0 ? undefined : at,
    id: id ?? one.id,
  }));
  if (state === "failed") return { ...next, failed: before.failed + 1 };
  return left > 0 ? next : { ...next, done: before.done + 1 };
}

/** Bounded: a provider that complains of everything must not fill the memory. */
const DIAGNOSTICS_KEPT = 200;
const LONGEST = 8000;

function withDiagnostic(before: readonly Diagnostic[], one: Diagnostic): readonly Diagnostic[] {
  if (before.length >= DIAGNOSTICS_KEPT) return before;
  const detail = one.detail.length > LONGEST ? `${one.detail.slice(0, LONGEST)}…` : one.detail;
  return [...before, detail === one.detail ? one : { ...one, detail }];
}

/** `3 of 7 changes were made: …; not made: …`, each list with its first few names. */
export function doneAndNot(state: ApplyState): string {
  const all = [...state.resources.values()];
  const done = all.filter((one) => one.state === "done").map(({ address }) => address);
  const half = all
    .filter((one) => one.state === "failed" || (one.state === "stopped" && one.startedAt !== undefined))
    .map(({ address }) => address);
  const not = all.filter((one) => one.state !== "done" && !half.includes(one.address)).map(({ address }) => address);
  return [
    `${done.length} of ${all.length} changes were made${done.length ? `: ${some(done)}` : ""}.`,
    half.length ? `Failed or cut short: ${some(half)}.` : "",
    not.length ? `Not begun: ${some(not)}.` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 4).join(", ");
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}
