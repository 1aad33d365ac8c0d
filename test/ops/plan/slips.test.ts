/** Plans that once passed with a plain yes, each of which takes away what somebody relies on. */

import { describe, expect, test } from "vitest";
import { judge, said, type Verdict } from "../../../ops/plan/guard.ts";
import { money, moneyWords } from "../../../ops/plan/money.ts";
import { planOf } from "../../../ops/plan/plan.ts";
import { ARM_ADDRESS, ARM_VOLUME, change, HOME_VOLUME, machine, OWNER, plan, planJson } from "./plans.ts";

type Given = Readonly<Record<string, unknown>>;
const make = (address: string, after: Given, more: Given = {}) =>
  change(address, { actions: ["create"], after: { ...after }, ...more });
const upd = (address: string, before: Given, after: Given, unknown: Given = {}) =>
  change(address, { actions: ["update"], before: { ...before }, after: { ...after }, unknown });
const del = (address: string, before: Given) => change(address, { actions: ["delete"], before: { ...before } });
const rep = (address: string, before: Given, after: Given, unknown: Given = {}) =>
  change(address, { actions: ["delete", "create"], before: { ...before }, after: { ...after }, unknown });
const moved = (from: string, to: string, value: Given) =>
  change(to, { actions: ["no-op"], before: value, after: value, previous: from });

const ARM = "aws_instance.fcvm_metal_arm";
const arm = (over = {}, block = {}) => machine("fcvm-metal-arm", ARM_VOLUME, over, block);
const options = (over: Given) =>
  arm({ metadata_options: [{ http_tokens: "required", http_endpoint: "enabled", ...over }] });
const cluster = (over: Given) => ({
  id: "snowglobe",
  backup_retention_period: 7,
  serverlessv2_scaling_configuration: [{ min_capacity: 0, max_capacity: 1, seconds_until_auto_pause: 300 }],
  ...over,
});
const scaled = (over: Given) =>
  cluster({
    serverlessv2_scaling_configuration: [{ min_capacity: 0, max_capacity: 1, seconds_until_auto_pause: 300, ...over }],
  });
const lambda = (variables: Given) => ({ function_name: "snowglobe-auto-stop", environment: [{ variables }] });
const rule = (over: Given) => ({
  rule_name: "daily",
  target_vault_name: "snowglobe",
  schedule: "cron(0 10 * * ? *)",
  lifecycle: [{ delete_after: 7 }],
  ...over,
});
const weekly = rule({ rule_name: "weekly", lifecycle: [{ delete_after: 30 }] });
const fence = {
  block_public_acls: true,
  block_public_policy: true,
  ignore_public_acls: true,
  restrict_public_buckets: true,
};
const eip = { id: ARM_ADDRESS, public_ip: "184.72.40.255", instance: "i-1" };
const allow = (action: string, resource = "*") =>
  JSON.stringify({ Statement: [{ Effect: "Allow", Action: action, Resource: resource }] });

const MARKED = { "snowglobe:persistent": "fcvm-metal-arm" };

