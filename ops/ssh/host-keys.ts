/**
 * Which host key is expected of which machine. A host key belongs to the root volume: the known one is kept under the
 * machine's name together with the volume it was taken on; a throw-away root gets a name of its own, so that its key
 * never takes the place of the persistent one.
 */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { Environment } from "../environment.ts";
import { isMachineName, type MachineName } from "../fleet/machines.ts";
import type { Fleet } from "../fleet/model.ts";
import { $, NO_PROGRAM, notInstalled } from "../programs.ts";
import { knownHostsPath } from "./command.ts";
import type { RootFacts } from "./diagnose.ts";

export interface HostKeys {
  /** The known-hosts file, made with its directory where it is missing. */
  readonly file: string;
  /** The name that the machine's key is looked up and kept under. */
  readonly alias: (machine: MachineName, root: RootFacts | undefined) => string;
  /** The volume on which the key under the machine's own name was last seen good. */
  readonly knownOn: (machine: MachineName) => string | undefined;
  /** Records that the machine's key was good on this root. */
  readonly confirm: (machine: MachineName, root: RootFacts | undefined) => void;
  /** Drops the key of an address from the person's own known_hosts, and that of a replaced root from ours. */
  readonly forget: (address: string, replaced?: { machine: MachineName; volumeId: string }) => Promise<void>;
}

export function rootFacts(fleet: Fleet | undefined, machine: MachineName): RootFacts | undefined {
  const seen = fleet?.machines[machine];
  return seen && { kind: seen.rootKind, volumeId: seen.root?.id };
}

export function createHostKeys(environment: Environment): HostKeys {
  const file = knownHostsPath(environment);
  const record = join(environment.stateDir, "host-key-volumes.json");
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const known = new Map(readRecord(record));
  return {
    file,
    alias: aliasOf,
    knownOn: (machine) => known.get(machine),
    confirm: (machine, root) => {
      if (!root?.volumeId || aliasOf(machine, root) !== machine || known.get(machine) === root.volumeId) return;
      known.set(machine, root.volumeId);
      writeFileAtomic.sync(record, `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`, { mode: 0o600 });
    },
    forget: async (address, replaced) => {
      await removeKey(address, join(environment.home, ".ssh", "known_hosts"), environment);
      if (replaced) {
        const alias = aliasOf(replaced.machine, { kind: "throw-away", volumeId: replaced.volumeId });
        await removeKey(alias, file, environment);
      }
    },
  };
}

function aliasOf(machine: MachineName, root: RootFacts | undefined): string {
  return root?.kind === "throw-away" && root.volumeId ? `${machine}.${root.volumeId}` : machine;
}

/** `ssh-keygen -R` knows hashed names too. It fails where the file holds no such key in some versions: that is no fault. */
async function removeKey(name: string, file: string, environment: Environment): Promise<void> {
  if (!existsSync(file)) return;
  const { exitCode } = await $({ env: environment.env, nothrow: true })`ssh-keygen -R ${name} -f ${file}`;
  const missing = exitCode === NO_PROGRAM && notInstalled("ssh-keygen", environment.env);
  if (missing) throw missing;
}

/** The stored record; a missing or damaged file is an empty one, as it only helps to explain. */
function readRecord(path: string): [MachineName, string][] {
  try {
    const stored: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof stored !== "object" || stored === null) return [];
    return Object.entries(stored).filter(
      (entry): entry is [MachineName, string] => isMachineName(entry[0]) && typeof entry[1] === "string",
    );
  } catch {
    return [];
  }
}
