/** What speaks against a plan, rule by rule: each looks at one change and says what would be lost or disturbed. Pure. */

import { dollars } from "../fleet/derive/cost.ts";
import { isMachineName, MACHINES, type MachineName } from "../fleet/machines.ts";
import type { OwnerValues } from "../fleet/model.ts";
import { PERSISTENT_TAG } from "../fleet/owner-text.ts";
import { valueAt } from "./attributes.ts";
import { fields, list, type PlanModel, type ResourceChange, text } from "./plan.ts";

export interface Objection {
  readonly address: string;
  readonly grade: "refused" | "dangerous";
  /** What is typed to say yes: the machine's name, else the resource's. */
  readonly word: string;
  readonly sentence: string;
}

interface Look {
  readonly change: ResourceChange;
  readonly ids: ReadonlySet<string>;
  readonly owner: OwnerValues;
  readonly plan: PlanModel;
}

type Rule = (look: Look) => readonly (readonly [Objection["grade"], string])[];

const NOTHING: ReturnType<Rule> = [];

/** All objections, those about machines first, and what is worth knowing though nothing speaks against it. */
export function objections(
  plan: PlanModel,
  ids: ReadonlySet<string>,
  owner: OwnerValues,
): { readonly found: readonly Objection[]; readonly notes: string[] } {
  const found: Objection[] = [];
  const notes: string[] = [];
  const gone = new Set(plan.drift.filter(({ kind }) => kind === "delete").map(({ address }) => address));
  for (const change of plan.changes) {
    if (change.mode === "data") continue;
    const word = machineOf(change) ?? change.address;
    const look = { change, ids, owner, plan };
    const said = [...RULES.flatMap((rule) => rule(look)), ...(gone.has(change.address) ? vanished(change) : NOTHING)];
    for (const [grade, sentence] of said) found.push({ address: change.address, grade, word, sentence });
    const note = noteOf(look);
    if (note) notes.push(note);
  }
  const isMachine = ({ word }: Objection) => (isMachineName(word) ? 0 : 1);
  return { found: found.toSorted((a, b) => isMachine(a) - isMachine(b)), notes };
}

/** Holds data, and is gone for good when it is deleted. */
const DATA: Readonly<Record<string, string>> = {
  aws_ebs_volume: "a volume with data",
  aws_ebs_snapshot: "a snapshot",
  aws_ebs_snapshot_copy: "a snapshot",
  aws_rds_cluster: "the database",
  aws_rds_global_cluster: "the database",
  aws_db_instance: "the database",
  aws_db_cluster_snapshot: "a copy of the database",
  aws_db_snapshot: "a copy of the database",
  aws_s3_bucket: "a bucket, and Terraform's state is in one",
  aws_backup_vault: "the backups",
  aws_backup_logically_air_gapped_vault: "the backups",
  aws_kms_key: "a key, without which what it encrypted is lost",
  aws_efs_file_system: "a file system",
  aws_dynamodb_table: "a table",
};

/** Not the data itself, but what protects it or leads to it. */
const AROUND: Readonly<Record<string, string>> = {
  aws_rds_cluster_instance: "nothing reaches the database until there is another one; its data stays",
  aws_backup_plan: "no backups are made any more",
  aws_backup_selection: "what it selects is not backed up any more",
  aws_backup_vault_policy: "the backups lose their protection",
  aws_backup_vault_lock_configuration: "the backups lose their protection",
  aws_s3_bucket_versioning: "older versions of the state are not kept any more",
  aws_s3_bucket_public_access_block: "the state's bucket may become public",
  aws_s3_bucket_server_side_encryption_configuration: "the state is not encrypted any more",
  aws_volume_attachment: "the volume comes off its machine; its data stays on it",
  aws_eip_association: "the machine loses its address until it is given back",
  aws_secretsmanager_secret: "the secret is gone",
};

const ends = ({ kind }: ResourceChange) => kind === "delete" || kind === "replace";
const verb = ({ kind }: ResourceChange) => (kind === "replace" ? "replaces" : "deletes");

const unknownAction: Rule = ({ change }) =>
  change.kind === "unknown"
    ? [["refused", `plans something for ${change.address} that this version does not know`]]
    : NOTHING;