const SLIPS: readonly (readonly [string, Exclude<Verdict["kind"], "safe">, RegExp, ReturnType<typeof change>])[] = [
  // Persistent roots.
  [
    "a persistent root attached as a second disk",
    "refused",
    /the wrong one may then boot/,
    make("aws_volume_attachment.x", { volume_id: ARM_VOLUME, instance_id: "i-1", device_name: "/dev/sdg" }),
  ],
  [
    "a persistent root attached elsewhere",
    "refused",
    /persistent root/,
    rep("aws_volume_attachment.x", { volume_id: HOME_VOLUME }, { volume_id: ARM_VOLUME, instance_id: "i-2" }),
  ],
  [
    "a volume attached that is known only later",
    "dangerous",
    /may be a persistent root/,
    make("aws_volume_attachment.x", { instance_id: "i-1" }, { unknown: { volume_id: true } }),
  ],
  [
    "a volume taken off by force",
    "dangerous",
    /even while it is written to/i,
    upd("aws_volume_attachment.x", { force_detach: false }, { force_detach: true }),
  ],
  [
    "disks that belong to a machine",
    "dangerous",
    /disks of fcvm-metal-arm/,
    upd(ARM, arm(), arm({ ebs_block_device: [{ device_name: "/dev/sdg", delete_on_termination: true }] })),
  ],
  [
    "a root's size known only later",
    "dangerous",
    /volume_size to a value known only after the apply/,
    upd(ARM, arm(), arm({}, { volume_size: undefined }), { root_block_device: [{ volume_size: true }] }),
  ],
  [
    "a root that may be deleted with its machine",
    "refused",
    /known only after the apply/,
    upd(ARM, arm(), arm({}, { delete_on_termination: undefined }), {
      root_block_device: [{ delete_on_termination: true }],
    }),
  ],
  [
    "a root block known only later",
    "refused",
    /known only after the apply/,
    upd(ARM, arm(), arm({ root_block_device: undefined }), { root_block_device: true }),
  ],
  [
    "a marked root's tags known only later",
    "refused",
    /removes the tag that protects/i,
    upd(ARM, arm({}, { tags: MARKED }), arm({}, { tags: undefined }), { root_block_device: [{ tags: true }] }),
  ],
  [
    "the mark off by volume_tags",
    "refused",
    /removes the tag that protects/i,
    upd(ARM, arm({ volume_tags: MARKED }), arm({ volume_tags: { Owner: "me" } })),
  ],
  [
    "all volume_tags off",
    "refused",
    /removes the tag that protects/i,
    upd(ARM, arm({ volume_tags: MARKED }), arm({ volume_tags: null })),
  ],
  [
    "other volume_tags",
    "dangerous",
    /tags of every volume of fcvm-metal-arm/,
    upd(ARM, arm(), arm({ volume_tags: { a: "b" } })),
  ],
  // Machines.
  [
    "an address taken off a machine",
    "dangerous",
    /takes an address/i,
    upd("aws_eip.fcvm_metal_arm", eip, { ...eip, instance: null }),
  ],
  [
    "an address that goes somewhere unknown",
    "dangerous",
    /address/,
    upd("aws_eip.fcvm_metal_arm", eip, { ...eip, instance: null }, { instance: true }),
  ],
  [
    "shutdown behaviour terminate",
    "dangerous",
    /end the machine for good/,
    upd(ARM, arm(), arm({ instance_initiated_shutdown_behavior: "terminate" })),
  ],
  ["a Name tag changed", "dangerous", /tag Name/, upd(ARM, arm(), arm({ tags: { Name: "x" } }))],
  [
    "a Name tag unknown",
    "dangerous",
    /only after the apply/,
    upd(ARM, arm(), arm({ tags: {} }), { tags: { Name: true } }),
  ],
  ["IMDSv1 allowed", "dangerous", /IMDSv1/, upd(ARM, arm(), options({ http_tokens: "optional" }))],
  ["IMDSv1 allowed on a new machine", "dangerous", /IMDSv1/, make(ARM, options({ http_tokens: "optional" }))],
  ["a new machine without a word on IMDSv1", "dangerous", /IMDSv1/, make(ARM, arm({ metadata_options: [] }))],
  [
    "a new machine whose root goes with it",
    "dangerous",
    /root volume/,
    make(ARM, arm({}, { delete_on_termination: true })),
  ],
  [
    "a machine type at ten times the price",
    "dangerous",
    /costs nobody here knows what/i,
    make(ARM, arm({ instance_type: "u-24tb1.metal" })),
  ],
  [
    "the jumpbox on metal",
    "dangerous",
    /\$5\.09\/h/,
    make("aws_instance.jumpbox", machine("jumpbox", "vol-0b", { instance_type: "c5.metal" })),
  ],
  [
    "a spot machine that AWS may end",
    "dangerous",
    /AWS may take/,
    make(
      ARM,
      arm({
        instance_market_options: [
          {
            market_type: "spot",
            spot_options: [{ spot_instance_type: "one-time", instance_interruption_behavior: "terminate" }],
          },
        ],
      }),
    ),
  ],
  ["auto-stop kept from stopping", "dangerous", /from being stopped/, upd(ARM, arm(), arm({ disable_api_stop: true }))],
  [
    "a dev machine with the jumpbox's rights",
    "dangerous",
    /other rights/,
    upd(ARM, arm({ iam_instance_profile: "snowglobe-dev" }), arm({ iam_instance_profile: "snowglobe-jumpbox" })),
  ],
  [
    "moved between machines",
    "refused",
    /fcvm-metal-arm's to fcvm-metal-x86/,
    moved(ARM, "aws_instance.fcvm_metal_x86", arm()),
  ],
  [
    "an address moved between machines",
    "refused",
    /fcvm-metal-arm's to jumpbox/,
    moved("aws_eip.fcvm_metal_arm", "aws_eip.jumpbox", eip),
  ],
  // Rights.
  [
    "a dev role made admin",
    "dangerous",
    /snowglobe-dev the rights of AdministratorAccess/,
    make("aws_iam_role_policy_attachment.dev", {
      role: "snowglobe-dev",
      policy_arn: "arn:aws:iam::aws:policy/AdministratorAccess",
    }),
  ],
  [
    "a dev role made admin by its own policy",
    "dangerous",
    /new rights: \*/,
    upd(
      "aws_iam_role_policy.dev",
      { role: "snowglobe-dev", policy: allow("sns:Publish", "arn:aws:sns:a") },
      { role: "snowglobe-dev", policy: allow("*") },
    ),
  ],
  [
    "rights that are known only later",
    "dangerous",
    /cannot be told/,
    make("aws_iam_role_policy.dev", { role: "snowglobe-dev" }, { unknown: { policy: true } }),
  ],
  [
    "rights by what they are not",
    "dangerous",
    /cannot be told/,
    make("aws_iam_role_policy.dev", {
      role: "r",
      policy: JSON.stringify({ Statement: [{ Effect: "Allow", NotAction: "s3:*", Resource: "*" }] }),
    }),
  ],
  [
    "a role that anybody may take",
    "dangerous",
    /lets others take/i,
    make("aws_iam_role.dev", {
      assume_role_policy: JSON.stringify({
        Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: "*" } }],
      }),
    }),
  ],
  ["a user", "dangerous", /not known to snowglobe/, make("aws_iam_user.x", { name: "x" })],
  // The database.
  [
    "the database public",
    "dangerous",
    /becomes public/i,
    upd("aws_rds_cluster_instance.this", { publicly_accessible: false }, { publicly_accessible: true }),
  ],
  [
    "the database's port open",
    "dangerous",
    /0\.0\.0\.0\/0 reach tcp 3306/,
    make("aws_vpc_security_group_ingress_rule.x", {
      cidr_ipv4: "0.0.0.0/0",
      ip_protocol: "tcp",
      from_port: 3306,
      to_port: 3306,
    }),
  ],
  [
    "its retention cut",
    "dangerous",
    /less long/,
    upd("aws_rds_cluster.this", cluster({}), cluster({ backup_retention_period: 1 })),
  ],
  [
    "its capacity raised",
    "dangerous",
    /cost more/,
    upd("aws_rds_cluster.this", scaled({}), scaled({ max_capacity: 64 })),
  ],
  ["never paused", "dangerous", /awake/, upd("aws_rds_cluster.this", scaled({}), scaled({ min_capacity: 1 }))],
  [
    "its capacity known only later",
    "dangerous",
    /only after the apply|cost more/,
    upd("aws_rds_cluster.this", scaled({}), scaled({ max_capacity: null }), {
      serverlessv2_scaling_configuration: [{ max_capacity: true }],
    }),
  ],
  // Backups and auto-stop.
  [
    "the daily backup dropped",
    "dangerous",
    /drops the daily backup/i,
    upd("aws_backup_plan.this", { rule: [rule({}), weekly] }, { rule: [weekly] }),
  ],
  [
    "backups kept for a day",
    "dangerous",
    /for 1 days/,
    upd("aws_backup_plan.this", { rule: [rule({})] }, { rule: [rule({ lifecycle: [{ delete_after: 1 }] })] }),
  ],
  [
    "backups of what is known only later",
    "dangerous",
    /only after the apply/,
    rep("aws_backup_selection.this", { resources: ["arn:x"] }, {}, { resources: true }),
  ],
  [
    "auto-stop disabled",
    "dangerous",
    /no longer looks/,
    upd("aws_cloudwatch_event_rule.hourly", { state: "ENABLED" }, { state: "DISABLED" }),
  ],
  [
    "auto-stop once a year",
    "dangerous",
    /when auto-stop looks/,
    upd(
      "aws_cloudwatch_event_rule.hourly",
      { schedule_expression: "rate(1 hour)" },
      { schedule_expression: "rate(365 days)" },
    ),
  ],
  [
    "auto-stop's list shortened",
    "dangerous",
    /no longer watches i-2/,
    upd("aws_lambda_function.auto_stop", lambda({ INSTANCE_IDS: "i-1,i-2" }), lambda({ INSTANCE_IDS: "i-1" })),
  ],
  [
    "auto-stop's list known only later",
    "dangerous",
    /INSTANCE_IDS is known only/,
    upd("aws_lambda_function.auto_stop", lambda({ INSTANCE_IDS: "i-1" }), lambda({}), {
      environment: [{ variables: { INSTANCE_IDS: true } }],
    }),
  ],
  [
    "auto-stop after a hundred hours",
    "dangerous",
    /IDLE_HOURS/,
    upd("aws_lambda_function.auto_stop", lambda({ IDLE_HOURS: "12" }), lambda({ IDLE_HOURS: "100" })),
  ],
  [
    "auto-stop kept from running",
    "dangerous",
    /from running/,
    upd("aws_lambda_function.auto_stop", { reserved_concurrent_executions: -1 }, { reserved_concurrent_executions: 0 }),
  ],
  // The account.
  [
    "encryption by default off",
    "dangerous",
    /not encrypted/,
    upd("aws_ebs_encryption_by_default.this", { enabled: true }, { enabled: false }),
  ],
  [
    "encryption by default given up",
    "dangerous",
    /not encrypted/,
    del("aws_ebs_encryption_by_default.this", { enabled: true }),
  ],
  [
    "the state's bucket opened",
    "dangerous",
    /become public/,
    upd("aws_s3_bucket_public_access_block.state", fence, { ...fence, block_public_policy: false }),
  ],
  [
    "the state's bucket open to a policy",
    "dangerous",
    /open the state's bucket/,
    make("aws_s3_bucket_policy.state", {
      bucket: "b",
      policy: JSON.stringify({
        Statement: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "*" }],
      }),
    }),
  ],
  [
    "the state's encryption by another key",
    "dangerous",
    /changes the key of the state/i,
    upd(
      "aws_s3_bucket_server_side_encryption_configuration.state",
      { rule: [{ apply_server_side_encryption_by_default: [{ sse_algorithm: "AES256", kms_master_key_id: "" }] }] },
      { rule: [{ apply_server_side_encryption_by_default: [{ sse_algorithm: "AES256", kms_master_key_id: "k" }] }] },
    ),
  ],
  [
    "the state expiring",
    "dangerous",
    /expire/,
    make("aws_s3_bucket_lifecycle_configuration.state", {
      rule: [{ id: "x", status: "Enabled", expiration: [{ days: 7 }] }],
    }),
  ],
  [
    "a new attribute of a known type",
    "dangerous",
    /not known to snowglobe to be harmless: frobnicate/,
    upd("aws_sns_topic.alerts", {}, { frobnicate: true }),
  ],
  [
    "a data source that runs a program",
    "dangerous",
    /not known to snowglobe/,
    change("data.external.x", { actions: ["read"], mode: "data" }),
  ],
];

describe("once a plain yes:", () => {
  test.each(SLIPS)("%s is %s", (_, kind, words, one) => {
    const verdict = judge(plan([one]), { owner: OWNER });
    const reasons = verdict.kind === "safe" ? [] : verdict.reasons.map(said);
    expect({ kind: verdict.kind, reasons }).toMatchObject({ kind });
    expect(reasons.join("\n")).toMatch(words);
  });
});

test("the bill of a bigger database is no longer said to stay as it is", () => {
  const raised = plan([upd("aws_rds_cluster.this", scaled({}), scaled({ max_capacity: 64, min_capacity: 2 }))]);
  expect(moneyWords(money(raised))).toMatch(/^\+\$175 to \+\$1,120 a month/);
});

test("what was recorded is what the outputs were, and not what they will be", () => {
  const changed = {
    output_changes: {
      persistent_roots: { actions: ["update"], before: { arm: "vol-0aa" }, after: { arm: "vol-0bb" } },
    },
    prior_state: { values: { outputs: { persistent_roots: { value: { arm: "vol-0bb" } } } } },
  };
  expect(planOf(planJson([], changed)).recordedIds).toEqual(new Set(["vol-0aa"]));
});
