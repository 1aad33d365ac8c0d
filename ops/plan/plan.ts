/** This folder: a Terraform plan understood: tree, guard, money, stream. Not here: calling Terraform (ops/terraform). */
/**
 * A plan as data: `terraform show -json PLANFILE` (format 1.x), read tolerantly. Fields that are not there are absent,
 * fields that are not known are skipped; an action that is not known is kept as such, so that the guard can refuse it.
 * Source: developer.hashicorp.com/terraform/internals/json-format.
 */

import { FailureError } from "../failure.ts";

export const CHANGE_KINDS = [
  "delete",
  "replace",
  "forget",
  "unknown",
  "update",
  "create",
  "move",
  "import",
  "read",
] as const;
/** What happens to one resource; `move` and `import` are those that change nothing else. */
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export type Fields = Readonly<Record<string, unknown>>;

export interface ResourceChange {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly mode: "managed" | "data";
  readonly kind: ChangeKind;
  /** A deposed object left by a replacement that was cut short. */
  readonly deposed: string | undefined;
  readonly movedFrom: string | undefined;
  readonly importId: string | undefined;
  /** Why, in Terraform's word: `replace_because_tainted`, `delete_because_no_resource_config`, … */
  readonly reason: string | undefined;
  /** What cannot be changed in place, as paths such as `root_block_device[0].encrypted`. */
  readonly replacePaths: readonly string[];
  readonly values: Values;
}

/** The two sides with their marks. May hold secrets: nothing of it is shown but through attributes.ts. */
export interface Values {
  readonly before: unknown;
  readonly after: unknown;
  /** `true` at every place that is known only after the apply. */
  readonly unknown: unknown;
  readonly beforeSensitive: unknown;
  readonly afterSensitive: unknown;
}

export interface OutputChange {
  readonly name: string;
  readonly kind: ChangeKind;
  readonly values: Values;
}

/** An action of Terraform's (1.14 and later), such as aws_ec2_stop_instance, that an apply would set off. */
interface Invocation {
  readonly address: string;
  readonly type: string;
  /** The resource whose change sets it off; undefined where it was asked for by hand. */
  readonly trigger: string | undefined;
}

/** What the configuration sets of a resource: by its address without instance keys. */
interface Configured {
  /** Attribute by attribute, `{ constant_value }` or `{ references }`; blocks as lists of the same. */
  readonly expressions: Fields;
  /** The types of its provisioners, which run programs. */
  readonly provisioners: readonly string[];
}

export interface PlanModel {
  /** When Terraform made it, milliseconds since the epoch. */
  readonly at: number | undefined;
  /** Everything that would happen, in Terraform's order; what stays as it is is left out. */
  readonly changes: readonly ResourceChange[];
  /** What was changed outside Terraform. */
  readonly drift: readonly ResourceChange[];
  readonly outputs: readonly OutputChange[];
  readonly invocations: readonly Invocation[];
  /** What Terraform puts off to another plan, because it cannot tell yet what it will be. */
  readonly deferred: readonly ResourceChange[];
  /** What the configuration's own checks complain of, in its words. */
  readonly complaints: readonly string[];
  readonly configuration: ReadonlyMap<string, Configured>;
  /** False where something went wrong while planning: such a plan must not be applied. */
  readonly whole: boolean;
  /** False where there was more to plan: changes put off, or left out by -target. */
  readonly complete: boolean;
  /** Persistent volumes and addresses that the variables or the outputs before this plan name. */
  readonly recordedIds: ReadonlySet<string>;
  /** How many resource instances the state had: as many are refreshed the next time. */
  readonly resourcesBefore: number;
  /** Who is told has not confirmed it to AWS yet, or is yet to be asked: no message arrives until then. */
  readonly unconfirmed: boolean;
}

/** Reads the text of `terraform show -json PLANFILE`. Throws a FailureError (`malformed`) where it is no plan. */
export function readPlan(text: string): PlanModel {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw malformed("Terraform's plan cannot be read: it is no JSON.", error);
  }
  return planOf(parsed);
}

/** Deeper than any schema and any policy in a plan. */
export const DEEPEST = 200;
/** What an entry without an address is called; no plan of Terraform's has one. */
const NAMELESS = "(a resource without an address)";

