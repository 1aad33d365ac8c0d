/** This folder: terraform/ run by the real AWS provider, on an account that moto plays. Not here: our own simulator. */
/** What the tests here need and do not bring: terraform, moto_server, and the AWS provider in a filesystem mirror. */

import { spawnSync } from "node:child_process";
import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

interface Mirror {
  /** The directory that has `registry.terraform.io` in it, as a `filesystem_mirror` takes it. */
  readonly path: string;
  readonly version: string;
}

const HOST = "registry.terraform.io";
const PLATFORM = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;

/** The newest AWS provider for this platform in any mirror: where Terraform would look, then wherever one lies. */
function findMirror(): Mirror | undefined {
  const env = process.env;
  const home = homedir();
  const usual = [
    ...configured(env.TF_CLI_CONFIG_FILE ?? join(home, ".terraformrc")),
    ...[join(home, ".terraform.d"), env.XDG_DATA_HOME ?? join(home, ".local", "share", "terraform")].map((one) =>
      join(one, "plugins"),
    ),
    ...(env.XDG_DATA_DIRS ?? "/usr/local/share:/usr/share").split(":").map((one) => join(one, "terraform", "plugins")),
    ...(env.TF_PLUGIN_CACHE_DIR ? [env.TF_PLUGIN_CACHE_DIR] : []),
  ];
  return newest(usual) ?? newest(lying("/", 3));
}

/** The mirrors that Terraform's own configuration names (developer.hashicorp.com/terraform/cli/config/config-file). */
function configured(file: string): readonly string[] {
  try {
    const text = readFileSync(file, "utf8");
    return [...text.matchAll(/filesystem_mirror\s*\{[^}]*?\bpath\s*=\s*"([^"]+)"/g)].map(([, path]) => path ?? "");
  } catch {
    return [];
  }
}

/** Directories down to `levels` below one that hold a registry's name. What cannot be read holds none. */
function lying(directory: string, levels: number): readonly string[] {
  const inside = folders(directory);
  if (inside.includes(HOST)) return [directory];
  if (levels === 0) return [];
  return inside
    .filter((name) => !/^(?:proc|sys|dev|run|tmp|node_modules|\.git)$/.test(name))
    .flatMap((name) => lying(join(directory, name), levels - 1));
}

function newest(mirrors: readonly string[]): Mirror | undefined {
  const found = mirrors.flatMap((path) =>
    folders(join(path, HOST, "hashicorp", "aws"))
      .filter((version) => folders(join(path, HOST, "hashicorp", "aws", version)).includes(PLATFORM))
      .map((version) => ({ path, version })),
  );
  return found.toSorted((a, b) => b.version.localeCompare(a.version, "en", { numeric: true }))[0];
}

function folders(directory: string): readonly string[] {
  try {
    const isFolder = (one: Dirent) => one.isDirectory() || one.isSymbolicLink();
    return readdirSync(directory, { withFileTypes: true })
      .filter(isFolder)
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

const answers = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

const NEEDED = [
  ["terraform", "version"],
  ["moto_server", "--help"],
  ["aws", "--version"],
] as const;

/** The provider's own program in a mirror. */
export function providerIn({ path, version }: Mirror): string {
  const folder = join(path, HOST, "hashicorp", "aws", version, PLATFORM);
  const program = readdirSync(folder).find((name) => name.startsWith("terraform-provider-aws"));
  if (!program) throw new Error(`${folder} has no provider`);
  return join(folder, program);
}

export const MIRROR = NEEDED.every(([command, argument]) => answers(command, argument)) ? findMirror() : undefined;

/** Why a test with the real provider cannot run here. */
export const NO_PROVIDER = MIRROR === undefined;

export const NEEDS = "with the real provider (needs terraform, its AWS provider in a mirror, aws and moto_server)";
