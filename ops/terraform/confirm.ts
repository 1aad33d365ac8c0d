/**
 * Between plan and apply: the plan is read, judged and shown; the person answers for exactly that plan; what has grown old
 * in the meantime is planned again; and what came of it is said in words.
 */

import { FailureError } from "../failure.ts";
import { MACHINES, type MachineName } from "../fleet/machines.ts";
import { readOwnerValues } from "../fleet/owner.ts";
import type { OperationContext, Outcome, Question } from "../operation/types.ts";
import { judge, said, type Verdict } from "../plan/guard.ts";
import { machineOf, type Objection } from "../plan/guard-rules.ts";
import { money, moneyWords } from "../plan/money.ts";
import { type PlanModel, planOf } from "../plan/plan.ts";
import { applyEnded, applyOf, applyState, doneAndNot, planProgress } from "../plan/stream.ts";
import type { PlanView } from "../plan/view.ts";
import type { Cell } from "../store.ts";
import { applyPlan } from "./carry-out.ts";
import { EMERGENCY, hasEmergencyState } from "./emergency.ts";
import { makePlan, type Plan, planLines } from "./make-plan.ts";
import type { Message } from "./messages.ts";
import type { TerraformOps, Workspace } from "./workspace.ts";

/** An answer to a plan that is older than this is an answer to another question. */
export const PLAN_LIVES_MS = 600_000;

interface Understood {
  readonly plan: Plan;
  readonly model: PlanModel;
  readonly verdict: Verdict;
  /** What an apply would do; drift alone is none of it. */
  readonly pending: number;
}

/** Plans, and understands what would happen. Throws a FailureError. */
export async function understand(
  ops: TerraformOps,
  context: OperationContext,
  workspace: Workspace,
  view: Cell<PlanView>,
  more: readonly string[] = [],
): Promise<Understood> {
  const total = (await ops.lastPlan.load())?.resources;
  view.update((before) => ({
    ...before,
    phase: "planning",
    progress: { started: 0, refreshed: 0, total, diagnostics: [] },
    planned: undefined,
    apply: undefined,
  }));
  const plan = await makePlan(ops, context, workspace, more, {
    ...(total === undefined ? {} : { total }),
    hear: (message) => view.update((before) => ({ ...before, progress: planProgress(before.progress, message) })),
  });
  const model = planOf(
    await plan.json().catch(async (error: unknown) => {
      await plan.discard();
      throw error;
    }),
  );
  const verdict = await judgedNow(ops, context, plan, model);
  const changes = model.changes.filter(({ mode }) => mode === "managed").length;
  const pending = changes + model.invocations.length + model.deferred.length;
  const cost = money(model, ops.metrics.get().spotPerHour);
  view.update((before) => ({
    ...before,
    phase: "planned",
    planned: { plan: model, verdict, money: cost, summary: plan.summary, at: plan.at },
  }));
  // What a destruction plans says nothing of the configuration.
  if (more.length === 0) {
    ops.lastPlan.save({ at: plan.at, pending, drift: model.drift.length, resources: model.resourcesBefore });
  }
  return { plan, model, verdict, pending: pending + (pending ? 0 : model.outputs.length) };
}

/** The verdict, on the account as it is at this moment and not as it was when a screen last looked. Throws what went wrong. */
async function judgedNow(ops: TerraformOps, context: OperationContext, plan: Plan, model: PlanModel): Promise<Verdict> {
  try {
    const fleet = await ops.access.gate(() => ops.access.look(context.signal), context.signal);
    return judge(model, { owner: await readOwnerValues(ops.environment.terraformDir), fleet });
  } catch (error) {
    await plan.discard();
    throw error;
  }
}

/** How an apply differs from a destruction, in words. */
export interface Wish {
  readonly verb: "Apply" | "Destroy";
  /** Further arguments of the plan. */
  readonly more?: readonly string[];
  /** Lines that stand below the plan. */
  readonly lines?: readonly string[];
  /** Typed whatever the plan is. */
  readonly word?: string;
}

export type Carried =
  | { readonly status: "applied"; readonly summary: string; readonly model: PlanModel }
  | { readonly status: "nothing"; readonly model: PlanModel }
  | { readonly status: "ended"; readonly outcome: Outcome };

