/** What mission.md says must exist, and what must never be, held against the parsed files. */

import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseOwnerValues } from "../../ops/fleet/owner-text.ts";
import { destruction, isKept } from "../../ops/terraform/keep.ts";
import { IDLE_HOURS, LOOKS_AT_MINUTE } from "../../terraform/auto-stop/rule.ts";
import { type Body, block, type Configuration, readConfiguration, resource, TERRAFORM_DIR } from "./hcl.ts";

let main: Configuration;
let bootstrap: Configuration;
beforeAll(async () => {
  main = await readConfiguration();
  bootstrap = await readConfiguration(join(TERRAFORM_DIR, "bootstrap"));
});

const METALS = ["fcvm_metal_arm", "fcvm_metal_x86"] as const;
const MACHINES = ["jumpbox", ...METALS] as const;
/** An expression as hcl2json writes it. */
const reference = (what: string) => `\${${what}}`;
const texts = () => [...Object.values(main.texts), ...Object.values(bootstrap.texts)];
const code = () =>
  texts()
    .join("\n")
    .replaceAll(/^\s*#.*$/gm, "");
const instance = (name: string) => resource(main, "aws_instance", name);

function* blocks(configuration: Configuration): Generator<readonly [string, string, Body]> {
  for (const [type, named] of Object.entries(configuration.resources)) {
    for (const [name, bodies] of Object.entries(named)) for (const body of bodies) yield [type, name, body];
  }
}
const s3Backend = (configuration: Configuration) =>
  (configuration.terraform[0] as { backend: { s3: Body[] } }).backend.s3[0];
const keptFromDestruction = (body: Body) =>
  Array.isArray(body.lifecycle) && block(body, "lifecycle").prevent_destroy === true;

/** The managed resources that a body refers to, by way of locals and data sources too. */
function references(configuration: Configuration, body: unknown, seen = new Set<string>()): Set<string> {
  const found = new Set<string>();
  const text = JSON.stringify(body);
  const into = (key: string, inner: unknown) => {
    if (inner === undefined || seen.has(key)) return;
    seen.add(key);
    for (const one of references(configuration, inner, seen)) found.add(one);
  };
  for (const [, name = ""] of text.matchAll(/\blocal\.(\w+)/g)) into(`local.${name}`, configuration.locals[name]);
  for (const [all, data, type = "", name = ""] of text.matchAll(/\b(data\.)?(aws_\w+)\.(\w+)/g)) {
    if (data) into(all, configuration.data[type]?.[name]);
    else if (configuration.resources[type]?.[name]) found.add(`${type}.${name}`);
  }
  return found;
}

/** The configuration as `terraform show -json` would give its state. */
function asState(configuration: Configuration): unknown {
  const resources = [...blocks(configuration)].map(([type, name, body]) => ({
    address: `${type}.${name}`,
    type,
    mode: "managed",
    depends_on: [...references(configuration, body)],
  }));
  return { values: { root_module: { resources } } };
}

test.skipIf(spawnSync("terraform", ["version"]).status !== 0)(
  "terraform fmt has nothing to change (needs terraform)",
  () => {
    const { status, stdout } = spawnSync("terraform", ["fmt", "-check", "-recursive", TERRAFORM_DIR], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  },
);

test("the files are those of mission.md, and each opens with what it is", async () => {
  const names = (await readdir(TERRAFORM_DIR)).filter((name) => name.endsWith(".tf")).sort();
  expect(names).toEqual([
    "adopt.tf",
    "backups.tf",
    "database.tf",
    "dev-auto-stop-lambda.tf",
    "dev-instance-common.tf",
    "firecracker-dev.tf",
    "jumpbox.tf",
    "main.tf",
    "outputs.tf",
    "variables.tf",
    "x86-dev.tf",
  ]);
  for (const text of texts()) {
    expect(text).toMatch(/^# [A-Za-z]/);
    expect(text.slice(0, 600)).toMatch(/\$|[Ff]ree|costs? (nothing|anything)|[Cc]ents/);
    expect(text.split("\n").length).toBeLessThan(450);
  }
});

describe("the machines", () => {
  const expected = {
    jumpbox: ["t4g.large", 8],
    fcvm_metal_arm: ["c7gd.metal", 300],
    fcvm_metal_x86: ["c5.metal", 300],
  } as const;

  test.each(MACHINES)("%s has its type, root, key, rights and address", (name) => {
    const body = instance(name);
    const [type, size] = expected[name];
    expect(body.instance_type).toBe(type);
    expect(block(body, "root_block_device")).toEqual({
      volume_type: "gp3",
      volume_size: size,
      delete_on_termination: false,
    });
    expect(body.key_name).toBe(reference("aws_key_pair.fcvm_ec2.key_name"));
    expect(body.iam_instance_profile).toBe(
      reference(`aws_iam_instance_profile.${name === "jumpbox" ? "jumpbox" : "dev"}.name`),
    );
    // One hop: what runs in a microVM or a container behind a network of its own cannot read the role.
    expect(block(body, "metadata_options")).toEqual({
      http_endpoint: "enabled",
      http_tokens: "required",
      http_put_response_hop_limit: 1,
    });
    expect(body.tags).toEqual({ Name: name.replaceAll("_", "-") });
    const eip = resource(main, "aws_eip", name);
    expect(resource(main, "aws_eip_association", name)).toEqual({
      allocation_id: reference(`aws_eip.${name}.allocation_id`),
      instance_id: reference(`aws_instance.${name}.id`),
      allow_reassociation: true,
      lifecycle: [{ ignore_changes: [reference("allow_reassociation")] }],
    });
    expect(keptFromDestruction(eip)).toBe(true);
    expect(main.imports.map((one) => one.to)).toContain(reference(`aws_eip.${name}`));
  });

  test.each(MACHINES)("no plan touches %s's root or replaces it for what changes by itself", (name) => {
    const body = instance(name);
    const ignored = block(body, "lifecycle").ignore_changes as string[];
    const traps = [
      "ami",
      "user_data",
      "user_data_base64",
      "root_block_device",
      "subnet_id",
      "availability_zone",
      "associate_public_ip_address",
      "vpc_security_group_ids",
      "key_name",
    ];
    if (name !== "jumpbox") traps.push("instance_market_options");
    for (const trap of traps) expect(ignored).toContain(reference(`${trap}`));
    for (const argument of [
      "associate_public_ip_address",
      "availability_zone",
      "volume_tags",
      "user_data_replace_on_change",
      "ebs_block_device",
    ]) {
      expect(body).not.toHaveProperty(argument);
    }
    for (const argument of ["encrypted", "kms_key_id", "tags"])
      expect(block(body, "root_block_device")).not.toHaveProperty(argument);
  });

  test.each(METALS)("%s is persistent spot that stops; the jumpbox is on demand", (name) => {
    const market = block(instance(name), "instance_market_options");
    expect(market.market_type).toBe("spot");
    expect(block(market, "spot_options")).toEqual({
      spot_instance_type: "persistent",
      instance_interruption_behavior: "stop",
    });
    expect(instance("jumpbox")).not.toHaveProperty("instance_market_options");
  });

  test("the jumpbox's home is 20 GB at /dev/sdf and outlives it", () => {
    const home = resource(main, "aws_ebs_volume", "jumpbox_home");
    expect(home).toMatchObject({ size: 20, type: "gp3", encrypted: true });
    expect(keptFromDestruction(home)).toBe(true);
    expect(resource(main, "aws_volume_attachment", "jumpbox_home").device_name).toBe("/dev/sdf");
  });

  test("each stands in its own file", () => {
    for (const [file, name] of [
      ["jumpbox.tf", "jumpbox"],
      ["firecracker-dev.tf", "fcvm_metal_arm"],
      ["x86-dev.tf", "fcvm_metal_x86"],
    ] as const) {
      expect(main.texts[file]).toContain(`resource "aws_instance" "${name}"`);
      expect(main.texts[file]).toContain(`resource "aws_eip" "${name}"`);
    }
  });

  test("the jumpbox is admin, the dev servers are not, and SSM reaches all", () => {
    expect(JSON.stringify(resource(main, "aws_iam_role_policy_attachment", "jumpbox").for_each)).toMatch(
      /AdministratorAccess.*AmazonSSMManagedInstanceCore/,
    );
    const [policy] = main.data.aws_iam_policy_document?.dev ?? [];
    const actions = ((policy?.statement ?? []) as Body[]).flatMap((one) => one.actions);
    // AmazonSSMManagedInstanceCore would let them read every parameter of the account.
    expect(actions).toEqual([
      "secretsmanager:GetSecretValue",
      "cloudwatch:PutMetricData",
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]);
    expect(JSON.stringify(main.resources.aws_iam_role_policy_attachment)).not.toContain("aws_iam_role.dev");
    expect(JSON.stringify(policy)).toContain("secret:github-pat-ejc3-*");
  });
});

describe("the rest of what mission.md names", () => {
  test("the database", () => {
    const cluster = resource(main, "aws_rds_cluster", "this");
    expect(cluster).toMatchObject({
      engine: "aurora-mysql",
      engine_mode: "provisioned",
      iam_database_authentication_enabled: true,
      storage_encrypted: true,
      deletion_protection: true,
      skip_final_snapshot: false,
      manage_master_user_password: true,
    });
    expect(block(cluster, "serverlessv2_scaling_configuration")).toEqual({
      min_capacity: 0,
      max_capacity: 1,
      seconds_until_auto_pause: 300,
    });
    expect(resource(main, "aws_rds_cluster_instance", "this")).toMatchObject({
      instance_class: "db.serverless",
      publicly_accessible: false,
    });
    expect(resource(main, "aws_rds_cluster_parameter_group", "this").parameter).toEqual([
      { name: "require_secure_transport", value: "ON" },
    ]);
    expect(keptFromDestruction(cluster)).toBe(true);
  });

  test("the backups: daily for 7 days, weekly for 30, of the home volume and the persistent roots", () => {
    const rules = resource(main, "aws_backup_plan", "this").rule as Body[];
    expect(rules.map((rule) => [rule.rule_name, block(rule, "lifecycle").delete_after])).toEqual([
      ["daily", 7],
      ["weekly", 30],
    ]);
    const selection = JSON.stringify(resource(main, "aws_backup_selection", "this").resources);
    expect(selection).toContain("aws_ebs_volume.jumpbox_home.arn");
    expect(selection).toContain("local.persistent_volumes");
    expect(keptFromDestruction(resource(main, "aws_backup_vault", "this"))).toBe(true);
  });

  test("auto-stop: hourly, its environment, its rights and its log", () => {
    const lambda = resource(main, "aws_lambda_function", "auto_stop");
    const { variables } = block(lambda, "environment") as { variables: Record<string, string> };
    expect(Object.keys(variables).sort()).toEqual(["IDLE_HOURS", "INSTANCE_IDS", "SNS_TOPIC_ARN"]);
    expect(variables.IDLE_HOURS).toBe(String(IDLE_HOURS));
    expect(variables.INSTANCE_IDS).toContain("local.dev_machines");
    expect(Object.keys(main.locals.dev_machines as object)).toEqual(["fcvm-metal-arm", "fcvm-metal-x86"]);
    expect(lambda).toMatchObject({ runtime: "nodejs24.x", handler: "index.handler" });
    expect(resource(main, "aws_cloudwatch_event_rule", "hourly").schedule_expression).toBe(
      `cron(${LOOKS_AT_MINUTE} * * * ? *)`,
    );
    expect(resource(main, "aws_cloudwatch_log_group", "auto_stop").retention_in_days).toBe(30);
    const [policy] = main.data.aws_iam_policy_document?.auto_stop ?? [];
    const statements = (policy?.statement ?? []) as Body[];
    for (const one of statements) {
      const actions = one.actions as string[];
      expect(actions.join()).not.toContain("*");
      // What can be narrowed is.
      if ((one.resources as string[]).includes("*"))
        expect(actions).toEqual(["ec2:DescribeInstances", "cloudwatch:GetMetricData"]);
    }
    expect(
      block(statements.find((one) => (one.actions as string[]).includes("ec2:StopInstances")) ?? {}, "condition")
        .variable,
    ).toBe("aws:ResourceTag/Name");
  });

  test("messages, budget, encryption, network, persistent marks", () => {
    expect(resource(main, "aws_sns_topic_subscription", "owner")).toMatchObject({
      protocol: "email",
      endpoint: reference("var.alert_email"),
    });
    expect(resource(main, "aws_budgets_budget", "monthly")).toMatchObject({
      budget_type: "COST",
      time_unit: "MONTHLY",
    });
    expect(resource(main, "aws_ebs_encryption_by_default", "this").enabled).toBe(true);
    expect(resource(main, "aws_vpc", "this").assign_generated_ipv6_cidr_block).toBe(true);
    expect(resource(main, "aws_ec2_tag", "persistent")).toMatchObject({
      key: "snowglobe:persistent",
      value: reference("each.key"),
    });
    expect(resource(main, "aws_key_pair", "fcvm_ec2").key_name).toBe("fcvm-ec2");
  });

  test("only SSH is open to the world, and only the machines reach the database", () => {
    const ingress = Object.entries(main.resources.aws_vpc_security_group_ingress_rule ?? {});
    expect(ingress.map(([name, [body]]) => [name, body?.cidr_ipv4, body?.from_port, body?.to_port])).toEqual([
      ["database", undefined, 3306, 3306],
      ["ssh", "0.0.0.0/0", 22, 22],
    ]);
    for (const [type, , body] of blocks(main))
      if (type === "aws_security_group") expect(body).not.toHaveProperty("ingress");
  });

  test("the shared scripts are named as mission.md names them, each once", () => {
    for (const name of ["gh_auth_script", "claude_sync_script", "gh_and_claude_sync_script"]) {
      expect(code().match(new RegExp(`^ *${name} +=`, "gm"))).toHaveLength(1);
      expect(main.texts["dev-instance-common.tf"]).toContain(`${name} `);
    }
    expect(main.locals.gh_and_claude_sync_script).toBe(
      reference("local.gh_auth_script") + reference("local.claude_sync_script"),
    );
  });

  test("the state is in S3 with its own lock, and its bucket is versioned, encrypted, private and kept", () => {
    const backend = s3Backend(main);
    expect(backend).toMatchObject({ region: "us-west-1", encrypt: true, use_lockfile: true });
    expect(backend).not.toHaveProperty("bucket");
    expect(keptFromDestruction(resource(bootstrap, "aws_s3_bucket", "state"))).toBe(true);
    expect(block(resource(bootstrap, "aws_s3_bucket_versioning", "state"), "versioning_configuration").status).toBe(
      "Enabled",
    );
    expect(
      Object.values(resource(bootstrap, "aws_s3_bucket_public_access_block", "state")).filter(
        (value) => value === true,
      ),
    ).toHaveLength(4);
    expect(bootstrap.resources.aws_s3_bucket_server_side_encryption_configuration).toBeDefined();
    expect(s3Backend(bootstrap)).toMatchObject({
      use_lockfile: true,
      encrypt: true,
    });
  });
});

describe("what must never be", () => {
  test("a literal instance, volume or address ID, or an account's number", () => {
    expect(code()).not.toMatch(
      /\bi-[0-9a-f]{8,}|\bvol-[0-9a-f]{17}"(?!.*must)|"eipalloc-[0-9a-f]{17}"|\bami-[0-9a-f]{8,}|\bsubnet-[0-9a-f]{8,}|\bsg-[0-9a-f]{8,}/,
    );
    expect(code().replaceAll("vol-0123456789abcdef0", "").replaceAll("eipalloc-0123456789abcdef0", "")).not.toMatch(
      /\d{12}/,
    );
  });

  test("an alarm on an instance", () => {
    expect(main.resources).not.toHaveProperty("aws_cloudwatch_metric_alarm");
  });

  test("another region", () => {
    const regions =
      code().match(/\b(?:us|eu|ap|sa|ca|me|af|il)-(?:gov-)?(?:north|south|east|west|central)+-\d\b/g) ?? [];
    expect(regions.length).toBeGreaterThan(3);
    expect(new Set(regions)).toEqual(new Set(["us-west-1"]));
    expect(main.providers.aws).toEqual([{ region: "us-west-1", max_retries: 6 }]);
    expect(bootstrap.providers.aws).toEqual([{ region: "us-west-1" }]);
  });

  test("a secret in the clear", () => {
    expect(code()).not.toMatch(
      /AKIA[A-Z0-9]{16}|gh[pousr]_\w{20,}|github_pat_|-----BEGIN|master_password|password *= *"/,
    );
  });

  test("a variable or an output without a description, or an output that nothing reads", async () => {
    for (const configuration of [main, bootstrap]) {
      for (const [name, [body]] of Object.entries(configuration.variables))
        expect([name, body?.description]).toEqual([name, expect.stringMatching(/^\S.{10,}/)]);
    }
    const readers = await Promise.all(
      ["outputs.ts", "tfvars.ts", join("adopt", "adopt.ts")].map((name) =>
        readFile(join(TERRAFORM_DIR, "..", "ops", "terraform", name), "utf8"),
      ),
    );
    // `make output` prints all of them; these are for people and their scripts alone.
    const forPeople = ["ssh_commands", "jumpbox_public_ip", "firecracker_dev_public_ip", "x86_dev_public_ip"];
    for (const [name, [body]] of Object.entries(main.outputs)) {
      expect([name, body?.description]).toEqual([name, expect.stringMatching(/^\S.{10,}/)]);
      if (!forPeople.includes(name)) expect(readers.join("\n")).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  test("a resource that Terraform may not destroy and our destroy would try to", () => {
    const kept = [...blocks(main)].filter(([, , body]) => keptFromDestruction(body)).map(([type]) => type);
    expect(new Set(kept)).toEqual(
      new Set([
        "aws_eip",
        "aws_ebs_volume",
        "aws_ebs_encryption_by_default",
        "aws_key_pair",
        "aws_rds_cluster",
        "aws_backup_vault",
      ]),
    );
    for (const type of kept) expect(isKept(type)).toBe(true);
  });

  test("a destroy that leaves machines, or that would take what it says it keeps", () => {
    const { targets, kept } = destruction(asState(main));
    for (const name of MACHINES) {
      expect(targets).toContain(`aws_instance.${name}`);
      expect(targets).toContain(`aws_eip_association.${name}`);
    }
    expect(kept.map((line) => line.split(" ")[0]).sort()).toEqual([
      "aws_backup_vault.this",
      "aws_ebs_encryption_by_default.this",
      "aws_ebs_volume.jumpbox_home",
      "aws_ec2_tag.persistent",
      "aws_eip.fcvm_metal_arm",
      "aws_eip.fcvm_metal_x86",
      "aws_eip.jumpbox",
      "aws_key_pair.fcvm_ec2",
      "aws_rds_cluster.this",
    ]);
    // Terraform takes away what depends on a target as well: none of that may be kept.
    for (const [type, name, body] of blocks(main)) {
      const address = `${type}.${name}`;
      if (targets.includes(address)) continue;
      for (const dependency of references(main, body))
        expect([address, dependency, targets.includes(dependency)]).toEqual([address, dependency, false]);
    }
  });

  test("default tags, which the provider would want on persistent roots too", () => {
    expect(code()).not.toContain("default_tags");
  });

  test("a provider older than 6", () => {
    for (const configuration of [main, bootstrap]) {
      const { aws } = block(configuration.terraform[0] ?? {}, "required_providers") as { aws: { version: string } };
      expect(aws.version).toMatch(/^~> [6-9]\.\d+$/);
    }
  });
});

test("the example is what ops reads, once its comments are taken away", async () => {
  const example = await readFile(join(TERRAFORM_DIR, "terraform.tfvars.example"), "utf8");
  expect(parseOwnerValues(example)).toEqual({});
  const uncommented = example.replaceAll(/^# (?=[a-z_]+ = |\}| {2})/gm, "");
  expect(parseOwnerValues(uncommented)).toEqual({
    "fcvm-metal-arm": { volumeId: "vol-09e5c3cee32bb67dc", allocationId: "eipalloc-034a515771765d101" },
    "fcvm-metal-x86": { volumeId: "vol-071f114b67441e776", allocationId: "eipalloc-0173c9b5e3d294cc5" },
  });
});
