/** What speaks against a plan: each change placed by the table, and what no table can place. Pure. */

import { isMachineName, type MachineName } from "../fleet/machines.ts";
import type { Fleet, OwnerValues } from "../fleet/model.ts";
import { type Fields, fields, type PlanModel, type ResourceChange, withoutKeys } from "./plan.ts";
import { machineOf } from "./table/instance.ts";
import {
  ALWAYS_FREE,
  type AttributeRule,
  anything,
  attributesWithin,
  type Look,
  NOT_READ,
  NOTHING,
  type Said,
  type TypeRules,
  UNPLACED,
  verb,
} from "./table/place.ts";
import { rulesOf } from "./table/table.ts";

export interface Objection {
  readonly address: string;
  readonly grade: "refused" | "typed";
  /** What is typed to say yes: the machine's name, else the resource's; undefined where what is to be done is word enough. */
  readonly word: string | undefined;
  readonly sentence: string;
}

export { machineOf } from "./table/instance.ts";

/** All objections, those about machines first, and what is worth knowing though nothing speaks against it. */
export function objections(
  plan: PlanModel,
  ids: ReadonlySet<string>,
  roots: ReadonlySet<string>,
  owner: OwnerValues,
  fleet: Fleet | undefined,
): { readonly found: readonly Objection[]; readonly notes: string[] } {
  const found: Objection[] = [];
  const notes: string[] = plan.complaints.map((one) => `terraform/ has a check that does not hold: ${one}`);
  const gone = new Set(plan.drift.filter(({ kind }) => kind === "delete").map(({ address }) => address));
  for (const change of plan.changes) {
    const look = { change, ids, roots, owner, fleet, plan };
    const word = machineOf(change) ?? change.address;
    for (const [grade, sentence] of distinct(change.mode === "data" ? reads(change) : judged(look, gone))) {
      if (grade === "word") notes.push(sentence);
      else found.push({ address: change.address, grade, word: isPlain(sentence) ? undefined : word, sentence });
    }
    const note = noteOf(look);
    if (note) notes.push(note);
  }
  for (const { address, type, trigger } of plan.invocations) {
    const what = `sets off ${address} (${type || "of an unknown type"})${trigger ? ` after ${trigger}` : ""}`;
    const grade = /terminate|delete|destroy|purge/.test(type) ? "refused" : "typed";
    found.push({ address, grade, word: address, sentence: what });
  }
  for (const { address, kind } of plan.deferred) {
    const sentence = `puts off what it cannot tell yet (${kind}): ${address}; the plan after this one says it`;
    found.push({ address, grade: "typed", word: address, sentence });
  }
  const isMachine = ({ word }: Objection) => (isMachineName(word) ? 0 : 1);
  return { found: found.toSorted((a, b) => isMachine(a) - isMachine(b)), notes };
}

const PLAIN = "and nothing else is lost with it";
/** A change that is typed only because it cannot be undone. */
const isPlain = (sentence: string) => sentence.endsWith(PLAIN);

function judged(look: Look, gone: ReadonlySet<string>): readonly Said[] {
  const { change } = look;
  if (change.kind === "unknown") {
    return [["refused", `plans something for ${change.address} that this version does not know`]];
  }
  const rules = rulesOf(change.type);
  return [
    ...(rules ? placed(look, rules) : strange(look)),
    ...ownId(look, rules),
    ...programs(look),
    ...moved(look),
    ...imported(look),
    ...(gone.has(change.address) ? vanished(change, rules) : NOTHING),
  ];
}

/** A type that the table has. */
function placed(look: Look, rules: TypeRules): readonly Said[] {
  const { change } = look;
  switch (change.kind) {
    case "create":
      return [...(rules.make?.(look) ?? NOTHING), ...attributes(look, rules)];
    case "update":
      return attributes(look, rules);
    case "delete":
      return ended(look, rules);
    case "replace":
      return [...ended(look, rules), ...attributes(look, rules)];
    case "forget":
      return [forgotten(look)];
    default:
      return NOTHING;
  }
}

