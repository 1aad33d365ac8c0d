/** The plan as rows of a tree, folded and filtered; only what is unfolded is computed. Pure. */

import { type AttributeChange, attributesOf } from "./attributes.ts";
import { CHANGE_KINDS, type ChangeKind, type OutputChange, type PlanModel, type ResourceChange } from "./plan.ts";

export type TreeRow =
  | {
      readonly kind: "section";
      readonly key: string;
      readonly section: Section;
      readonly count: number;
      readonly open: boolean;
    }
  | {
      readonly kind: "resource";
      readonly key: string;
      readonly section: Section;
      readonly change: ResourceChange;
      readonly open: boolean;
    }
  | { readonly kind: "output"; readonly key: string; readonly output: OutputChange; readonly open: boolean }
  | { readonly kind: "attribute"; readonly key: string; readonly attribute: AttributeChange; readonly of: ChangeKind }
  /** A fact about the resource above: why, where from, how many attributes are not known yet. */
  | { readonly kind: "note"; readonly key: string; readonly text: string };

/** `drift` is what was changed outside Terraform. */
export type Section = ChangeKind | "outputs" | "drift";

/** What of the tree is as it is not by itself: sections begin unfolded, resources folded. */
export interface Folds {
  readonly toggled: ReadonlySet<string>;
}

export const UNTOUCHED: Folds = { toggled: new Set() };

/** What of `keys` was folded is unfolded, and the other way round. One copy for all of them: there may be thousands. */
export function toggled({ toggled: before }: Folds, ...keys: readonly string[]): Folds {
  const after = new Set(before);
  for (const key of keys) if (!after.delete(key)) after.add(key);
  return { toggled: after };
}

/** Rows in the order of gravity. `filter` keeps the resources whose address, kind or reason has it in it. */
export function treeRows(plan: PlanModel, folds: Folds, filter = ""): readonly TreeRow[] {
  const rows: TreeRow[] = [];
  const wanted = filter.toLowerCase();
  const isOpen = (key: string, usually: boolean) => folds.toggled.has(key) !== usually;
  const section = <T>(name: Section, all: readonly T[], usually: boolean, draw: (one: T) => void) => {
    if (all.length === 0) return;
    // What is searched for is in sight.
    const open = isOpen(name, usually) || wanted !== "";
    rows.push({ kind: "section", key: name, section: name, count: all.length, open });
    if (open) for (const one of all) draw(one);
  };
  const resource = (name: Section) => (change: ResourceChange) => {
    const key = `${name} ${change.address} ${change.deposed ?? ""}`;
    const open = isOpen(key, false);
    rows.push({ kind: "resource", key, section: name, change, open });
    if (open) details(rows, key, change);
  };
  const groups = Map.groupBy(
    plan.changes.filter((change) => has(change, wanted)),
    ({ kind }) => kind,
  );
  for (const kind of CHANGE_KINDS) section(kind, groups.get(kind) ?? [], true, resource(kind));
  const outputs = plan.outputs.filter(({ name }) => name.toLowerCase().includes(wanted));
  section("outputs", outputs, false, (output) => {
    const key = `outputs ${output.name}`;
    const open = isOpen(key, false);
    rows.push({ kind: "output", key, output, open });
    if (open) attributes(rows, key, output.values, output.kind);
  });
  section(
    "drift",
    plan.drift.filter((change) => has(change, wanted)),
    true,
    resource("drift"),
  );
  return rows;
}

function has({ address, kind, reason, movedFrom }: ResourceChange, wanted: string): boolean {
  if (wanted === "") return true;
  return [address, kind, reason ?? "", movedFrom ?? ""].some((text) => text.toLowerCase().includes(wanted));
}

function details(rows: TreeRow[], key: string, change: ResourceChange): void {
  for (const [index, text] of facts(change).entries()) rows.push({ kind: "note", key: `${key} fact ${index}`, text });
  attributes(rows, key, change.values, change.kind, change.replacePaths);
}

/** What is to be said about a change besides its attributes. */
function facts({ reason, movedFrom, importId, deposed, replacePaths }: ResourceChange): readonly string[] {
  return [
    reason ? reasonWords(reason) : undefined,
    replacePaths.length ? `cannot be changed in place: ${replacePaths.filter(Boolean).join(", ")}` : undefined,
    movedFrom ? `was ${movedFrom}` : undefined,
    importId === undefined ? undefined : `takes over ${importId || "what is there"}`,
    deposed ? `left over from a replacement that was cut short (${deposed})` : undefined,
  ].filter((one) => one !== undefined);
}

/** `delete_because_no_resource_config` as words. */
export function reasonWords(reason: string): string {
  return reason.replace(/^(?:replace|delete|read)_because_/, "because: ").replaceAll("_", " ");
}

type Attributes = ReturnType<typeof attributesOf>;

/** Thousands of resources may be open: what changes of one is reckoned once, and not at every fold of another. */
const reckoned = new WeakMap<ResourceChange["values"], Attributes>();

function onceOf(values: ResourceChange["values"], reckon: () => Attributes): Attributes {
  const known = reckoned.get(values) ?? reckon();
  reckoned.set(values, known);
  return known;
}

function attributes(
  rows: TreeRow[],
  key: string,
  values: ResourceChange["values"],
  of: ChangeKind,
  replacePaths: readonly string[] = [],
): void {
  const { changes, unknown } = onceOf(values, () => attributesOf(values, of, replacePaths));
  for (const attribute of changes) {
    rows.push({ kind: "attribute", key: `${key} ${attribute.path}`, attribute, of });
  }
  if (unknown) rows.push({ kind: "note", key: `${key} unknown`, text: `${unknown} more known after the apply` });
  if (!changes.length && !unknown) rows.push({ kind: "note", key: `${key} none`, text: "no attribute changes" });
}
