/** What changes of one resource, attribute by attribute: sensitive values hidden, unknown ones said, secrets redacted. Pure. */

import { redact } from "../aws/redact.ts";
import { type ChangeKind, DEEPEST as DEEPEST_JSON, fields, isShallow, type Values } from "./plan.ts";

/** One side of an attribute as it may be shown. */
type Shown =
  | { readonly kind: "none" }
  | { readonly kind: "value"; readonly text: string }
  | { readonly kind: "sensitive" }
  | { readonly kind: "unknown" };

export interface AttributeChange {
  /** `root_block_device[0].volume_size`. */
  readonly path: string;
  readonly before: Shown;
  readonly after: Shown;
  /** It cannot be changed in place, and so the resource is replaced. */
  readonly replaces: boolean;
}

interface Attributes {
  readonly changes: readonly AttributeChange[];
  /** Attributes of something new that only AWS will say. */
  readonly unknown: number;
}

const NONE: Shown = { kind: "none" };
const SENSITIVE: Shown = { kind: "sensitive" };
const UNKNOWN: Shown = { kind: "unknown" };
/** What is longer belongs into a file. */
const LONGEST = 500;
/** A guard against nonsense: no schema is as deep. */
const DEEPEST = 40;

interface Place {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly unknown: unknown;
  readonly beforeSensitive: unknown;
  readonly afterSensitive: unknown;
}

/** The attributes that change; of what is new or goes, those that have a value. */
export function attributesOf(values: Values, kind: ChangeKind, replacePaths: readonly string[] = []): Attributes {
  const found: AttributeChange[] = [];
  let unknown = 0;
  // Terraform forgets the mark where a provider copies a value: what is secret in one place is so in all.
  const secrets = [
    ...secretsIn(values.before, values.beforeSensitive),
    ...secretsIn(values.after, values.afterSensitive),
  ];
  const shown = (value: unknown, sensitive: unknown, isUnknown: boolean, path: string): Shown => {
    const side = shownAs(value, sensitive, isUnknown, path);
    const leaks = side.kind === "value" && secrets.some((secret) => JSON.stringify(value).includes(secret));
    return leaks ? SENSITIVE : side;
  };
  const fresh = kind === "create" || kind === "read";
  const visit = (place: Place, depth: number) => {
    const before = inward(place.before);
    const after = inward(place.after);
    const hidden = place.beforeSensitive === true || place.afterSensitive === true;
    if (!hidden && depth < DEEPEST && place.unknown !== true && (isTree(before) || isTree(after))) {
      const children = childrenOf(place, before, after);
      if (children.length > 0 && fits(before, after)) {
        for (const child of children) visit(child, depth + 1);
        return;
      }
    }
    if (place.unknown === true && fresh) {
      unknown += 1;
      return;
    }
    const sides = {
      before: shown(place.before, place.beforeSensitive, false, place.path),
      after: shown(place.after, place.afterSensitive, place.unknown === true, place.path),
    };
    if (sides.before.kind === "none" && sides.after.kind === "none") return;
    if (place.unknown !== true && isSame(place.before, place.after)) return;
    found.push({ path: place.path, ...sides, replaces: isReplaced(place.path, replacePaths) });
  };
  visit({ path: "", ...values }, 0);
  return { changes: found, unknown };
}

/** JSON inside a string (policies, mostly) is looked into, as Terraform does. */
function inward(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return isShallow(parsed, DEEPEST_JSON) ? parsed : value;
  } catch {
    return value;
  }
}

function isTree(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Both are of one shape, or one of them is not there at all. */
function fits(before: unknown, after: unknown): boolean {
  const absent = (value: unknown) => value === null || value === undefined;
  if (absent(before) || absent(after)) return true;
  return isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after);
}

function childrenOf(place: Place, before: unknown, after: unknown): readonly Place[] {
  const array = Array.isArray(before) || Array.isArray(after) || Array.isArray(place.unknown);
  const keys = new Set([before, after, place.unknown].flatMap((value) => (isTree(value) ? Object.keys(value) : [])));
  // Its own only: a tag may be called "constructor".
  const at = (value: unknown, key: string) =>
    isTree(value) && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  return [...keys].map((key) => ({
    path: array ? `${place.path}[${key}]` : place.path ? `${place.path}.${key}` : key,
    before: at(before, key),
    after: at(after, key),
    unknown: at(place.unknown, key),
    beforeSensitive: at(place.beforeSensitive, key),
    afterSensitive: at(place.afterSensitive, key),
  }));
}

/** Providers do not mark everything that is one. */
const SECRET_NAME = /(?:password|passwd|secret|secret_string|secret_key|private_key|token)$/i;

/** A value that has anything sensitive in it is hidden as a whole. */
function shownAs(value: unknown, sensitive: unknown, unknown: boolean, path: string): Shown {
  if (hasTrue(sensitive)) return SENSITIVE;
  if (typeof value === "string" && value !== "" && SECRET_NAME.test(path)) return SENSITIVE;
  if (unknown) return UNKNOWN;
  if (value === null || value === undefined) return NONE;
  const whole = redact(typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? ""));
  return { kind: "value", text: whole.length > LONGEST ? `${whole.slice(0, LONGEST)}…` : whole };
}

/** Shorter texts are too common to be told from others. */
const SECRET_LENGTH = 6;

/** The texts at sensitive places, as they stand in JSON. */
function secretsIn(value: unknown, sensitive: unknown): readonly string[] {
  if (typeof value === "string") {
    return sensitive === true && value.length >= SECRET_LENGTH ? [JSON.stringify(value).slice(1, -1)] : [];
  }
  if (!isTree(value) || !hasTrue(sensitive)) return [];
  const marks = (isTree(sensitive) ? sensitive : {}) as Record<string, unknown>;
  return Object.entries(value).flatMap(([key, one]) => secretsIn(one, sensitive === true || marks[key]));
}

function hasTrue(mark: unknown): boolean {
  if (mark === true) return true;
  return isTree(mark) && Object.values(mark).some(hasTrue);
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b || ((a === null || a === undefined) && (b === null || b === undefined))) return true;
  return isTree(a) && isTree(b) && JSON.stringify(a) === JSON.stringify(b);
}

function isReplaced(path: string, replacePaths: readonly string[]): boolean {
  return replacePaths.some(
    (one) => one !== "" && (path === one || path.startsWith(`${one}.`) || path.startsWith(`${one}[`)),
  );
}

/** The sides as words: `300`, `(sensitive)`, `(known after apply)`, `null`. */
export function shownText(side: Shown): string {
  switch (side.kind) {
    case "none":
      return "null";
    case "value":
      return side.text;
    case "sensitive":
      return "(sensitive)";
    case "unknown":
      return "(known after apply)";
  }
}

/** The value at `path` (`["root_block_device", 0, "volume_id"]`) of a side of a resource. */
export function valueAt(side: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof step === "number" ? (Array.isArray(value) ? value[step] : undefined) : fields(value)[step],
    side,
  );
}