/** A type that the table does not have: nothing of it is known to be harmless. */
function strange({ change, ids }: Look): readonly Said[] {
  const { address, kind, type } = change;
  if (kind === "move" || kind === "import" || kind === "read") return NOTHING;
  if (kind === "forget") return [forgotten({ change, ids })];
  const verbs = { create: "makes", update: "changes", delete: "deletes", replace: "replaces" } as const;
  return [["typed", `${kind === "unknown" ? "touches" : verbs[kind]} ${address}: ${type} is not known to snowglobe`]];
}

/** A deletion or a replacement is never less than typed. */
function ended(look: Look, rules: TypeRules): readonly Said[] {
  const { change } = look;
  const said = ((change.kind === "replace" ? rules.swap : undefined) ?? rules.end)(look);
  return said.length > 0 ? said : [["typed", `${verb(change)} ${rules.is} ${change.address}, ${PLAIN}`]];
}

function forgotten({ change, ids }: Pick<Look, "change" | "ids">): Said {
  const id = mentioned(change.values.before, ids);
  const what = `forgets ${change.address}${id ? ` with ${id}` : ""}`;
  return ["typed", `${what}: it stays in the account, and Terraform no longer knows of it`];
}

function attributes(look: Look, { free, attributes: rules }: TypeRules): readonly Said[] {
  const { values } = look.change;
  const harmless = new Set(free.split(/\s+/));
  const ruleOf = (key: string): AttributeRule | undefined => {
    if (Object.hasOwn(rules, key)) return rules[key];
    return harmless.has(key) || ALWAYS_FREE.has(key) ? anything : undefined;
  };
  const configured = look.plan.configuration.get(withoutKeys(look.change.address));
  // Where everything is unknown, nothing of it is known to be harmless.
  if (values.unknown === true) return [["typed", `${UNPLACED}all of ${look.change.address}`]];
  const before = look.change.kind === "create" ? {} : values.before;
  const turn = { before, after: values.after, unknown: values.unknown, look };
  return gathered(attributesWithin(turn, configured?.expressions ?? NOT_READ, "", ruleOf));
}

/** What no entry places is one reason, however many attributes it is. */
function gathered(said: readonly Said[]): readonly Said[] {
  const isUnplaced = ([, sentence]: Said) => sentence.startsWith(UNPLACED);
  const unplaced = said.filter(isUnplaced).map(([, sentence]) => sentence.slice(UNPLACED.length));
  if (unplaced.length === 0) return said;
  const more = unplaced.length > 3 ? ` and ${unplaced.length - 3} more` : "";
  return [...said.filter((one) => !isUnplaced(one)), ["typed", `${UNPLACED}${unplaced.slice(0, 3).join("; ")}${more}`]];
}

function distinct(said: readonly Said[]): readonly Said[] {
  const seen = new Set<string>();
  return said.filter(([, sentence]) => !seen.has(sentence) && seen.add(sentence));
}

/** Data sources of AWS's and of archives look on; any other may run a program. */
function reads({ type, address, kind }: ResourceChange): readonly Said[] {
  if (kind === "read" && /^(?:aws_|archive_file$|terraform_remote_state$)/.test(type)) return NOTHING;
  return [["typed", `reads ${address}: ${type || "what it is"} is not known to snowglobe`]];
}

const ends = ({ kind }: ResourceChange) => kind === "delete" || kind === "replace";

/** Whatever its type: what is, or is made of, a protected volume or address. */
function ownId({ change, ids }: Look, rules: TypeRules | undefined): readonly Said[] {
  // What the table has has said what becomes of it; an attachment that ends harms no volume.
  if (!ends(change) || rules) return NOTHING;
  const before = fields(change.values.before);
  const id = [before.id, before.resource_id, before.volume_id, before.allocation_id].find(
    (one): one is string => typeof one === "string" && ids.has(one),
  );
  if (id !== undefined) return [["refused", `${verb(change)} ${change.type} of ${id}, which is persistent`]];
  const within = mentioned(before, ids);
  return within === undefined
    ? NOTHING
    : [["typed", `${verb(change)} ${change.address}, which has to do with ${within}`]];
}

