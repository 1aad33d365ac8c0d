/** The database: its data, who reaches it, and what it costs. */

import { fields, list } from "../plan.ts";
import {
  type AttributeRule,
  amount,
  block,
  isUnknown,
  NOTHING,
  notLess,
  plain,
  plainEnd,
  refusesEnd,
  type TypeRules,
  typed,
  typedEnd,
  typedLater,
  unless,
  worth,
} from "./place.ts";
import { labels } from "./tags.ts";

/** One ACU is $0.12 an hour awake, and a minimum above 0 is awake for ever. */
const atMost = (limit: number, what: string): AttributeRule =>
  unless((after, { before }) => typeof after === "number" && after <= Math.max(limit, amount(before, 0)), what);

const CLUSTER: TypeRules = {
  is: "the database",
  keeps: true,
  end: refusesEnd("the database"),
  make: ({ change }) =>
    list(fields(change.values.after).serverlessv2_scaling_configuration).length === 1
      ? NOTHING
      : [["typed", `makes the database without limits of what it costs: ${change.address}`]],
  free: `apply_immediately ca_certificate_identifier ca_certificate_valid_till cluster_members cluster_resource_id
    copy_tags_to_snapshot endpoint engine_version_actual final_snapshot_identifier hosted_zone_id master_user_secret
    preferred_maintenance_window reader_endpoint enabled_cloudwatch_logs_exports upgrade_rollout_order`,
  attributes: {
    allow_major_version_upgrade: unless(
      (after) => after === false,
      "lets the database's engine move to another major version",
    ),
    availability_zones: typedLater("changes where the database's storage is"),
    backup_retention_period: notLess("keeps the database's backups for less long"),
    cluster_identifier: typedLater("renames the database"),
    database_name: typedLater("changes the database"),
    db_cluster_parameter_group_name: typedLater("changes how the database runs"),
    db_subnet_group_name: typedLater("moves the database to other networks"),
    delete_automated_backups: typedLater("changes whether the database's backups outlive it"),
    deletion_protection: unless((after) => after === true, "the database may then be deleted: deletion_protection"),
    enable_http_endpoint: typedLater("changes how the database is reached"),
    enable_global_write_forwarding: unless((after) => after === false, "changes who writes to the database"),
    enable_local_write_forwarding: unless((after) => after === false, "changes who writes to the database"),
    engine: typedLater("changes the database's engine"),
    engine_mode: typedLater("changes what the database is"),
    engine_version: typedLater("changes the database's engine"),
    iam_database_authentication_enabled: unless((after) => after === true, "takes the sign-in by IAM away"),
    kms_key_id: typedLater("changes the key of the database's storage"),
    manage_master_user_password: unless((after) => after === true, "changes who knows the database's password"),
    master_username: typedLater("changes the database's administrator"),
    port: typedLater("changes how the database is reached"),
    preferred_backup_window: worth("The database's backups are made at another time"),
    serverlessv2_scaling_configuration: block({
      max_capacity: atMost(1, "lets the database cost more"),
      min_capacity: atMost(0, "keeps the database awake, and paid for, all the time"),
      seconds_until_auto_pause: atMost(300, "lets the database stay awake, and paid for, for longer"),
    }),
    skip_final_snapshot: unless(
      (after) => after === false,
      "no last copy of the database is then made: skip_final_snapshot",
    ),
    storage_encrypted: unless((after) => after === true, "the database's storage is not encrypted"),
    storage_type: typedLater("changes what the database's storage costs"),
    tags: labels,
    vpc_security_group_ids: typedLater("changes who reaches the database"),
  },
};

const MEMBER: TypeRules = {
  is: "the database's instance",
  end: typedEnd("nothing reaches the database until there is another one; its data stays"),
  free: `apply_immediately auto_minor_version_upgrade availability_zone ca_cert_identifier copy_tags_to_snapshot dbi_resource_id
    endpoint engine engine_version engine_version_actual identifier kms_key_id network_type port preferred_backup_window
    preferred_maintenance_window promotion_tier storage_encrypted writer cluster_identifier db_subnet_group_name
    db_parameter_group_name`,
  attributes: {
    force_destroy: unless((after) => after === false, "lets the database's instance be deleted with all that is on it"),
    instance_class: unless((after) => after === "db.serverless", "lets the database cost more: it never pauses"),
    monitoring_interval: worth("Enhanced monitoring costs a little"),
    performance_insights_enabled: worth("Performance Insights may cost"),
    publicly_accessible: unless((after) => after === false, "the database becomes public"),
    tags: labels,
  },
};

const parameters: AttributeRule = (turn) => {
  if (isUnknown(turn)) return typed("changes how the database runs")(turn);
  const secure = (side: unknown) =>
    list(side).some(
      (one) => fields(one).name === "require_secure_transport" && /^(?:ON|1)$/i.test(plain(fields(one).value)),
    );
  if (secure(turn.before) && !secure(turn.after))
    return [["typed", "lets the database be reached without TLS: require_secure_transport"]];
  const others = (side: unknown) => list(side).filter((one) => fields(one).name !== "require_secure_transport").length;
  return others(turn.before) + others(turn.after) === 0 ? NOTHING : typed("changes how the database runs")(turn);
};

export const DATABASE: Readonly<Record<string, TypeRules>> = {
  aws_rds_cluster: CLUSTER,
  aws_rds_cluster_instance: MEMBER,
  aws_rds_cluster_parameter_group: {
    is: "the database's parameters",
    end: typedEnd("the database runs with others"),
    free: "description family name name_prefix",
    attributes: { parameter: parameters, tags: labels },
  },
  aws_db_subnet_group: {
    is: "the database's networks",
    end: plainEnd,
    free: "description name name_prefix supported_network_types vpc_id",
    attributes: { subnet_ids: typedLater("changes where the database is"), tags: labels },
  },
  ...Object.fromEntries(
    [
      ["aws_db_instance", "the database"],
      ["aws_rds_global_cluster", "the database"],
      ["aws_db_cluster_snapshot", "a copy of the database"],
      ["aws_db_snapshot", "a copy of the database"],
    ].map(([type = "", what = ""]): [string, TypeRules] => [
      type,
      {
        is: what,
        keeps: true,
        end: refusesEnd(what),
        free: "",
        attributes: {
          deletion_protection: unless(
            (after) => after === true,
            "the database may then be deleted: deletion_protection",
          ),
          skip_final_snapshot: unless(
            (after) => after === false,
            "no last copy of the database is then made: skip_final_snapshot",
          ),
          tags: labels,
        },
      },
    ]),
  ),
};
