/** terraform/ held against the provider's schema: each type, argument, block and attribute that it names is one. */

import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Body, block, type Configuration, readConfiguration, TERRAFORM_DIR } from "./hcl.ts";
import type { Arguments, Schema, Type } from "./schema/make.ts";
import provider from "./schema/provider.json" with { type: "json" };

const schema: Schema = provider;

/** Terraform's own, of every resource and data source. */
const META: ReadonlySet<string> = new Set(["count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"]);

/** Blocks as hcl2json gives them, those of `dynamic` among them. */
function blocksOf(body: Body, name: string): readonly Body[] {
  const own = Array.isArray(body[name]) ? (body[name] as readonly Body[]) : [];
  const dynamic = (body.dynamic as Readonly<Record<string, readonly Body[]>> | undefined)?.[name] ?? [];
  return [...own, ...dynamic.flatMap(({ content }) => content as readonly Body[])];
}

/** What is wrong with a body, a line each. */
function faults(body: Body, known: Arguments, where: string, isInner = false): readonly string[] {
  const named = Object.keys(body).filter((one) => one !== "dynamic" && (isInner || !META.has(one)));
  const dynamic = Object.keys((body.dynamic as object | undefined) ?? {});
  const used = new Set([...named, ...dynamic]);
  const strange = [...used].filter((one) => !Object.hasOwn(known, one)).map((one) => `${where} has no ${one}`);
  return [
    ...strange,
    ...Object.entries(known).flatMap(([name, argument]): readonly string[] => {
      if (typeof argument === "string") {
        if (!used.has(name)) return argument.endsWith("?") ? [] : [`${where} lacks ${name}`];
        return dynamic.includes(name) ? [`${where}.${name} is no block`] : [];
      }
      const blocks = used.has(name) ? blocksOf(body, name) : [];
      if (blocks.length === 0) return argument.required ? [`${where} lacks ${name}`] : [];
      const tooMany = blocks.length > 1 && !argument.many ? [`${where} has more than one ${name}`] : [];
      return [...tooMany, ...blocks.flatMap((one) => faults(one, argument.arguments, `${where}.${name}`, true))];
    }),
  ];
}

const blocks = (all: Configuration["resources"]) =>
  Object.entries(all).flatMap(([type, named]) =>
    Object.entries(named).flatMap(([name, bodies]) => bodies.map((body) => ({ type, name, body }))),
  );

/** Attributes that are referred to and that nothing has, in whatever a configuration says. */
function strangeReferences(configuration: Configuration): readonly string[] {
  // A script has its own dots.
  const text = JSON.stringify(configuration, (key, value: unknown) => (key === "texts" ? undefined : value));
  const references = text.matchAll(/(?<![\w.])(data\.)?(aws_\w+)\.\w+(?:\[[^\]]*\])?\.(\w+)/g);
  return [...references].flatMap(([all, data, type = "", attribute = ""]) => {
    const known: Type | undefined = (data ? schema.data : schema.resources)[type];
    const isThere = known && (Object.hasOwn(known.arguments, attribute) || known.computed.includes(attribute));
    return isThere ? [] : [all];
  });
}

test.each([
  ["terraform/", TERRAFORM_DIR],
  ["terraform/bootstrap/", join(TERRAFORM_DIR, "bootstrap")],
])("%s is as the provider's schema has it", async (_, directory) => {
  const configuration = await readConfiguration(directory);
  const all = [
    ...blocks(configuration.resources).map((one) => ({ ...one, of: schema.resources })),
    ...blocks(configuration.data).map((one) => ({ ...one, of: schema.data })),
    // Another provider's.
  ].filter(({ type }) => type !== "archive_file");
  expect(all.length).toBeGreaterThan(5);
  const found = all.flatMap(({ type, name, body, of }) => {
    const known = of[type];
    return known ? faults(body, known.arguments, `${type}.${name}`) : [`${type} is in no schema: make it anew`];
  });
  expect(found).toEqual([]);
  expect(strangeReferences(configuration)).toEqual([]);
});

test("the schema is of a provider that terraform/ takes, and says so where something is not in it", async () => {
  const { terraform } = await readConfiguration();
  const [providers] = (terraform[0] as { required_providers: readonly { aws: { version: string } }[] })
    .required_providers;
  const [, least = ""] = /^~> (\d+\.\d+)$/.exec(providers?.aws.version ?? "") ?? [];
  const [major, minor] = schema.provider.split(".").map(Number);
  expect(major).toBe(Number(least.split(".")[0]));
  expect(minor).toBeGreaterThanOrEqual(Number(least.split(".")[1]));

  const { arguments: known } = schema.resources.aws_eip_association ?? { arguments: {} };
  expect(faults({ allocation: "x", lifecycle: [] }, known, "it")).toEqual(["it has no allocation"]);
  const tag = schema.resources.aws_ec2_tag?.arguments ?? {};
  expect(faults({ key: "x", value: "y" }, tag, "it")).toEqual(["it lacks resource_id"]);
  const instance = schema.resources.aws_instance?.arguments ?? {};
  const twice = { root_block_device: [{ volume_size: 1 }, { size: 1 }] };
  expect(faults(twice, instance, "it")).toEqual([
    "it has more than one root_block_device",
    "it.root_block_device has no size",
  ]);
});

describe.each([
  ["terraform/", TERRAFORM_DIR],
  ["terraform/bootstrap/", join(TERRAFORM_DIR, "bootstrap")],
])("%s locks its providers", (_, directory) => {
  test("each as it is configured, by its publisher's checksums for every platform", async () => {
    const { terraform } = await readConfiguration(directory);
    const providers = block(terraform[0] ?? {}, "required_providers") as Record<
      string,
      { source: string; version: string }
    >;
    const lock = await readFile(join(directory, ".terraform.lock.hcl"), "utf8");
    for (const { source, version } of Object.values(providers)) {
      const locked = lock.split(`provider "registry.terraform.io/${source}" {`)[1]?.split("\n}\n")[0] ?? "";
      expect(locked).toContain(`constraints = "${version}"`);
      // One for each platform and one for the manifest.
      expect(locked.match(/"zh:[0-9a-f]{64}"/g)?.length).toBeGreaterThan(10);
    }
    expect(lock.match(/^provider /gm)).toHaveLength(Object.keys(providers).length);
    expect(lock).toMatch(new RegExp(`hashicorp/aws" \\{\n  version +=\\s"${schema.provider}"`));
  });

  test.skipIf(spawnSync("terraform", ["version"]).status !== 0)("as Terraform reads it (needs terraform)", () => {
    const { stdout } = spawnSync("terraform", ["version", "-json"], { cwd: directory, encoding: "utf8" });
    const { provider_selections: selected } = JSON.parse(stdout) as { provider_selections: Record<string, string> };
    expect(selected["registry.terraform.io/hashicorp/aws"]).toBe(schema.provider);
  });
});