/** As readPlan, of what is parsed already. */
export function planOf(parsed: unknown): PlanModel {
  if (!isShallow(parsed, DEEPEST)) throw malformed("Terraform's plan cannot be read: it is nested too deeply.");
  const plan = fields(parsed);
  const { format_version: format } = plan;
  if (typeof format !== "string") throw malformed("Terraform's plan cannot be read: it has no format version.");
  // A new major version may give known names other meanings; what holds data is never guessed at.
  if (!format.startsWith("1.") && !format.startsWith("0.")) {
    throw malformed(`Terraform's plan is in format ${format}, which this version does not know.`);
  }
  for (const name of ["resource_changes", "resource_drift", "deferred_changes", "action_invocations"]) {
    const value = plan[name];
    if (value !== undefined && value !== null && !Array.isArray(value)) {
      throw malformed(`Terraform's plan cannot be read: its ${name} is no list.`);
    }
  }
  const prior = fields(fields(plan.prior_state).values);
  const at = Date.parse(text(plan.timestamp) ?? "");
  return {
    at: Number.isNaN(at) ? undefined : at,
    changes: list(plan.resource_changes).flatMap(resourceChange),
    drift: list(plan.resource_drift).flatMap(resourceChange),
    outputs: Object.entries(fields(plan.output_changes)).flatMap(([name, one]) => outputChange(name, fields(one))),
    invocations: list(plan.action_invocations).map(invocation),
    deferred: list(plan.deferred_changes).flatMap((one) => resourceChange(fields(one).resource_change)),
    complaints: list(plan.checks).flatMap(complaintsOf),
    configuration: configurationOf(fields(fields(plan.configuration).root_module)),
    whole: plan.errored !== true,
    complete: plan.complete !== false,
    recordedIds: recordedIds(fields(plan.variables), outputsBefore(fields(prior.outputs), fields(plan.output_changes))),
    resourcesBefore: countResources(fields(prior.root_module)),
    unconfirmed: isUnconfirmed(fields(prior.root_module), list(plan.resource_changes)),
  };
}

/** The state has been refreshed; who is asked by this plan is asked to confirm it. */
function isUnconfirmed(root: Fields, changes: readonly unknown[]): boolean {
  const isSubscription = (one: unknown) => fields(one).type === "aws_sns_topic_subscription";
  return (
    list(root.resources).some(
      (one) => isSubscription(one) && fields(fields(one).values).pending_confirmation === true,
    ) || changes.some((one) => isSubscription(one) && list(fields(fields(one).change).actions).includes("create"))
  );
}

function resourceChange(given: unknown): readonly ResourceChange[] {
  const one = fields(given);
  const change = fields(one.change);
  const address = text(one.address) ?? NAMELESS;
  const movedFrom = text(one.previous_address);
  const importId = importOf(change.importing);
  const does = kindOf(change.actions, movedFrom !== undefined && movedFrom !== address, importId !== undefined);
  if (does === undefined) return [];
  const named = withoutKeys(address).split(".").at(-2);
  const type = text(one.type) ?? named ?? "";
  const mode = one.mode === "data" ? "data" : "managed";
  // An entry that contradicts itself is none to be judged by: the guard refuses what is unknown.
  const sound = named === type && (mode === "managed" || does === "read");
  const kind = sound ? does : "unknown";
  return [
    {
      address,
      type,
      name: text(one.name) ?? "",
      mode: sound ? mode : "managed",
      kind,
      deposed: text(one.deposed),
      movedFrom: movedFrom === address ? undefined : movedFrom,
      importId,
      reason: text(one.action_reason),
      replacePaths: list(change.replace_paths).map((path) => pathText(list(path))),
      values: valuesOf(change),
    },
  ];
}

function outputChange(name: string, change: Fields): readonly OutputChange[] {
  const kind = kindOf(change.actions, false, false);
  return kind === undefined ? [] : [{ name, kind, values: valuesOf(change) }];
}

function valuesOf(change: Fields): Values {
  return {
    before: change.before ?? null,
    after: change.after ?? null,
    unknown: change.after_unknown,
    beforeSensitive: change.before_sensitive,
    afterSensitive: change.after_sensitive,
  };
}

