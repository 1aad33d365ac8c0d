/** This folder: where each type, action and attribute of a plan has its place. Not here: walking through a plan (guard-rules.ts). */
/**
 * The vocabulary of the guard's table. A change is harmless, worth a word, typed or refused; what no entry places is typed.
 * Rules look at one attribute and never at more than the look that they are given. Pure.
 */

import type { Fleet, OwnerValues } from "../../fleet/model.ts";
import { attributesOf, shownText } from "../attributes.ts";
import { type Fields, fields, list, type PlanModel, type ResourceChange, withoutKeys } from "../plan.ts";

/** What is harmless has no grade: nothing is said of it. */
type Grade = "word" | "typed" | "refused";
/** A grade with the reason for it. */
export type Said = readonly [Grade, string];

export interface Look {
  readonly change: ResourceChange;
  /** Volumes and addresses that no plan may end. */
  readonly ids: ReadonlySet<string>;
  /** Persistent root volumes: those of `ids` that belong at a root device. */
  readonly roots: ReadonlySet<string>;
  readonly owner: OwnerValues;
  /** The account as it is now; absent where nobody looked, and then nothing is presumed of it. */
  readonly fleet: Fleet | undefined;
  readonly plan: PlanModel;
}

/** One attribute that changes, or is set on something new. */
export interface Turn {
  /** `root_block_device[0].volume_size`. */
  readonly path: string;
  readonly before: unknown;
  /** Without what is unknown. */
  readonly after: unknown;
  /** `true` at every place that is known only after the apply. */
  readonly unknown: unknown;
  /** What the configuration says of it; `NOT_READ` where the plan has no configuration. */
  readonly set: unknown;
  readonly look: Look;
}

export type AttributeRule = (turn: Turn) => readonly Said[];
type LookRule = (look: Look) => readonly Said[];

export interface TypeRules {
  /** What it is, in a sentence: "the database". */
  readonly is: string;
  /** It holds what no other has: one that vanished is not made good by a new one. */
  readonly keeps?: true;
  /** What speaks against making one, besides its attributes. */
  readonly make?: LookRule;
  /** What speaks against deleting one. An end is never less than typed: where this says nothing, "deletes …" is said. */
  readonly end: LookRule;
  /** As `end`, for replacing it; where absent it is what an end is. */
  readonly swap?: LookRule;
  /** Attributes that may change to anything: those that AWS computes, and what does no harm. Words with spaces between. */
  readonly free: string;
  readonly attributes: Readonly<Record<string, AttributeRule>>;
}

export const NOTHING: readonly Said[] = [];
export const NOT_READ = Symbol("the plan has no configuration");

/** Of every resource of AWS's: nothing that acts by itself. */
export const ALWAYS_FREE: ReadonlySet<string> = new Set(["id", "arn", "region", "timeouts", "tags_all"]);

export const anything: AttributeRule = () => NOTHING;
export const refusesEnd =
  (what: string): LookRule =>
  ({ change }) => [["refused", `${verb(change)} ${what}: ${nameOf(change)}`]];
export const typedEnd =
  (what: string): LookRule =>
  ({ change }) => [["typed", `${verb(change)} ${change.address}: ${what}`]];
/** Nothing is lost with it but itself. */
export const plainEnd: LookRule = () => NOTHING;

export const worth =
  (sentence: string): AttributeRule =>
  ({ look }) => [["word", `${sentence} (${look.change.address})`]];

/** Any change of it. */
export const typed =
  (what: string): AttributeRule =>
  (turn) => [["typed", `${what}: ${words(turn)}`]];

/** Any change of it, once it is there; what is made with it is harmless. */
export const typedLater =
  (what: string): AttributeRule =>
  (turn) =>
    isFresh(turn) ? NOTHING : typed(what)(turn);

/** Harmless where the value is known and will do. */
export const unless =
  (isFine: (after: unknown, turn: Turn) => boolean, what: string): AttributeRule =>
  (turn) =>
    !isUnknown(turn) && isFine(turn.after, turn) ? NOTHING : typed(what)(turn);

export const notLess = (what: string): AttributeRule =>
  unless((after, { before }) => typeof after === "number" && (before == null || after >= amount(before, 0)), what);

/** A block, or a list of them, each attribute by its own rule; what has none is not known. */
export const block =
  (rules: Readonly<Record<string, AttributeRule>>): AttributeRule =>
  (turn) => {
    if (turn.unknown === true) return unplaced(turn);
    const [before, after, unknown, set] = [turn.before, turn.after, turn.unknown, turn.set].map(asList);
    const length = Math.max(before?.length ?? 0, after?.length ?? 0, unknown?.length ?? 0);
    return Array.from({ length }, (_, index) =>
      attributesWithin(
        { ...turn, before: before?.[index], after: after?.[index], unknown: unknown?.[index] },
        // A `dynamic` block is in no plan's configuration: then all in it counts as set.
        set === undefined ? NOT_READ : set[index],
        `${turn.path}[${index}].`,
        (key) => (Object.hasOwn(rules, key) ? rules[key] : undefined),
      ),
    ).flat();
  };