/** What runs a program of its own when it is made or ended. */
function programs({ change, plan }: Look): readonly Said[] {
  const found = plan.configuration.get(withoutKeys(change.address))?.provisioners ?? [];
  if (found.length === 0 || !["create", "replace", "delete"].includes(change.kind)) return NOTHING;
  return [["typed", `runs programs for ${change.address} (${[...new Set(found)].join(", ")})`]];
}

/** Another name for the same thing; but no machine's things become another machine's. */
function moved({ change }: Look): readonly Said[] {
  if (change.movedFrom === undefined) return NOTHING;
  const [from, to] = [machineNamed(change.movedFrom), machineNamed(change.address)];
  if (from && to && from !== to) {
    return [["refused", `gives what is ${from}'s to ${to}: ${change.movedFrom} becomes ${change.address}`]];
  }
  if (from || to || rulesOf(change.type) === undefined) {
    return [["typed", `moves ${change.movedFrom} to ${change.address}`]];
  }
  return change.kind === "move" ? [["word", `${change.movedFrom} is called ${change.address} from now on.`]] : NOTHING;
}

/** Whose a resource is by its name, as all are named in terraform/. */
function machineNamed(address: string): MachineName | undefined {
  const key = /\["([^"]+)"\]$/.exec(address)?.[1];
  const name = withoutKeys(address).split(".").at(-1)?.replaceAll("_", "-");
  return [key, name, name?.replace(/-home$/, "")].find(isMachineName);
}

function imported({ change, plan }: Look): readonly Said[] {
  const { importId, address } = change;
  if (importId === undefined) return NOTHING;
  if (importId === "") return [["typed", `takes over what is known only after the apply: ${address}`]];
  const twice = plan.changes.filter((one) => one.importId === importId && one.type === change.type).length > 1;
  if (twice) return [["refused", `takes ${importId} over twice: ${address}`]];
  if (rulesOf(change.type) === undefined)
    return [["typed", `takes over ${importId} as ${address}: ${change.type} is not known to snowglobe`]];
  return [["word", `Takes over ${importId} as ${address}.`]];
}

/** It was deleted outside Terraform, and a new and empty one would take its place. */
function vanished(change: ResourceChange, rules: TypeRules | undefined): readonly Said[] {
  if (change.kind !== "create") return NOTHING;
  if (change.type === "aws_eip") {
    return [["typed", `${change.address} is gone from the account: the new one is another address`]];
  }
  if (!rules?.keeps) return NOTHING;
  return [["typed", `${change.address} is gone from the account: what would be made is new and empty`]];
}

/** A machine that is made again is no danger, but there is something to do afterwards. */
function noteOf({ change, owner }: Look): string | undefined {
  const machine = change.type === "aws_instance" && change.kind === "create" ? machineOf(change) : undefined;
  if (!machine) return undefined;
  const own = owner[machine];
  return own
    ? `${machine} comes up on a temporary disk; a swap (s) then gives it ${own.volumeId} back.`
    : machine === "jumpbox"
      ? "jumpbox is new: its data is on its home volume, and its root is not kept."
      : `${machine} is new: its root volume is recorded as its persistent one, and marked.`;
}

/** The first protected ID anywhere in a value, also inside longer texts such as ARNs. */
function mentioned(value: unknown, ids: ReadonlySet<string>): string | undefined {
  if (typeof value === "string") {
    for (const [id] of value.matchAll(/\b(?:vol|eipalloc)-[0-9a-f]+\b/g)) if (ids.has(id)) return id;
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const one of Object.values(value as Fields)) {
    const id = mentioned(one, ids);
    if (id !== undefined) return id;
  }
  return undefined;
}
