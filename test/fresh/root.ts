/** This folder: a fresh clone on a bare machine, as a new owner has it. Not here: what the cockpit does beyond its start. */
/**
 * A bare Debian in a directory, made with debootstrap, and programs that run in it under a pty. All is mounted in
 * namespaces that end with the program, so that no mount and no process is left, whatever happens.
 */

import { execFile, spawnSync } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Program, runProgram } from "../harness/program.ts";

const run = promisify(execFile);

/** The Debian with the oldest Node that the README promises to do with: 18. */
const SUITE = "bookworm";
const PERSON = "owner";
/** Where the certificates lie that Node or npm is told to trust here, where they are. */
const CERTIFICATES = "/etc/ssl/given.crt";
const ISOLATED = ["--mount", "--pid", "--fork", "--kill-child"];
/** Root's directory, who is to run it, and what. */
const ENTER = `set -e
root=$1 who=$2; shift 2
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
chroot=$(PATH=$PATH:/usr/sbin command -v chroot)
exec "$chroot" --userspec="$who:$who" "$root" "$@"`;

export interface FreshRoot {
  /** Runs a line of shell as an ordinary person in their home, under a pty. */
  readonly person: (line: string) => Program;
  /** The path in it of a copy of the repository at `path`, to be cloned by that person. */
  readonly serve: (path: string) => Promise<string>;
}

/** Why no such root can be made here; empty where it can. */
export function whyNoRoot(): string {
  if (process.getuid?.() !== 0) return "needs root";
  if (spawnSync("debootstrap", ["--version"]).status !== 0) return "needs debootstrap";
  return spawnSync("unshare", [...ISOLATED, "true"]).status === 0 ? "" : "needs namespaces";
}

/** Makes one below `directory`, with `packages` and nothing that they only recommend, and a person in it. */
export async function makeRoot(directory: string, packages: readonly string[]): Promise<FreshRoot> {
  const root = join(directory, "root");
  const quiet = { maxBuffer: 2 ** 26, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" } };
  await run("unshare", [...ISOLATED, "debootstrap", "--variant=minbase", SUITE, root], quiet);
  for (const file of ["/etc/resolv.conf", "/etc/hosts"]) await copyFile(file, join(root, file));
  const setUp = `apt-get update -qq
apt-get install -y -qq --no-install-recommends ${packages.join(" ")}
useradd --create-home --shell /bin/bash ${PERSON}`;
  await run("unshare", [...ISOLATED, "sh", "-c", ENTER, "enter", root, "root", "sh", "-ec", setUp], quiet);
  const env = {
    HOME: `/home/${PERSON}`,
    PATH: "/usr/local/bin:/usr/bin:/bin",
    LANG: "C.UTF-8",
    ...(await npmEnv(root)),
  };
  return {
    person: (line) => {
      const words = ["-c", ENTER, "enter", root, PERSON, "/bin/bash", "-c", `cd; ${line}`];
      return runProgram("unshare", [...ISOLATED, "/bin/sh", ...words], { env, columns: 100, rows: 30 });
    },
    serve: async (path) => {
      const served = "/srv/snowglobe.git";
      await run("git", ["clone", "--quiet", "--bare", path, join(root, served)]);
      await run("chroot", [root, "chown", "-R", `${PERSON}:`, served]);
      return served;
    },
  };
}

/** How npm reaches its registry from here, as environment variables for the root. */
async function npmEnv(root: string): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await run("npm", ["config", "list", "--json"]);
  const { registry, cafile } = JSON.parse(stdout) as { registry: string; cafile: string | null };
  const certificates = cafile ?? process.env.NODE_EXTRA_CA_CERTS;
  if (certificates) await copyFile(certificates, join(root, CERTIFICATES));
  const proxies = Object.entries(process.env).filter(([name]) => /^(?:https?|no)_proxy$/i.test(name));
  return {
    ...(Object.fromEntries(proxies) as Record<string, string>),
    NPM_CONFIG_REGISTRY: registry,
    ...(certificates ? { NPM_CONFIG_CAFILE: CERTIFICATES, NODE_EXTRA_CA_CERTS: CERTIFICATES } : {}),
  };
}