/** What the list of actions means; undefined for nothing at all. */
function kindOf(actions: unknown, moved: boolean, imported: boolean): ChangeKind | undefined {
  const key = list(actions)
    .map((action) => (typeof action === "string" ? action : "?"))
    .join(",");
  switch (key) {
    case "no-op":
      return moved ? "move" : imported ? "import" : undefined;
    case "create":
    case "update":
    case "delete":
    case "read":
    case "forget":
      return key;
    case "delete,create":
    case "create,delete":
      return "replace";
    case "create,forget":
    case "forget,create":
      return "forget";
    default:
      return "unknown";
  }
}

function importOf(importing: unknown): string | undefined {
  if (typeof importing !== "object" || importing === null) return undefined;
  return text(fields(importing).id) ?? "";
}

/** The outputs that were recorded: prior_state has them as they will be, output_changes as they were (seen with 1.11.4). */
function outputsBefore(prior: Fields, changes: Fields): Fields {
  const before = Object.entries(changes).map(([name, change]) => [name, { value: fields(change).before }]);
  return { ...prior, ...Object.fromEntries(before) };
}

function invocation(given: unknown): Invocation {
  const one = fields(given);
  const trigger = fields(one.lifecycle_action_trigger);
  return {
    address: text(one.address) ?? NAMELESS,
    type: text(one.type) ?? "",
    trigger: text(trigger.triggering_resource_address),
  };
}

function complaintsOf(given: unknown): readonly string[] {
  const check = fields(given);
  if (check.status !== "fail" && check.status !== "error") return [];
  const name = text(fields(check.address).to_display) ?? "a check";
  const problems = list(check.instances).flatMap((one) => list(fields(one).problems));
  const said = problems.map((one) => text(fields(one).message)).filter((one) => one !== undefined);
  return [`${name}: ${said.join(" ") || "it does not hold"}`];
}

function configurationOf(module: Fields, prefix = "", depth = 0): ReadonlyMap<string, Configured> {
  const own = list(module.resources).map((given): [string, Configured] => {
    const one = fields(given);
    const provisioners = list(one.provisioners).map((each) => text(fields(each).type) ?? "unnamed");
    return [`${prefix}${text(one.address) ?? ""}`, { expressions: fields(one.expressions), provisioners }];
  });
  const below = depth > 20 ? [] : Object.entries(fields(module.module_calls));
  return new Map([
    ...own,
    ...below.flatMap(([name, call]) => [
      ...configurationOf(fields(fields(call).module), `${prefix}module.${name}.`, depth + 1),
    ]),
  ]);
}

/** `module.a["x"].aws_eip.b[0]` as `module.a.aws_eip.b`. */
export function withoutKeys(address: string): string {
  return address.replaceAll(/\[[^\]]*\]/g, "");
}

function recordedIds(variables: Fields, outputs: Fields): ReadonlySet<string> {
  const found = new Set<string>();
  const collect = (value: unknown) => {
    if (typeof value === "string" && /^(?:vol|eipalloc)-[0-9a-f]+$/.test(value)) found.add(value);
    else if (typeof value === "object" && value !== null) for (const one of Object.values(value)) collect(one);
  };
  collect(fields(variables.persistent_roots).value);
  collect(fields(outputs.persistent_roots).value);
  collect(fields(outputs.allocation_ids).value);
  return found;
}

function countResources(module: Fields): number {
  const own = list(module.resources).filter((one) => fields(one).mode !== "data").length;
  return list(module.child_modules).reduce<number>((sum, child) => sum + countResources(fields(child)), own);
}

/** `["root_block_device", 0, "encrypted"]` as `root_block_device[0].encrypted`. */
function pathText(path: readonly unknown[]): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}${text(step) ?? "?"}`))
    .join("");
}

/** Whether a value is nested no deeper than `levels`: what walks through it calls itself as often. */
export function isShallow(value: unknown, levels: number): boolean {
  let layer: unknown[] = [value];
  for (let level = 0; layer.length > 0; level += 1) {
    if (level > levels) return false;
    layer = layer.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return true;
}

/** The value as an object's fields; none where it is something else. */
export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function malformed(sentence: string, cause?: unknown): FailureError {
  return new FailureError(
    { kind: "malformed", code: "PLAN", sentence, action: "Run it again; nothing was changed." },
    ...(cause === undefined ? [] : [{ cause }]),
  );
}
