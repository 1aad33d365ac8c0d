/** What terraform/ would make of the simulated account: what is there already, and what differs from it now. */

import { MACHINE_NAMES, MACHINES, type MachineName } from "../../../ops/fleet/machines.ts";
import type { Account, SimInstance } from "../ec2/account.ts";
import { rootOf } from "../ec2/account.ts";
import { PERSISTENT, STORY_IDS } from "../story.ts";
import type { Change, Fields } from "./words.ts";

const PLAIN = [
  "aws_backup_vault.this",
  "aws_backup_plan.this",
  "aws_backup_selection.this",
  "aws_iam_role.backup",
  "aws_db_subnet_group.this",
  "aws_rds_cluster_parameter_group.this",
  "aws_rds_cluster.this",
  "aws_rds_cluster_instance.this",
  "aws_security_group.database",
  "aws_vpc_security_group_ingress_rule.database",
  "aws_lambda_function.auto_stop",
  "aws_cloudwatch_log_group.auto_stop",
  "aws_lambda_function_event_invoke_config.auto_stop",
  "aws_cloudwatch_event_rule.hourly",
  "aws_cloudwatch_event_target.auto_stop",
  "aws_lambda_permission.hourly",
  "aws_iam_role.auto_stop",
  "aws_iam_role_policy.auto_stop",
  "aws_iam_role.dev",
  "aws_iam_role_policy.dev",
  "aws_iam_instance_profile.dev",
  "aws_ebs_volume.jumpbox_home",
  "aws_volume_attachment.jumpbox_home",
  "aws_iam_role.jumpbox",
  "aws_iam_instance_profile.jumpbox",
  "aws_ebs_encryption_by_default.this",
  "aws_vpc.this",
  "aws_internet_gateway.this",
  "aws_route_table.public",
  "aws_key_pair.fcvm_ec2",
  "aws_security_group.machines",
  "aws_vpc_security_group_ingress_rule.ssh",
  "aws_sns_topic.alerts",
  "aws_sns_topic_subscription.owner",
  "aws_budgets_budget.monthly",
  'aws_ec2_tag.persistent["fcvm-metal-arm"]',
  'aws_ec2_tag.persistent["fcvm-metal-x86"]',
  'aws_iam_role_policy_attachment.backup["AWSBackupServiceRolePolicyForBackup"]',
  'aws_iam_role_policy_attachment.backup["AWSBackupServiceRolePolicyForRestores"]',
  'aws_iam_role_policy_attachment.jumpbox["AdministratorAccess"]',
  'aws_iam_role_policy_attachment.jumpbox["AmazonSSMManagedInstanceCore"]',
  'aws_subnet.public["us-west-1a"]',
  'aws_subnet.public["us-west-1c"]',
  'aws_route_table_association.public["us-west-1a"]',
  'aws_route_table_association.public["us-west-1c"]',
  'aws_vpc_security_group_egress_rule.out["ipv4"]',
  'aws_vpc_security_group_egress_rule.out["ipv6"]',
];

const underscored = (name: MachineName) => name.replaceAll("-", "_");
export const instanceAddress = (name: MachineName) => `aws_instance.${underscored(name)}`;
const eipAddress = (name: MachineName) => `aws_eip.${underscored(name)}`;
export const associationAddress = (name: MachineName) => `aws_eip_association.${underscored(name)}`;
export const LAMBDA = "aws_lambda_function.auto_stop";

/** Everything that the state has. */
export const ADDRESSES: readonly string[] = [
  ...PLAIN,
  ...MACHINE_NAMES.flatMap((name) => [instanceAddress(name), eipAddress(name), associationAddress(name)]),
];

/** What was applied since the demo began. */
export interface Applied {
  readonly lambda?: boolean;
  readonly x86?: boolean;
}

/** The living instance of a name. */
export function living(account: Account, name: MachineName): SimInstance | undefined {
  return Object.values(account.instances).find(
    ({ tags, state }) => tags.Name === name && state !== "terminated" && state !== "shutting-down",
  );
}

export function allocationOf(name: MachineName): string {
  return name === "jumpbox" ? STORY_IDS.jumpboxAddress : PERSISTENT[name].allocationId;
}

