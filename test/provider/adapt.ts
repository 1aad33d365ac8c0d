/**
 * A copy of terraform/ that provider 5.100 and moto 5.2 can carry out. Everything that is changed stands in one list with
 * its reason; a line of it that no longer finds what it changes fails, so that the list stays as short as it can be.
 */

import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TERRAFORM_DIR } from "../terraform/hcl.ts";

interface Adaptation {
  readonly file: string;
  readonly because: string;
  readonly find: RegExp;
  readonly by: string;
}

/** A whole block at the beginning of a line, to its closing brace. */
const whole = (head: string) => new RegExp(`^${head}[^\\n]*\\{\\n[\\s\\S]*?^\\}\\n`, "m");

/** A resource left out, and the block that would adopt it. */
const without = (file: string, type: string, name: string, because: string): readonly Adaptation[] => [
  { file, because, find: whole(`resource "${type}" "${name}"`), by: "" },
  {
    file: "adopt.tf",
    because,
    find: new RegExp(`^import \\{\\n[^}]*"${type}\\.${name}", \\{\\}\\)\\n[^}]*^\\}\\n`, "m"),
    by: "",
  },
];

const adaptations = (version: string): readonly Adaptation[] => {
  const provider = "the provider that lies here is another than the one that is configured";
  const archive = "no mirror here has hashicorp/archive";
  const ipv6 = "moto associates IPv6 blocks only after minutes";
  return [
    { file: "main.tf", because: provider, find: /version = "~> 6[^"]*"/, by: `version = "${version}"` },
    { file: "bootstrap/main.tf", because: provider, find: /version = "~> 6[^"]*"/, by: `version = "${version}"` },
    { file: "main.tf", because: archive, find: /^ {4}archive = \{[\s\S]*?^ {4}\}\n/m, by: "" },
    { file: "dev-auto-stop-lambda.tf", because: archive, find: whole('data "archive_file"'), by: "" },
    {
      file: "dev-auto-stop-lambda.tf",
      because: archive,
      find: /data\.archive_file\.auto_stop\.output_path/,
      by: '"auto-stop/dist/auto-stop.zip"',
    },
    {
      file: "dev-auto-stop-lambda.tf",
      because: archive,
      find: /data\.archive_file\.auto_stop\.output_base64sha256/,
      by: 'filebase64sha256("auto-stop/dist/auto-stop.zip")',
    },
    {
      file: "dev-auto-stop-lambda.tf",
      because: "provider 5 knows no newer runtime",
      find: /nodejs24\.x/,
      by: "nodejs22.x",
    },
    { file: "main.tf", because: ipv6, find: /^ *assign_generated_ipv6_cidr_block.*\n/m, by: "" },
    { file: "main.tf", because: ipv6, find: /^ *ipv6_cidr_block .*\n/m, by: "" },
    { file: "main.tf", because: ipv6, find: /^ *assign_ipv6_address_on_creation.*\n/m, by: "" },
    { file: "main.tf", because: ipv6, find: /^ {2}route \{\n *ipv6_cidr_block[\s\S]*?^ {2}\}\n/m, by: "" },
    {
      file: "bootstrap/main.tf",
      because: "moto forgets transition_default_minimum_object_size, for which the provider waits",
      find: whole('resource "aws_s3_bucket_lifecycle_configuration"'),
      by: "",
    },
    {
      file: "bootstrap/main.tf",
      because: "moto denies what a policy denies, whatever its condition",
      find: whole('resource "aws_s3_bucket_policy"'),
      by: "",
    },
    ...without("main.tf", "aws_budgets_budget", "monthly", "the provider cannot read moto's answer on budgets"),
    {
      file: "database.tf",
      because: "moto does not list engine versions",
      find: whole('data "aws_rds_engine_version"'),
      by: "",
    },
    {
      file: "database.tf",
      because: "moto does not list engine versions",
      find: /data\.aws_rds_engine_version\.aurora_mysql\.version/,
      by: '"8.0.mysql_aurora.3.08.0"',
    },
    {
      file: "database.tf",
      because: "moto switches the Data API on for no provisioned cluster",
      find: /^ *enable_http_endpoint .*\n/m,
      by: "",
    },
    {
      file: "database.tf",
      because: "moto answers a serverless v1 scaling too, with nothing in it",
      find: /\[engine_version, availability_zones\]/,
      by: "[engine_version, availability_zones, scaling_configuration]",
    },
    {
      file: "database.tf",
      because: "moto keeps no description of a rule that lets a group in",
      find: /^ *description +=.*\n(?= *referenced_security_group_id)/m,
      by: "",
    },
    {
      file: "dev-auto-stop-lambda.tf",
      because: "moto keeps no logging configuration of a function",
      find: /^ {2}logging_config \{[\s\S]*?^ {2}\}\n/m,
      by: "",
    },
    ...without("database.tf", "aws_rds_cluster_instance", "this", "moto never has the cluster's instance available"),
    ...without("backups.tf", "aws_backup_selection", "this", "moto has no backup selections"),
    {
      file: "firecracker-dev.tf",
      because: "moto makes no spot requests, and without one no spot machine is swapped",
      find: /^ {2}instance_market_options \{[\s\S]*?^ {2}\}\n/m,
      by: "",
    },
    ...["jumpbox.tf", "x86-dev.tf"].map((file) => ({
      file,
      because: "moto has no public parameters, and keeps their names to itself",
      find: /\/aws\/service\/canonical/,
      by: "/service/canonical",
    })),
  ];
};

/** Copies terraform/ to `directory` and adapts it to a provider of this version. Throws where the list is out of date. */
export async function adaptedCopy(directory: string, version: string): Promise<void> {
  const ours = /\/(?:\.terraform|dist|.*\.tfstate.*|terraform\.tfvars|\.terraform\.lock\.hcl)$/;
  await cp(TERRAFORM_DIR, directory, { recursive: true, filter: (source) => !ours.test(source) });
  for (const { file, because, find, by } of adaptations(version)) {
    const path = join(directory, file);
    const text = await readFile(path, "utf8");
    if (!find.test(text)) throw new Error(`${file} has no ${find} any more, which was adapted because ${because}`);
    await writeFile(path, text.replace(find, by));
  }
}
