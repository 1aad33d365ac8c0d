/** What holds data, and what ties it to machines: volumes, their tags and attachments, snapshots, buckets. */

import { isMachineName, MACHINE_NAMES } from "../../fleet/machines.ts";
import { PERSISTENT_TAG } from "../../fleet/tags.ts";
import { fields, list, text } from "../plan.ts";
import {
  type AttributeRule,
  amount,
  anything,
  block,
  isEmpty,
  isFresh,
  isMadeOfNew,
  isUnknown,
  type Look,
  NOTHING,
  nameOf,
  plain,
  plainEnd,
  refusesEnd,
  type Said,
  type TypeRules,
  typed,
  typedEnd,
  typedLater,
  unless,
  words,
} from "./place.ts";
import { readsOnlyDenials } from "./policy.ts";
import { labels, takesMarkOff } from "./tags.ts";

/** A size that grows is no loss, and yet cannot be undone; what is on it is in the middle of it. */
const inPlace: AttributeRule = (turn) =>
  isFresh(turn)
    ? NOTHING
    : [["typed", `changes the volume ${nameOf(turn.look.change)} in place, which has data on it: ${words(turn)}`]];

const volumeTags: AttributeRule = (turn) =>
  takesMarkOff(turn)
    ? [["refused", `removes the tag that protects ${nameOf(turn.look.change)} from deletion`]]
    : inPlace(turn);

const VOLUME: TypeRules = {
  is: "a volume with data",
  keeps: true,
  end: refusesEnd("a volume with data"),
  free: "create_time outpost_arn volume_initialization_rate",
  attributes: {
    availability_zone: typedLater("moves a volume"),
    encrypted: typedLater("changes a volume's encryption"),
    final_snapshot: unless((after) => after === true, "makes no last snapshot of the volume"),
    iops: inPlace,
    kms_key_id: typedLater("changes a volume's encryption"),
    multi_attach_enabled: unless((after) => after === false, "lets two machines write to one volume"),
    size: inPlace,
    snapshot_id: typedLater("changes what a volume is made from"),
    tags: volumeTags,
    // What it says is said of `tags`; what it does not say yet may be anything.
    tags_all: (turn) => (isUnknown(turn) || takesMarkOff(turn) ? volumeTags(turn) : NOTHING),
    throughput: inPlace,
    type: inPlace,
  },
};

const isMark = (side: unknown) => fields(side).key === PERSISTENT_TAG;

/** The mark of a persistent root, moved by its owner: terraform.tfvars names another volume, and the old one is kept. */
function movedByOwner(look: Look): readonly Said[] | undefined {
  const { change, owner, fleet } = look;
  const [before, after] = [fields(change.values.before), fields(change.values.after)];
  const machine = text(after.value);
  const [old, fresh] = [text(before.resource_id), text(after.resource_id)];
  if (change.kind !== "replace" || !isMark(before) || !isMark(after) || before.value !== after.value) return undefined;
  if (!isMachineName(machine) || !old || !fresh || owner[machine]?.volumeId !== fresh) return undefined;
  const volumes = fleet?.observation.volumes ?? [];
  const [was, will] = [old, fresh].map((id) => volumes.find((one) => one.id === id));
  if (!will) return [["refused", `gives ${machine} the volume ${fresh}, which is not in the account`]];
  const others = MACHINE_NAMES.filter((name) => name !== machine && owner[name]?.volumeId === fresh);
  if (others.length > 0) return [["refused", `gives ${machine} the volume of ${others.join(" and ")}: ${fresh}`]];
  if (was && was.availabilityZone !== will.availabilityZone) {
    return [
      [
        "refused",
        `gives ${machine} the volume ${fresh}, which is in ${will.availabilityZone} and ${old} in ${was.availabilityZone}`,
      ],
    ];
  }
  const copy = `${fresh} (${will.sizeGiB} GiB, ${will.encrypted ? "encrypted" : "not encrypted"})`;
  return [
    [
      "typed",
      `makes ${copy} the persistent root of ${machine} in place of ${old}, which is kept, but no longer marked as persistent`,
    ],
  ];
}

