/** What goes by a name that only one may have: a second one cannot be made, so the one that is there is taken over. */

import { type Fields, fields, list, text } from "../../plan/plan.ts";
import type { Workspace } from "../workspace.ts";
import { type Adopted, IT } from "./decide.ts";
import { askAll } from "./look.ts";
import { found } from "./network.ts";

const NAME = "snowglobe";
const AUTO_STOP = `${NAME}-auto-stop`;

/**
 * The first questions: of what every apply makes, one that each destroy takes and one that none does. Where neither is
 * there, we were never here, and nothing else need be asked.
 */
export const TRACES: readonly string[] = ["iam list-roles", "backup list-backup-vaults"];

export function isTraced([roles, vaults]: readonly Fields[]): boolean {
  return [
    named(roles, "Roles", "RoleName", `${NAME}-dev`),
    named(vaults, "BackupVaultList", "BackupVaultName", NAME),
  ].some((one) => one !== undefined);
}

/** The calls whose answers `findNamed` takes, in its order. */
export const namedCalls = (account: string): readonly string[] => [
  "iam list-roles",
  "iam list-instance-profiles",
  `logs describe-log-groups --log-group-name-prefix /aws/lambda/${AUTO_STOP}`,
  "lambda list-functions",
  `lambda get-policy --function-name ${AUTO_STOP}`,
  `events list-rules --name-prefix ${AUTO_STOP}`,
  `events list-targets-by-rule --rule ${AUTO_STOP}`,
  "sns list-topics",
  `budgets describe-budgets --account-id ${account}`,
  "backup list-backup-vaults",
  "backup list-backup-plans",
  "rds describe-db-subnet-groups",
  "rds describe-db-cluster-parameter-groups",
  "rds describe-db-clusters",
  "rds describe-db-instances",
];

/** What of these there is, as import IDs. Throws a FailureError. */
export async function findNamed(workspace: Workspace, account: string, answers: readonly Fields[]): Promise<Adopted> {
  const [roles, profiles, logs, functions, policy, rules, targets, topics, budgets, ...more] = answers;
  const [vaults, plans, subnets, parameters, clusters, instances] = more;
  const role = (name: string) => named(roles, "Roles", "RoleName", `${NAME}-${name}`);
  const profile = (name: string) => named(profiles, "InstanceProfiles", "InstanceProfileName", `${NAME}-${name}`);
  const plan = list(plans?.BackupPlansList)
    .map(fields)
    .find(({ BackupPlanName }) => BackupPlanName === NAME)?.BackupPlanId;
  const target = text(fields(list(targets?.Targets)[0]).Id);
  const topic = list(topics?.Topics)
    .map((one) => text(fields(one).TopicArn))
    .find((arn) => arn?.endsWith(`:${NAME}-alerts`));
  const permitted = /"Sid"\s*:\s*"hourly"/.test(text(policy?.Policy) ?? "");
  return found({
    "aws_iam_role.jumpbox": { [IT]: role("jumpbox") },
    "aws_iam_role.dev": { [IT]: role("dev") },
    "aws_iam_role.backup": { [IT]: role("backup") },
    "aws_iam_role.auto_stop": { [IT]: role("auto-stop") },
    "aws_iam_instance_profile.jumpbox": { [IT]: profile("jumpbox") },
    "aws_iam_instance_profile.dev": { [IT]: profile("dev") },
    "aws_cloudwatch_log_group.auto_stop": {
      [IT]: named(logs, "logGroups", "logGroupName", `/aws/lambda/${AUTO_STOP}`),
    },
    "aws_lambda_function.auto_stop": { [IT]: named(functions, "Functions", "FunctionName", AUTO_STOP) },
    "aws_cloudwatch_event_rule.hourly": { [IT]: named(rules, "Rules", "Name", AUTO_STOP) },
    "aws_cloudwatch_event_target.auto_stop": { [IT]: target && `${AUTO_STOP}/${target}` },
    "aws_sns_topic.alerts": { [IT]: topic },
    "aws_lambda_permission.hourly": { [IT]: permitted ? `${AUTO_STOP}/hourly` : undefined },
    "aws_budgets_budget.monthly": {
      [IT]: named(budgets, "Budgets", "BudgetName", `${NAME}-monthly`) && `${account}:${NAME}-monthly`,
    },
    "aws_backup_vault.this": { [IT]: named(vaults, "BackupVaultList", "BackupVaultName", NAME) },
    "aws_backup_plan.this": { [IT]: text(plan) },
    "aws_backup_selection.this": { [IT]: await selectionOf(workspace, text(plan)) },
    "aws_db_subnet_group.this": { [IT]: named(subnets, "DBSubnetGroups", "DBSubnetGroupName", NAME) },
    "aws_rds_cluster_parameter_group.this": {
      [IT]: named(parameters, "DBClusterParameterGroups", "DBClusterParameterGroupName", NAME),
    },
    "aws_rds_cluster.this": { [IT]: named(clusters, "DBClusters", "DBClusterIdentifier", NAME) },
    "aws_rds_cluster_instance.this": { [IT]: named(instances, "DBInstances", "DBInstanceIdentifier", `${NAME}-1`) },
  });
}

async function selectionOf(workspace: Workspace, plan: string | undefined): Promise<string | undefined> {
  if (!plan) return undefined;
  const [selections] = await askAll(workspace, [`backup list-backup-selections --backup-plan-id ${plan}`]);
  const selection = list(selections?.BackupSelectionsList)
    .map(fields)
    .find(({ SelectionName }) => SelectionName === NAME)?.SelectionId;
  return text(selection) && `${plan}|${text(selection)}`;
}

/** The name, where the list has it. */
function named(answer: Fields | undefined, items: string, key: string, name: string): string | undefined {
  return list(answer?.[items]).some((one) => fields(one)[key] === name) ? name : undefined;
}