const dataHolder: Rule = ({ change }) => {
  const what = Object.hasOwn(DATA, change.type) ? DATA[change.type] : undefined;
  if (what === undefined || !ends(change)) return NOTHING;
  return [["refused", `${verb(change)} ${what}: ${nameOf(change)}`]];
};

const address: Rule = ({ change }) => {
  if (change.type !== "aws_eip" || !ends(change)) return NOTHING;
  const ip = text(fields(change.values.before).public_ip);
  return [["refused", `${verb(change)} an Elastic IP, which never comes back: ${ip ?? nameOf(change)}`]];
};

/** Whatever its type: what is, or is made of, a protected volume or address. */
const ownId: Rule = ({ change, ids }) => {
  if (!ends(change) || Object.hasOwn(DATA, change.type) || change.type === "aws_eip") return NOTHING;
  const before = fields(change.values.before);
  const id = [before.id, before.resource_id, before.volume_id, before.allocation_id].find(
    (one): one is string => typeof one === "string" && ids.has(one),
  );
  if (id === undefined) return mentions(change, ids);
  if (change.type === "aws_volume_attachment" || change.type === "aws_eip_association") return NOTHING;
  if (change.type === "aws_ec2_tag" && before.key !== PERSISTENT_TAG) {
    return [["dangerous", `takes the tag ${String(text(before.key))} off ${id}, which is persistent`]];
  }
  const what = change.type === "aws_ec2_tag" ? "the mark that keeps it from being deleted" : change.type;
  return [["refused", `${verb(change)} ${what} of ${id}, which is persistent`]];
};

function mentions(change: ResourceChange, ids: ReadonlySet<string>): ReturnType<Rule> {
  if (change.type === "aws_instance" || Object.hasOwn(AROUND, change.type)) return NOTHING;
  const id = mentioned(change.values.before, ids);
  return id === undefined ? NOTHING : [["dangerous", `${verb(change)} ${change.address}, which has to do with ${id}`]];
}

const around: Rule = ({ change }) => {
  const what = Object.hasOwn(AROUND, change.type) ? AROUND[change.type] : undefined;
  if (what === undefined || !ends(change)) return NOTHING;
  // A replacement makes a new one at once; only for these two the moment in between is felt.
  if (change.kind === "replace" && !["aws_rds_cluster_instance", "aws_volume_attachment"].includes(change.type))
    return NOTHING;
  const moved = change.type === "aws_volume_attachment" && change.kind === "replace" && otherVolume(change);
  if (moved) return [["refused", `puts another volume in the place of ${moved}`]];
  return [["dangerous", `${verb(change)} ${change.address}: ${what}`]];
};

function otherVolume({ values }: ResourceChange): string | undefined {
  const [before, after] = [text(fields(values.before).volume_id), text(fields(values.after).volume_id)];
  return before !== undefined && before !== after ? before : undefined;
}

/** A backup that no longer covers a volume that it covered. */
const coverage: Rule = ({ change, ids }) => {
  if (change.type !== "aws_backup_selection" || (change.kind !== "update" && change.kind !== "replace")) return NOTHING;
  const covered = (side: unknown) => list(fields(side).resources).flatMap((one) => text(one) ?? []);
  // Known only after the apply: then a new volume is meant, and none is taken out by name.
  if (fields(change.values.unknown).resources === true) return NOTHING;
  const after = new Set(covered(change.values.after));
  const lost = covered(change.values.before).filter(
    (arn) => !after.has(arn) && (/volume\/vol-/.test(arn) || ids.has(arn)),
  );
  return lost.map((arn) => ["dangerous", `no longer backs up ${arn.split("/").at(-1)}`] as const);
};

/** In place: what protects the database and the buckets from being deleted. */
const protection: Rule = ({ change }) => {
  if (change.kind !== "update") return NOTHING;
  const went = (name: string, from: unknown, to: unknown) =>
    fields(change.values.before)[name] === from && fields(change.values.after)[name] === to;
  if (/^aws_(?:rds_cluster|db_instance)$/.test(change.type)) {
    if (went("deletion_protection", true, false))
      return [["dangerous", "the database may then be deleted: deletion_protection"]];
    if (went("skip_final_snapshot", false, true))
      return [["dangerous", "no last copy of the database is then made: skip_final_snapshot"]];
  }
  if (went("force_destroy", false, true))
    return [["dangerous", `${change.address} may then be deleted with all that is in it: force_destroy`]];
  const status = (side: unknown) => valueAt(side, ["versioning_configuration", 0, "status"]);
  if (change.type === "aws_s3_bucket_versioning" && status(change.values.after) === "Suspended") {
    return [["dangerous", "older versions of the state are not kept any more"]];
  }
  return NOTHING;
};