/** Plans, asks, and applies exactly what was shown. Nothing that the guard refuses is ever asked for, let alone done. */
export async function carry(
  ops: TerraformOps,
  context: OperationContext,
  workspace: Workspace,
  view: Cell<PlanView>,
  wish: Wish,
): Promise<Carried> {
  const { unkept } = ops.environment;
  if (unkept) {
    const why = "An apply outlives this program and is found again by what is written down of it.";
    throw new FailureError({ ...unkept, sentence: `${why} ${unkept.sentence}` });
  }
  for (;;) {
    const understood = await understand(ops, context, workspace, view, wish.more);
    try {
      const carried = await decide(ops, context, workspace, view, wish, understood);
      if (carried) return carried;
    } finally {
      await understood.plan.discard();
    }
  }
}

/** Asks and applies; undefined where the plan has grown old in the meantime and is to be made again. */
async function decide(
  ops: TerraformOps,
  context: OperationContext,
  workspace: Workspace,
  view: Cell<PlanView>,
  wish: Wish,
  understood: Understood,
): Promise<Carried | undefined> {
  const { plan, model, verdict, pending } = understood;
  if (pending === 0 && model.whole) return { status: "nothing", model };
  if (verdict.kind === "refused") return { status: "ended", outcome: refusal(verdict.reasons) };
  const answer = await context.ask(question(understood, wish, moneyWords(view.get().planned?.money ?? money(model))));
  if (answer !== "yes") return { status: "ended", outcome: { status: "cancelled", sentence: "Nothing was changed." } };
  if (ops.clock.now() - plan.at > PLAN_LIVES_MS) {
    context.log("That plan was made more than ten minutes ago: it is made again.", "note");
    return undefined;
  }
  try {
    const summary = await watched(ops, context, workspace, view, understood);
    if (!wish.more) ops.lastPlan.save({ at: ops.clock.now(), pending: 0, drift: 0, resources: resourcesAfter(model) });
    return { status: "applied", summary, model };
  } catch (error) {
    if (!isStale(error)) return endedBy(context, await told(ops, view, error));
    context.log("The state has changed since that plan was made: it is made again.", "note");
    return undefined;
  }
}

function resourcesAfter({ changes, resourcesBefore }: PlanModel): number {
  const number = (...kinds: readonly string[]) => changes.filter(({ kind }) => kinds.includes(kind)).length;
  return resourcesBefore + number("create", "import") - number("delete", "forget");
}

/** The apply, watched resource by resource. */
async function watched(
  ops: TerraformOps,
  context: OperationContext,
  workspace: Workspace,
  view: Cell<PlanView>,
  { plan, model }: Understood,
): Promise<string> {
  view.update((before) => ({ ...before, phase: "applying", apply: applyOf(model) }));
  const change = (make: (apply: NonNullable<PlanView["apply"]>) => NonNullable<PlanView["apply"]>) =>
    view.update((before) => (before.apply ? { ...before, apply: make(before.apply) } : before));
  const interrupted = () => change((apply) => ({ ...apply, interrupted: true }));
  context.signal.addEventListener("abort", interrupted, { once: true });
  try {
    return await applyPlan(context, workspace, plan, (message: Message) =>
      change((apply) => applyState(apply, message, ops.clock.now())),
    );
  } finally {
    context.signal.removeEventListener("abort", interrupted);
    change((apply) => applyEnded(apply, ops.clock.now()));
    view.update((before) => ({ ...before, phase: "over" }));
  }
}

/** Terraform's own check of a saved plan against the state's serial number. */
function isStale(error: unknown): boolean {
  return error instanceof FailureError && /saved plan is stale/i.test(error.failure.sentence);
}

/** A run that was stopped has an outcome that says how far it came; everything else is thrown on. */
function endedBy({ signal }: OperationContext, error: unknown): Carried {
  if (!signal.aborted || !(error instanceof FailureError)) throw error;
  const { sentence, action } = error.failure;
  return { status: "ended", outcome: { status: "cancelled", sentence, ...(action ? { next: action } : {}) } };
}