/** Whatever volume has it, the mark protects it. */
function tagEnds(look: Look): readonly Said[] {
  const { change, ids } = look;
  const before = fields(change.values.before);
  const id = text(before.resource_id) ?? "a volume";
  if (isMark(before)) return movedByOwner(look) ?? [["refused", `removes the tag that protects ${id} from deletion`]];
  return [["typed", `takes the tag ${plain(before.key)} off ${id}${ids.has(id) ? ", which is persistent" : ""}`]];
}

const tagValue: AttributeRule = (turn) => {
  const { change, ids } = turn.look;
  const [before, after] = [fields(change.values.before), fields(change.values.after)];
  const id = text(before.resource_id) ?? text(after.resource_id) ?? "a resource";
  if (change.kind === "replace") return NOTHING; // tagEnds has said it
  if (isFresh(turn)) {
    const known = !isUnknown({ unknown: fields(change.values.unknown).key });
    if (known && isMark(after)) return NOTHING;
    const matters = !known || after.key === "Name" || /^snowglobe:/.test(plain(after.key)) || ids.has(id);
    return matters
      ? [["typed", `puts the tag ${text(after.key) ?? "that is known only after the apply"} on ${id}`]]
      : NOTHING;
  }
  if (isMark(before)) return [["refused", `changes the tag that protects ${id} from deletion`]];
  return [["typed", `changes the tag ${plain(before.key)} of ${id}${ids.has(id) ? ", which is persistent" : ""}`]];
};

const TAG: TypeRules = {
  is: "a tag",
  end: tagEnds,
  free: "",
  attributes: { key: anything, resource_id: anything, value: tagValue },
};

/** Two roots of one image share label and UUID: with both attached, the wrong one may boot (aws.md). */
const attached: AttributeRule = (turn) => {
  const { look, after, before } = turn;
  const id = text(after);
  if (id && look.roots.has(id))
    return [["refused", `attaches ${id}, a persistent root, as one more disk: the wrong one may then boot`]];
  if (look.change.kind === "replace")
    return [["refused", `puts another volume in the place of ${text(before) ?? "the one that is there"}`]];
  if (isFresh(turn) && (!isUnknown(turn) || isMadeOfNew(turn))) return NOTHING;
  return [
    ["typed", `attaches a volume that is known only after the apply, and may be a persistent root: ${words(turn)}`],
  ];
};

const ATTACHMENT: TypeRules = {
  is: "a volume's place",
  end: typedEnd("the volume comes off its machine; its data stays on it"),
  free: "device_name skip_destroy instance_id",
  attributes: {
    force_detach: unless((after) => after === false, "takes the volume off even while it is written to"),
    stop_instance_before_detaching: unless((after) => after === true, "takes the volume off a running machine"),
    volume_id: attached,
  },
};

const BUCKET: TypeRules = {
  is: "a bucket",
  keeps: true,
  end: refusesEnd("a bucket, and Terraform's state is in one"),
  free: `acceleration_status bucket bucket_domain_name bucket_prefix bucket_region bucket_regional_domain_name hosted_zone_id
    request_payer website_domain website_endpoint object_lock_enabled`,
  attributes: {
    acl: typed("may open the bucket to others"),
    force_destroy: unless(
      (after) => after === false,
      "lets the bucket be deleted with all that is in it (force_destroy)",
    ),
    grant: typed("may open the bucket to others"),
    lifecycle_rule: typed("may have what is in the bucket expire"),
    policy: typed("may open the bucket to others"),
    server_side_encryption_configuration: typed("changes how the bucket is encrypted"),
    tags: labels,
    versioning: typed("changes whether older versions of the state are kept"),
  },
};

const VERSIONING: TypeRules = {
  is: "the bucket's versions",
  end: typedEnd("older versions of the state are not kept any more"),
  free: "bucket expected_bucket_owner mfa",
  attributes: {
    versioning_configuration: block({
      mfa_delete: anything,
      status: unless((after) => after === "Enabled", "older versions of the state are not kept any more"),
    }),
  },
};

const BLOCKS = ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"] as const;

const PUBLIC_ACCESS: TypeRules = {
  is: "the bucket's fence",
  end: typedEnd("the state's bucket may become public"),
  make: ({ change }) =>
    BLOCKS.filter((name) => fields(change.values.after)[name] !== true).map((name) => [
      "typed",
      `lets the state's bucket become public: ${name} of ${change.address} is not set`,
    ]),
  free: "bucket skip_destroy",
  attributes: Object.fromEntries(
    BLOCKS.map((name) => [name, unless((after) => after === true, "lets the state's bucket become public")]),
  ),
};