/** In place: the persistent volumes themselves. */
const volumeInPlace: Rule = ({ change, ids }) => {
  if (change.kind !== "update") return NOTHING;
  const before = fields(change.values.before);
  if (change.type === "aws_ebs_volume") {
    const changed = changedKeys(change, ["size", "type", "iops", "throughput", "tags", "tags_all", "final_snapshot"]);
    return changed.length > 0
      ? [["dangerous", `changes the volume ${nameOf(change)} in place, which has data on it: ${changed.join(", ")}`]]
      : NOTHING;
  }
  if (change.type === "aws_ec2_tag" && typeof before.resource_id === "string" && ids.has(before.resource_id)) {
    return before.key === PERSISTENT_TAG
      ? [["refused", `changes the mark that keeps ${before.resource_id} from being deleted`]]
      : [["dangerous", `changes the tag ${String(text(before.key))} of ${before.resource_id}, which is persistent`]];
  }
  return NOTHING;
};

const BLOCK = [
  "volume_size",
  "volume_type",
  "iops",
  "throughput",
  "tags",
  "tags_all",
  "encrypted",
  "kms_key_id",
] as const;

/** A machine's root: on a swapped machine the configuration would change the owner's volume (aws.md, root-volume traps). */
const rootInPlace: Rule = ({ change, ids }) => {
  if (change.type !== "aws_instance" || change.kind !== "update") return NOTHING;
  const root = (side: unknown) => fields(valueAt(side, ["root_block_device", 0]));
  const [before, after] = [root(change.values.before), root(change.values.after)];
  const id = text(before.volume_id);
  const what = `${id ?? "its root volume"}${id && ids.has(id) ? ", which is persistent" : ""}`;
  if (before.delete_on_termination === false && after.delete_on_termination === true) {
    return [["refused", `would have ${what} deleted with ${machineOf(change) ?? change.address}`]];
  }
  const changed = BLOCK.filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]) && after[key] !== undefined,
  );
  if (changed.length === 0) return NOTHING;
  const marked = before.tags && fields(before.tags)[PERSISTENT_TAG] !== undefined;
  if (marked && fields(after.tags)[PERSISTENT_TAG] === undefined) {
    return [["refused", `takes the mark off ${what} that keeps it from being deleted`]];
  }
  const details = changed.map(
    (key) => `${key} ${JSON.stringify(before[key] ?? null)} to ${JSON.stringify(after[key])}`,
  );
  return [["dangerous", `changes ${what}${what.includes(",") ? "," : ""} in place: ${details.join(", ")}`]];
};

/** A machine that goes, with or without another in its place. */
const machineEnds: Rule = ({ change, ids, owner }) => {
  if (change.type !== "aws_instance" || !ends(change)) return NOTHING;
  const machine = machineOf(change);
  const name = machine ?? change.address;
  const before = fields(change.values.before);
  const lost = [...list(before.root_block_device), ...list(before.ebs_block_device)]
    .map(fields)
    .filter((block) => block.delete_on_termination === true);
  const said: (readonly [Objection["grade"], string])[] = lost.map((block) => [
    "refused",
    `${verb(change)} ${name}, and with it ${text(block.volume_id) ?? "its volume"}: delete_on_termination is set`,
  ]);
  const encryption = change.replacePaths.find((path) => /^root_block_device\b.*(?:encrypted|kms_key_id)$/.test(path));
  const root = text(fields(valueAt(before, ["root_block_device", 0])).volume_id);
  if (change.kind === "replace" && encryption && root && ids.has(root)) {
    said.push([
      "refused",
      `replaces ${name} only because ${root}, which is persistent, is not encrypted as configured`,
    ]);
  }
  said.push(["dangerous", change.kind === "replace" ? replacement(change, machine, owner) : deletion(name, root)]);
  return said;
};