export function differences(
  account: Account,
  applied: Applied,
): { readonly changes: Change[]; readonly drift: Change[] } {
  const changes: Change[] = [];
  const drift: Change[] = [];
  for (const name of MACHINE_NAMES) {
    const instance = living(account, name);
    const before = instance && attributes(account, name, instance);
    const tainted = name === "fcvm-metal-x86" && !applied.x86;
    const fresh = { after: wanted(name), unknown: { id: true, private_ip: true, public_ip: true, arn: true } };
    const address = instanceAddress(name);
    if (!before) {
      drift.push({ address, actions: ["delete"], before: { tags: { Name: name } }, after: null });
      changes.push({ address, actions: ["create"], before: null, ...fresh });
    } else if (tainted) {
      changes.push({ address, actions: ["delete", "create"], before, ...fresh, reason: "replace_because_tainted" });
    }
    const eip = account.addresses[allocationOf(name)];
    const association = associationAddress(name);
    const after = { allocation_id: allocationOf(name), instance_id: instance?.id };
    const held = { ...after, id: `eipassoc-${allocationOf(name).slice(-8)}`, instance_id: eip?.instanceId };
    const found = eip?.instanceId !== undefined;
    if (!found) drift.push({ address: association, actions: ["delete"], before: held, after: null });
    if (!before || tainted || eip?.instanceId !== instance?.id) {
      changes.push({
        address: association,
        actions: found ? ["delete", "create"] : ["create"],
        before: found ? held : null,
        ...(before && !tainted
          ? { after, unknown: { id: true } }
          : { after: { allocation_id: after.allocation_id }, unknown: { id: true, instance_id: true } }),
      });
    }
  }
  if (!applied.lambda) {
    const own = { function_name: "snowglobe-auto-stop", runtime: "nodejs22.x", memory_size: 128, timeout: 60 };
    changes.push({
      address: LAMBDA,
      actions: ["update"],
      before: { ...own, source_code_hash: "8Qm1cV0s7yqkT3zJ0n5o2w==" },
      after: { ...own, source_code_hash: "pB4t9KX2f1rWc6dLh7Ue5g==" },
      unknown: { last_modified: true },
    });
  }
  return { changes, drift };
}

function wanted(name: MachineName): Fields {
  const { instanceType, market } = MACHINES[name];
  const size = name === "jumpbox" ? 8 : 300;
  return {
    instance_type: instanceType,
    key_name: "fcvm-ec2",
    instance_market_options: market === "spot" ? [{ market_type: "spot" }] : [],
    root_block_device: [{ volume_size: size, volume_type: "gp3", delete_on_termination: false }],
    tags: { Name: name },
  };
}

function attributes(account: Account, name: MachineName, instance: SimInstance): Fields {
  const root = rootOf(account, instance);
  return {
    ...wanted(name),
    id: instance.id,
    private_ip: instance.privateIp,
    root_block_device: [
      {
        volume_id: root?.id,
        volume_size: root?.sizeGiB,
        volume_type: root?.type,
        encrypted: root?.encrypted,
        delete_on_termination: root?.attachment?.deleteOnTermination ?? false,
      },
    ],
  };
}

/** What `terraform output -json` says. */
/** The state as `terraform show -json` has it, as far as anybody here reads it: what it names, and the outputs. */
export function stateJson(account: Account): Fields {
  const resources = ADDRESSES.map((address) => ({ address, mode: "managed", type: address.split(".")[0] }));
  const home = { address: "aws_ebs_volume.jumpbox_home", mode: "managed", values: { id: STORY_IDS.jumpboxHome } };
  return {
    format_version: "1.0",
    terraform_version: "1.11.4",
    values: { outputs: outputs(account), root_module: { resources: [...resources, home] } },
  };
}

export function outputs(account: Account): Fields {
  const each = (value: (name: MachineName) => unknown) =>
    Object.fromEntries(MACHINE_NAMES.map((name) => [name, value(name)]));
  const ip = (name: MachineName) => account.addresses[allocationOf(name)]?.publicIp;
  const all: Fields = {
    addresses: each(ip),
    ssh_commands: each((name) => `ssh -i ~/.ssh/fcvm-ec2 ubuntu@${ip(name)}`),
    allocation_ids: each(allocationOf),
    persistent_roots: Object.fromEntries(Object.entries(PERSISTENT).map(([name, { volumeId }]) => [name, volumeId])),
    instance_ids: each((name) => living(account, name)?.id ?? null),
    alert_email: "owner@example.com",
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, { sensitive: false, type: "dynamic", value }]),
  );
}