/** The failure with what was done and what was not, and where the state is when it could not be saved. */
async function told({ environment }: TerraformOps, view: Cell<PlanView>, error: unknown): Promise<unknown> {
  const { apply } = view.get();
  const known = error instanceof FailureError ? error.failure : undefined;
  if (!apply || !known) return error;
  const left = await hasEmergencyState({ environment });
  const sentence = [
    known.sentence,
    doneAndNot(apply),
    left ? `The state could not be saved and is in terraform/${EMERGENCY}.` : "",
  ].filter(Boolean);
  const next = left
    ? `Keep terraform/${EMERGENCY}: the next run brings it back before anything else.`
    : known.kind === "cancelled"
      ? "Run it again: it goes on from there."
      : known.action;
  return new FailureError(
    { ...known, sentence: sentence.join(" "), ...(next ? { action: next } : {}) },
    { cause: error },
  );
}

/** The verdict as lines for people. */
export function verdictLines(verdict: Verdict): readonly string[] {
  const mark = verdict.kind === "refused" ? "Never applied: " : "Dangerous: ";
  return [
    ...(verdict.kind === "safe" ? [] : verdict.reasons.map((reason) => `${mark}${said(reason)}`)),
    ...verdict.notes,
  ];
}

/** Why a plan is not applied, and that nothing was. */
function refusal(reasons: readonly Objection[]): Outcome {
  const [first, ...rest] = reasons.map(said);
  const more = rest.length ? ` And ${rest.length} more ${rest.length === 1 ? "reason" : "reasons"} like it.` : "";
  return {
    status: "blocked",
    sentence: `This plan is never applied: ${first ?? "the guard refuses it."}${more}`,
    next: "Nothing was changed. Change terraform/ so that the plan no longer does this.",
  };
}

/** What is asked before exactly this plan is applied. */
function question({ plan, model, verdict }: Understood, wish: Wish, cost: string): Question {
  const dangerous = verdict.kind === "dangerous" ? verdict : undefined;
  const typed = dangerous?.type ?? wish.word ?? (dangerous ? wish.verb.toLowerCase() : undefined);
  const warnings = plan.warnings.map(({ summary }) => `Warning: ${summary}`);
  const lines = [
    ...(dangerous ? dangerous.reasons.map((reason) => `! ${said(reason)}`) : []),
    ...verdict.notes,
    ...(model.complete || plan.targeted ? [] : ["Terraform has more to plan: another plan follows this one."]),
    cost,
    ...warnings,
    ...planLines(plan),
    ...model.invocations.map(({ address }) => `invoke ${address}`),
    ...model.deferred.map(({ address, kind }) => `later, ${kind} ${address}`),
    ...model.outputs.map(({ name, kind }) => `${kind} output ${name}`),
    ...(wish.lines ?? []),
  ];
  return {
    kind: "confirm",
    title: `${plan.summary} ${wish.verb} exactly this?`,
    lines,
    yes: wish.verb,
    no: "Leave everything as it is",
    ...(typed === undefined ? {} : { typed }),
  };
}

/** Machines that this apply made anew while their own volume waits beside them: what to do next. */
export async function recreated(
  ops: TerraformOps,
  model: PlanModel,
): Promise<{ readonly sentence: string; readonly next: string } | undefined> {
  const owner = await readOwnerValues(ops.environment.terraformDir);
  const machines = model.changes.flatMap((change): MachineName[] => {
    const machine = machineOf(change);
    const made = change.kind === "create" || change.kind === "replace";
    // Only where the plan knew of the volume: one that this apply has just recorded is the machine's own root.
    const volume = machine && owner[machine]?.volumeId;
    return machine && made && volume && model.recordedIds.has(volume) ? [machine] : [];
  });
  const [first] = machines;
  if (!first) return undefined;
  const them = machines.join(" and ");
  return machines.length === 1
    ? {
        sentence: `${them} was recreated: it runs on a temporary disk.`,
        next: `Press s, or run make swap-${MACHINES[first].short}, to give it ${owner[first]?.volumeId} back.`,
      }
    : {
        sentence: `${them} were recreated: they run on temporary disks.`,
        next: `Press s on each, or run ${machines.map((one) => `make swap-${MACHINES[one].short}`).join(" and ")}.`,
      };
}
