/**
 * Which host key is expected of which machine. A machine is known per root volume and instance ID: under an ID that the
 * root has not seen, cloud-init makes all host keys anew (aws.md, "A root volume under another instance ID"), and each
 * such pair has a name of its own, under which ssh keeps and looks up the key.
 */

import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { appendFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { simulatedAt } from "../aws/endpoint.ts";
import type { Environment } from "../environment.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { Fleet } from "../fleet/model.ts";
import { $, NO_PROGRAM, notInstalled } from "../programs.ts";
import { knownHostsPath } from "./command.ts";
import type { PublicKey } from "./console-keys.ts";
import type { RootFacts } from "./diagnose.ts";

/** How a key came to be trusted: shown by the console, the same as before on this root, or only seen once. */
export type Trust = "console" | "root" | "unverified";

export interface HostKeys {
  /** The known-hosts file, made with its directory where it is missing. */
  readonly file: string;
  /** The name that the key of this root under this instance ID is looked up and kept under. */
  readonly alias: (machine: MachineName, root: RootFacts | undefined) => string;
  /** Whether a key is known under that name. */
  readonly knows: (alias: string) => boolean;
  /** Writes keys that are not trusted yet to a file of one connection alone, as others may meet the same machine just then. */
  readonly propose: (alias: string, keys: readonly PublicKey[]) => Promise<Proposal>;
  /** Keeps keys that the machine has proven to hold. */
  readonly keep: (alias: string, keys: readonly PublicKey[]) => Promise<void>;
  /** Records how the key under that name came to be trusted, and gives it; of a key that ssh took by itself it is found out. */
  readonly confirm: (alias: string, machine: MachineName, root: RootFacts | undefined, trust?: Trust) => Trust;
  /** How a key that this process took came to be trusted; undefined for one that was known before. */
  readonly taken: (alias: string) => Trust | undefined;
  /** Drops the key of an address from the person's own known_hosts, and those of a replaced root from ours. */
  readonly forget: (address: string, replaced?: { machine: MachineName; volumeId: string }) => Promise<void>;
}

interface Proposal {
  readonly file: string;
  /** What is in it now: ssh writes there what it takes by itself. */
  readonly keys: () => readonly PublicKey[];
  /** The connection is over. Never throws. */
  readonly withdraw: () => Promise<void>;
}

/** Whether both are one boot of one instance on one root. */
export function isSameBoot(one: RootFacts | undefined, other: RootFacts | undefined): boolean {
  return (
    one?.volumeId !== undefined &&
    one.instanceId !== undefined &&
    one.volumeId === other?.volumeId &&
    one.instanceId === other.instanceId &&
    one.launchedAt === other.launchedAt
  );
}

export function rootFacts(fleet: Fleet | undefined, machine: MachineName): RootFacts | undefined {
  const seen = fleet?.machines[machine];
  return (
    seen && {
      kind: seen.rootKind,
      volumeId: seen.root?.id,
      instanceId: seen.instance?.id,
      launchedAt: seen.instance?.launchedAt,
    }
  );
}

export function createHostKeys(environment: Environment): HostKeys {
  const file = knownHostsPath(environment);
  const proposals = join(environment.stateDir, "console-keys");
  const taken = new Map<string, Trust>();
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });

  const keysIn = (path: string): readonly KnownKey[] =>
    existsSync(path) ? readFileSync(path, "utf8").split("\n").flatMap(readLine) : [];
  const known = () => keysIn(file);
  const write = (alias: string, keys: readonly PublicKey[]) =>
    keys.map(({ type, blob }) => `${alias} ${type} ${blob}\n`).join("");

  return {
    file,
    alias: aliasOf,
    knows: (alias) => known().some((one) => one.alias === alias),
    propose: async (alias, keys) => {
      mkdirSync(proposals, { recursive: true, mode: 0o700 });
      const path = join(proposals, `${alias}.${randomUUID()}`);
      await writeFile(path, write(alias, keys), { mode: 0o600, flag: "wx" });
      return {
        file: path,
        keys: () => keysIn(path).filter((one) => one.alias === alias),
        withdraw: () => rm(path, { force: true }).catch(() => {}),
      };
    },
    keep: async (alias, keys) => {
      if (!existsSync(file)) await writeFile(file, "", { mode: 0o600 });
      const fresh = keys.filter(({ blob }) => !known().some((one) => one.alias === alias && one.blob === blob));
      await appendFile(file, write(alias, fresh));
    },
    confirm: (alias, machine, root, trust) => {
      const all = known();
      const isOld = ({ blob }: KnownKey) =>
        all.some((one) => one.alias !== alias && one.blob === blob && isOfRoot(one.alias, machine, root));
      const how = trust ?? (all.filter((one) => one.alias === alias).some(isOld) ? "root" : "unverified");
      taken.set(alias, how);
      return how;
    },
    taken: (alias) => taken.get(alias),
    forget: async (address, replaced) => {
      // What is known of a real machine at that address is none of a simulated account's business.
      if (!simulatedAt(environment))
        await removeKey(address, join(environment.home, ".ssh", "known_hosts"), environment);
      if (!replaced) return;
      const root = { volumeId: replaced.volumeId };
      const aliases = known().flatMap(({ alias }) => (isOfRoot(alias, replaced.machine, root) ? [alias] : []));
      for (const alias of new Set(aliases)) await removeKey(alias, file, environment);
    },
  };
}

interface KnownKey extends PublicKey {
  readonly alias: string;
}

function readLine(line: string): KnownKey[] {
  const [alias, type, blob] = line.trim().split(/\s+/);
  return alias && type && blob && !alias.startsWith("#") ? [{ alias, type, blob }] : [];
}

function aliasOf(machine: MachineName, root: RootFacts | undefined): string {
  return root?.volumeId && root.instanceId ? `${machine}.${root.volumeId}.${root.instanceId}` : machine;
}

function isOfRoot(alias: string, machine: MachineName, root: Pick<RootFacts, "volumeId"> | undefined): boolean {
  return root?.volumeId !== undefined && alias.startsWith(`${machine}.${root.volumeId}.`);
}

/** `ssh-keygen -R` knows hashed names too. It fails where the file holds no such key in some versions: that is no fault. */
async function removeKey(name: string, file: string, environment: Environment): Promise<void> {
  if (!existsSync(file)) return;
  const { exitCode } = await $({ env: environment.env, nothrow: true })`ssh-keygen -R ${name} -f ${file}`;
  const missing = exitCode === NO_PROGRAM && notInstalled("ssh-keygen", environment.env);
  if (missing) throw missing;
}