/** What no entry places. */
const unplaced: AttributeRule = (turn) => [["typed", `${UNPLACED}${words(turn)}`]];
export const UNPLACED = "changes what is not known to snowglobe to be harmless: ";

/** Every attribute of one object that changes, each by its rule. `set` is the configuration of the same object. */
export function attributesWithin(
  { before, after, unknown, look }: Pick<Turn, "before" | "after" | "unknown" | "look">,
  set: unknown,
  prefix: string,
  ruleOf: (key: string) => AttributeRule | undefined,
): readonly Said[] {
  const [was, will, marks] = [fields(before), fields(after), fields(unknown)];
  const keys = new Set([was, will, marks].flatMap((side) => Object.keys(side)));
  const at = (side: Fields, key: string) => (Object.hasOwn(side, key) ? side[key] : undefined);
  return [...keys].flatMap((key) => {
    const turn: Turn = {
      path: `${prefix}${key}`,
      before: at(was, key),
      after: at(will, key),
      unknown: at(marks, key),
      set: set === NOT_READ ? NOT_READ : at(fields(set), key),
      look,
    };
    return isChange(turn) ? (ruleOf(key) ?? unplaced)(turn) : NOTHING;
  });
}

function isChange(turn: Turn): boolean {
  if (isUnknown(turn)) return !isLeftToAws(turn);
  // What is made without being told to is the provider's default; where that matters, `make` says so.
  if (isFresh(turn) && turn.set === undefined && typeof turn.after !== "object") return false;
  return !isSame(turn.before, turn.after);
}

/**
 * Unknown only because the configuration does not set it, so that AWS or the provider will say it: then nobody asks for a
 * change. A whole block may come from a `dynamic` one, which no plan shows in its configuration: only on something new.
 */
function isLeftToAws({ unknown, set, before, look }: Turn): boolean {
  if (unknown !== true || set !== undefined) return false;
  return look.change.kind !== "update" || (typeof before !== "object" && before !== undefined);
}

/** It is changed as it stands: neither made nor made again. */
export const isInPlace = ({ look }: Turn) => look.change.kind === "update";
export const isFresh = ({ look }: Turn) => look.change.kind === "create";
export const isUnknown = ({ unknown }: Pick<Turn, "unknown">): boolean => hasTrue(unknown);

function hasTrue(mark: unknown): boolean {
  if (typeof mark === "object" && mark !== null) return Object.values(mark).some(hasTrue);
  return mark === true;
}

/** Nothing, "" and empty lists are one to the provider. */
export function isSame(a: unknown, b: unknown): boolean {
  return isEmpty(a) ? isEmpty(b) : JSON.stringify(a) === JSON.stringify(b);
}

export function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.values(value).every(isEmpty);
}

const asList = (value: unknown) => (Array.isArray(value) ? (value as readonly unknown[]) : undefined);

/**
 * Whether an unknown value is made of nothing but resources that this plan makes: then it is no existing thing's ID.
 * References come in pairs, `aws_eip.a.id` and `aws_eip.a`.
 */
export function isMadeOfNew({ set, look }: Turn): boolean {
  if (typeof set !== "object" || set === null) return false;
  const references = list(fields(set).references).filter((one) => typeof one === "string");
  const made = (reference: string) => {
    const name = withoutKeys(reference).split(".").slice(0, 2).join(".");
    const same = look.plan.changes.filter(({ address }) => withoutKeys(address) === name);
    return same.length > 0 && same.every(({ kind, mode }) => kind === "create" && mode === "managed");
  };
  return references.length > 0 && references.every(made);
}

/** `root_block_device[0].volume_size 300 to 400`, without anything secret. */
export function words({ path, unknown, look }: Turn): string {
  const { values, kind, replacePaths, address } = look.change;
  const isIt = (one: string) => one === path || one.startsWith(`${path}.`) || one.startsWith(`${path}[`);
  const all = attributesOf(values, kind, replacePaths).changes.filter((one) => isIt(one.path));
  const [first] = all;
  if (!first) return `${path} of ${address}${hasTrue(unknown) ? " (known only after the apply)" : ""}`;
  const short = (text: string) => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
  const [from, to] = [short(shownText(first.before)), short(shownText(first.after))];
  const more = all.length > 1 ? ` and ${all.length - 1} more` : "";
  return `${first.path} of ${address} ${from === "null" ? `set to ${to}` : `${from} to ${to}`}${more}`;
}

/** A value of a plan as text: it may be anything at all. */
export const plain = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");

/** A value of a plan as a number; `otherwise` where it is none. */
export const amount = (value: unknown, otherwise: number): number => (typeof value === "number" ? value : otherwise);

export const verb = ({ kind }: ResourceChange) => (kind === "replace" ? "replaces" : "deletes");

export function nameOf({ address, values }: ResourceChange): string {
  const { id, name } = fields(values.before);
  return [id, name].find((one): one is string => typeof one === "string" && one !== "") ?? address;
}
