/** This folder: what the AWS provider takes, as data, and how that was made. Not here: how terraform/ is held against it. */
/**
 * Makes provider.json: every type that terraform/ names, with its arguments, blocks and attributes, out of an npm package
 * that is generated from the provider's own schema. It is fetched and not installed, because its peers do not install.
 * Run it when terraform/ names a new type, or for another provider: node test/terraform/schema/make.ts
 */

import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Generated from provider 6.66.0, as its package.json says. */
const PACKAGE = "@cdktn/provider-aws@25.7.0";

/** Arguments by name: what kind, with "?" where it may be left out; or a block. */
export type Arguments = Readonly<Record<string, string | Block>>;

interface Block {
  readonly required: boolean;
  /** More than one may stand there. */
  readonly many: boolean;
  readonly arguments: Arguments;
}

export interface Type {
  readonly arguments: Arguments;
  /** What only the provider says, and others may refer to. */
  readonly computed: readonly string[];
}

export interface Schema {
  readonly provider: string;
  readonly resources: Readonly<Record<string, Type>>;
  readonly data: Readonly<Record<string, Type>>;
}

const TERRAFORM_DIR = join(import.meta.dirname, "..", "..", "..", "terraform");

/** The types that terraform/ names, with what declares them. */
async function typesInUse(): Promise<readonly (readonly ["resource" | "data", string])[]> {
  const found = new Set<string>();
  for (const directory of [TERRAFORM_DIR, join(TERRAFORM_DIR, "bootstrap")]) {
    for (const name of await readdir(directory)) {
      if (!name.endsWith(".tf")) continue;
      const text = await readFile(join(directory, name), "utf8");
      for (const [, block, type] of text.matchAll(/^(resource|data) "(aws_\w+)"/gm)) found.add(`${block} ${type}`);
    }
  }
  return [...found].sort().map((one) => one.split(" ") as ["resource" | "data", string]);
}

/** Whether an argument must be set, by the interfaces of the declarations: a link to its documentation, "name?: type". */
function isRequired(declarations: string, of: string, name: string): boolean {
  const body = new RegExp(`^export interface ${of} [\\s\\S]*?^\\}`, "m").exec(declarations)?.[0] ?? "";
  const [, optional] = new RegExp(`#${name} [\\s\\S]*?\\*/\\n    readonly \\w+(\\??):`).exec(body) ?? [];
  if (optional === undefined) throw new Error(`${of} has no ${name}`);
  return optional === "";
}

/** One table of arguments in the package's code, as its generator writes them. */
function argumentsIn(code: string, declarations: string, table: string, of: string): Arguments {
  const entries = table.matchAll(
    /^ {8,12}(\w+): \{\n\s+value: (.*),\n\s+isBlock: (true|false),\n\s+type: "(\w+)",\n\s+storageClassType: "(\w+)",/gm,
  );
  return Object.fromEntries(
    [...entries].map(([, name = "", value = "", isBlock, type, storage]) => {
      const required = isRequired(declarations, of, name);
      if (isBlock === "false") return [name, `${type === "simple" ? storage : type}${required ? "" : "?"}`];
      const inner = /(\w+)ToHclTerraform/.exec(value)?.[1] ?? "";
      const many = value.includes("listMapperHcl");
      const body = new RegExp(`^function ${inner}ToHclTerraform\\([\\s\\S]*?^\\}`, "m").exec(code)?.[0] ?? "";
      const interfaceName = inner.charAt(0).toUpperCase() + inner.slice(1);
      return [name, { required, many, arguments: argumentsIn(code, declarations, body, interfaceName) }];
    }),
  );
}

/** The package gives each type a folder: aws_eip's is lib/eip, data.aws_ami's lib/data-aws-ami. */
async function typeIn(library: string, block: "resource" | "data", type: string): Promise<Type> {
  const name = `${block === "data" ? "data_" : ""}${block === "data" ? type : type.replace(/^aws_/, "")}`;
  const folder = join(library, name.replaceAll("_", "-"));
  const code = await readFile(join(folder, "index.js"), "utf8");
  const declarations = await readFile(join(folder, "index.d.ts"), "utf8");
  const [table = ""] = /^ {4}synthesizeHclAttributes\(\) \{[\s\S]*?^ {4}\}/m.exec(code) ?? [];
  const config = /^export interface (\w+Config) extends cdktn\.TerraformMetaArguments/m.exec(declarations)?.[1] ?? "";
  const taken = argumentsIn(code, declarations, table, config);
  const [resource = ""] = /^class \w+ extends cdktn\.Terraform(?:Resource|DataSource) \{[\s\S]*?^\}/m.exec(code) ?? [];
  const said = [...resource.matchAll(/get\w+Attribute\('(\w+)'\)|new \w+\(this, "(\w+)"/g)].map(
    ([, simple, complex]) => simple ?? complex ?? "",
  );
  return { arguments: taken, computed: [...new Set(said)].filter((one) => !Object.hasOwn(taken, one)).sort() };
}

async function make(): Promise<Schema> {
  const folder = await mkdtemp(join(tmpdir(), "provider-schema-"));
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = { cwd: folder, stdio: "pipe", encoding: "utf8" };
    const tarball = execFileSync("npm", ["pack", "--silent", PACKAGE], options).trim();
    execFileSync("tar", ["xzf", tarball], options);
    const manifest: unknown = JSON.parse(await readFile(join(folder, "package", "package.json"), "utf8"));
    const { cdktf } = manifest as { cdktf: { provider: { version: string } } };
    const of = async (wanted: "resource" | "data") => {
      const types = (await typesInUse()).filter(([block]) => block === wanted).map(([, type]) => type);
      const library = join(folder, "package", "lib");
      return Object.fromEntries(
        await Promise.all(types.map(async (type) => [type, await typeIn(library, wanted, type)] as const)),
      );
    };
    return { provider: cdktf.provider.version, resources: await of("resource"), data: await of("data") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const file = join(import.meta.dirname, "provider.json");
  await writeFile(file, JSON.stringify(await make()));
  execFileSync("biome", ["format", "--write", file]);
}