function replacement(change: ResourceChange, machine: MachineName | undefined, owner: OwnerValues): string {
  const paths = change.replacePaths.length ? ` (because of ${change.replacePaths.join(", ")})` : "";
  const name = machine ?? change.address;
  const back =
    machine && owner[machine] ? `, and a swap to get ${owner[machine].volumeId} back (press s afterwards)` : "";
  const cost = machine ? ` The new one costs up to ${dollars(MACHINES[machine].onDemandPerHour, "h")}.` : "";
  return `replaces ${name}${paths}: about an hour's disturbance, every session on it ends, it comes up on a new root volume${back}.${cost}`;
}

function deletion(name: string, root: string | undefined): string {
  return `terminates ${name}; its root volume${root ? ` ${root}` : ""} stays and goes on costing`;
}

/** In place, but only by stopping the machine. */
const STOPS = ["instance_type", "user_data", "user_data_base64", "ebs_optimized", "cpu_options"] as const;

const machineStops: Rule = ({ change }) => {
  if (change.type !== "aws_instance" || change.kind !== "update") return NOTHING;
  const changed = changedKeys(change, STOPS);
  if (changed.length === 0) return NOTHING;
  return [["dangerous", `stops and starts ${machineOf(change) ?? change.address} to change ${changed.join(", ")}`]];
};

const forgotten: Rule = ({ change, ids }) => {
  if (change.kind !== "forget") return NOTHING;
  const id = mentioned(change.values.before, ids);
  return [
    [
      "dangerous",
      `forgets ${change.address}${id ? ` with ${id}` : ""}: it stays in the account, and Terraform no longer knows of it`,
    ],
  ];
};

const RULES: readonly Rule[] = [
  unknownAction,
  machineEnds,
  rootInPlace,
  machineStops,
  dataHolder,
  address,
  ownId,
  around,
  coverage,
  protection,
  volumeInPlace,
  forgotten,
];

/** It was deleted outside Terraform, and a new and empty one would take its place. */
function vanished(change: ResourceChange): ReturnType<Rule> {
  if (change.kind !== "create") return NOTHING;
  if (Object.hasOwn(DATA, change.type)) {
    return [["dangerous", `${change.address} is gone from the account: what would be made is new and empty`]];
  }
  if (change.type === "aws_eip") {
    return [["dangerous", `${change.address} is gone from the account: the new one is another address`]];
  }
  return NOTHING;
}

/** A machine that is made again is no danger, but there is something to do afterwards. */
function noteOf({ change, owner }: Look): string | undefined {
  const machine = change.type === "aws_instance" && change.kind === "create" ? machineOf(change) : undefined;
  if (!machine) return undefined;
  const own = owner[machine];
  return own
    ? `${machine} comes up on a throw-away root; a swap (s) then gives it ${own.volumeId} back.`
    : `${machine} is new: its root volume is recorded as its persistent one.`;
}

/** Which of the three machines a change is about: by its Name tag, else by its resource's name. */
export function machineOf({ type, name, values }: ResourceChange): MachineName | undefined {
  if (type !== "aws_instance") return undefined;
  const tags = [values.before, values.after].map((side) => text(fields(fields(side).tags).Name));
  return [...tags, name.replaceAll("_", "-")].find(isMachineName);
}

function nameOf({ address: where, values }: ResourceChange): string {
  const before = fields(values.before);
  return text(before.id) ?? text(before.name) ?? where;
}

function changedKeys({ values }: ResourceChange, keys: readonly string[]): readonly string[] {
  const [before, after, unknown] = [fields(values.before), fields(values.after), fields(values.unknown)];
  return keys.filter((key) => unknown[key] === true || JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}

/** The first protected ID anywhere in a value, also inside longer texts such as ARNs. */
function mentioned(value: unknown, ids: ReadonlySet<string>): string | undefined {
  if (typeof value === "string") {
    for (const [id] of value.matchAll(/\b(?:vol|eipalloc)-[0-9a-f]+\b/g)) if (ids.has(id)) return id;
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const one of Object.values(value)) {
    const id = mentioned(one, ids);
    if (id !== undefined) return id;
  }
  return undefined;
}