/** Old versions may go after a while; the state itself never, and no version sooner than before. */
const expiry: AttributeRule = (turn) => {
  if (isUnknown(turn)) return typed("may have the state expire")(turn);
  const before = new Map(list(turn.before).map((one) => [fields(one).id, fields(one)]));
  const isFine = (given: unknown) => {
    const { id, status, expiration, transition, noncurrent_version_expiration: old } = fields(given);
    if (status === "Disabled") return true;
    const went = fields(list(before.get(id)?.noncurrent_version_expiration)[0]);
    const goes = fields(list(old)[0]);
    const kept = (key: string, least: number) => amount(goes[key], 0) >= amount(went[key], least);
    const older = list(old).length === 0 || (kept("noncurrent_days", 30) && kept("newer_noncurrent_versions", 0));
    const marker = list(expiration).every((one) => fields(one).days == null && fields(one).date == null);
    return marker && list(transition).length === 0 && older;
  };
  return list(turn.after).every(isFine) ? NOTHING : typed("may have the state expire")(turn);
};

const LIFECYCLE: TypeRules = {
  is: "what becomes of old versions",
  end: plainEnd,
  free: "bucket expected_bucket_owner transition_default_minimum_object_size",
  attributes: { rule: expiry },
};

const isAes = (given: unknown) => fields(given).sse_algorithm === "AES256";
const ENCRYPTION: TypeRules = {
  is: "the bucket's encryption",
  end: typedEnd("the state is not encrypted any more"),
  make: ({ change }) =>
    list(fields(change.values.after).rule).some((one) =>
      list(fields(one).apply_server_side_encryption_by_default).some(isAes),
    )
      ? NOTHING
      : [["typed", "changes how the state is encrypted"]],
  free: "bucket expected_bucket_owner",
  attributes: {
    rule: block({
      apply_server_side_encryption_by_default: block({
        sse_algorithm: unless((after) => after === "AES256", "changes how the state is encrypted"),
        kms_master_key_id: unless((after) => isEmpty(after), "changes the key of the state"),
      }),
      blocked_encryption_types: anything,
      bucket_key_enabled: anything,
    }),
  },
};

const BUCKET_POLICY: TypeRules = {
  is: "the bucket's policy",
  end: typedEnd("what it forbade is forbidden no longer"),
  free: "bucket",
  attributes: {
    policy: (turn) => (readsOnlyDenials(turn) ? NOTHING : typed("may open the state's bucket to others")(turn)),
  },
};

const ENCRYPTION_DEFAULT: TypeRules = {
  is: "encryption by default",
  end: typedEnd("new volumes and snapshots are not encrypted any more"),
  free: "",
  attributes: { enabled: unless((after) => after === true, "new volumes and snapshots are not encrypted any more") },
};

/** Not in terraform/, and yet never ended by a plan. */
const kept = (what: string): TypeRules => ({
  is: what,
  keeps: true,
  end: refusesEnd(what),
  free: "",
  attributes: { force_destroy: unless((after) => after === false, "lets it be deleted with all that is in it") },
});

export const STORAGE: Readonly<Record<string, TypeRules>> = {
  aws_ebs_encryption_by_default: ENCRYPTION_DEFAULT,
  aws_ebs_volume: VOLUME,
  aws_ec2_tag: TAG,
  aws_s3_bucket: BUCKET,
  aws_s3_bucket_lifecycle_configuration: LIFECYCLE,
  aws_s3_bucket_policy: BUCKET_POLICY,
  aws_s3_bucket_public_access_block: PUBLIC_ACCESS,
  aws_s3_bucket_server_side_encryption_configuration: ENCRYPTION,
  aws_s3_bucket_versioning: VERSIONING,
  aws_volume_attachment: ATTACHMENT,
  aws_ebs_snapshot: kept("a snapshot"),
  aws_ebs_snapshot_copy: kept("a snapshot"),
  aws_kms_key: kept("a key, without which what it encrypted is lost"),
  aws_efs_file_system: kept("a file system"),
  aws_dynamodb_table: kept("a table"),
};
