/** This folder: terraform/ held against its rules, its scripts and its Lambda run. Not here: AWS. */
/** Our .tf files, parsed: what the rules and the first-boot tests look at. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "@cdktf/hcl2json";

export const TERRAFORM_DIR = join(import.meta.dirname, "..", "..", "terraform");

/** A block's arguments as hcl2json gives them: expressions are strings like `${var.x}`, blocks are lists. */
export type Body = Readonly<Record<string, unknown>>;
/** Blocks by type and name: `resource.aws_eip.jumpbox`. */
type Labelled = Readonly<Record<string, Readonly<Record<string, readonly Body[]>>>>;

export interface Configuration {
  readonly resources: Labelled;
  readonly data: Labelled;
  readonly variables: Readonly<Record<string, readonly Body[]>>;
  readonly outputs: Readonly<Record<string, readonly Body[]>>;
  readonly locals: Body;
  readonly imports: readonly Body[];
  readonly terraform: readonly Body[];
  readonly providers: Readonly<Record<string, readonly Body[]>>;
  /** Each file's text, by name. */
  readonly texts: Readonly<Record<string, string>>;
}

interface Parsed {
  readonly resource?: Labelled;
  readonly data?: Labelled;
  readonly variable?: Configuration["variables"];
  readonly output?: Configuration["outputs"];
  readonly locals?: readonly Body[];
  readonly import?: readonly Body[];
  readonly terraform?: readonly Body[];
  readonly provider?: Configuration["providers"];
}

/** Parses every .tf file of a directory into one configuration. */
export async function readConfiguration(directory = TERRAFORM_DIR): Promise<Configuration> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".tf")).sort();
  const texts: Record<string, string> = {};
  const files: Parsed[] = [];
  for (const name of names) {
    const text = await readFile(join(directory, name), "utf8");
    texts[name] = text;
    files.push(await parse(name, text));
  }
  return {
    resources: merged(files.map((file) => file.resource ?? {})),
    data: merged(files.map((file) => file.data ?? {})),
    variables: Object.assign({}, ...files.map((file) => file.variable ?? {})),
    outputs: Object.assign({}, ...files.map((file) => file.output ?? {})),
    locals: Object.assign({}, ...files.flatMap((file) => file.locals ?? [])),
    imports: files.flatMap((file) => file.import ?? []),
    terraform: files.flatMap((file) => file.terraform ?? []),
    providers: Object.assign({}, ...files.map((file) => file.provider ?? {})),
    texts,
  };
}

function merged(all: readonly Labelled[]): Labelled {
  const types: Record<string, Record<string, readonly Body[]>> = {};
  for (const one of all) {
    for (const [type, named] of Object.entries(one)) types[type] = { ...types[type], ...named };
  }
  return types;
}

/** The one block of a resource; throws where there is none. */
export function resource(configuration: Configuration, type: string, name: string): Body {
  const [body] = configuration.resources[type]?.[name] ?? [];
  if (!body) throw new Error(`there is no ${type}.${name}`);
  return body;
}

/** The one nested block of this name; throws where there is none. */
export function block(body: Body, name: string): Body {
  const list = body[name];
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  if (typeof first !== "object" || first === null) throw new Error(`there is no block ${name}`);
  return first as Body;
}

/** The home volume that resolved scripts speak of. */
export const HOME_VOLUME = "vol0123456789abcdef0";

/**
 * A machine's first-boot script as Terraform would put it together: the pieces that `local.first_boot` joins, with their
 * references resolved. first-boot.test.ts checks this against the real terraform.
 */
export function firstBootScript(configuration: Configuration, machine: string): string {
  const joined = (configuration.locals.first_boot as Readonly<Record<string, string>>)[machine];
  if (!joined) throw new Error(`no first boot for ${machine}`);
  return [...joined.matchAll(/local\.(\w+)/g)].map(([, name]) => piece(configuration, name ?? "")).join("");
}

function piece(configuration: Configuration, name: string): string {
  const text = configuration.locals[name];
  if (typeof text !== "string") throw new Error(`local.${name} is no script`);
  return text
    .replaceAll(/(?<!\$)\$\{local\.(\w+)\}/g, (_, inner: string) => piece(configuration, inner))
    .replaceAll(/(?<!\$)\$\{replace\(aws_ebs_volume\.jumpbox_home\.id[^}]*\}/g, HOME_VOLUME)
    .replaceAll("$${", "${");
}

/**
 * A machine's whole user_data as Terraform would put it together, unpacked: the list of `local.user_data_text`, with
 * `local.cloud_config` in it. first-boot.test.ts checks this against the real terraform.
 */
export function userData(configuration: Configuration, machine: string): string {
  return joined(configuration, "user_data_text", machine);
}

/** The list that `local.NAME` joins for each machine, line by line. */
function joined(configuration: Configuration, name: string, machine: string): string {
  const text = configuration.texts["dev-instance-common.tf"] ?? "";
  const from = text.indexOf(`\n  ${name} = {`);
  const begin = text.indexOf("[\n", from) + 2;
  if (from < 0 || begin < 2) throw new Error(`local.${name} is no list of lines`);
  const list = text.slice(begin, text.indexOf("\n  ])", begin));
  return list
    .split("\n")
    .map((line) => line.trim().replace(/,$/, ""))
    .map((item) => {
      if (item === "script") return firstBootScript(configuration, machine);
      if (item.startsWith("local.")) return joined(configuration, item.slice(6).replace("[name]", ""), machine);
      return (JSON.parse(item) as string).replaceAll(/\$\{name\}/g, machine);
    })
    .join("\n");
}
