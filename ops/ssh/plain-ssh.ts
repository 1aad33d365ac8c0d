/**
 * Plain ssh, and with it scp, rsync, git and editors: a file of ours beside the person's ~/.ssh/config, which that includes
 * by one line once they have asked for it. Every look that shows another address or identity writes it anew.
 */

import { existsSync } from "node:fs";
import { lstat, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { isLoopback, simulatedAt } from "../aws/endpoint.ts";
import { type Environment, PROJECT } from "../environment.ts";
import { FailureError } from "../failure.ts";
import { LOGIN, MACHINE_NAMES, MACHINES, type MachineName } from "../fleet/machines.ts";
import type { Fleet } from "../fleet/model.ts";
import { $ } from "../programs.ts";
import { keyPath, sshProgram } from "./command.ts";
import { type HostKeys, rootFacts } from "./host-keys.ts";

export interface PlainSsh {
  /** Our file. */
  readonly file: string;
  /** Writes it as this look says, where the person has asked for it. Never throws: a look is not spoilt by it. */
  readonly follow: (fleet: Fleet) => Promise<void>;
  /** Writes it, and has it included; gives whether it was not so before. Throws what the file system throws. */
  readonly setUp: (fleet: Fleet) => Promise<boolean>;
  /** Takes the line and the file away; gives whether there was anything. Throws what the file system throws. */
  readonly takeAway: () => Promise<boolean>;
  /** Where ssh really connects to for that address; undefined where it may not. */
  readonly reach: (address: string) => Promise<Reach | undefined>;
  /** Under which name ssh looks the machine's key up, by what the file says; undefined where there is none. */
  readonly known: (machine: MachineName) => Promise<string | undefined>;
}

interface Reach {
  readonly host: string;
  readonly port: number;
}

const NAME = "snowglobe_config";
/** Relative names are in ~/.ssh (ssh_config(5), "Include"). */
const LINE = `Include ${NAME}\n`;
const HEAD = "# snowglobe's own, written anew after every look. make clean-ssh takes it away.\n";

/** The first lines: also of whose machines it speaks, as real and simulated accounts may share a home. */
function headOf(environment: Environment): string {
  const simulated = simulatedAt(environment);
  return simulated ? `${HEAD}# Of the simulated account at ${simulated}.\n` : `${HEAD}# Of the real account.\n`;
}

export function createPlainSsh(environment: Environment, hostKeys: HostKeys): PlainSsh {
  const file = join(environment.home, ".ssh", NAME);
  const config = join(environment.home, ".ssh", "config");
  let turn = Promise.resolve();

  const reach = async (address: string): Promise<Reach | undefined> => {
    const { SNOWGLOBE_SSH_CONFIG: theirs } = environment.env;
    if (!theirs) return simulatedAt(environment) && !isLoopback(address) ? undefined : { host: address, port: 22 };
    const ssh = $({ env: environment.env, nothrow: true });
    const { stdout } = await ssh`${sshProgram(environment)} -G -F ${theirs} ${address}`;
    const [, host = ""] = /^hostname (.*)$/m.exec(stdout) ?? [];
    const [, port = "22"] = /^port (\d+)$/m.exec(stdout) ?? [];
    return simulatedAt(environment) && !isLoopback(host) ? undefined : { host, port: Number(port) };
  };

  const write = async (fleet: Fleet): Promise<void> => {
    const blocks = await Promise.all(
      MACHINE_NAMES.map(async (machine) => {
        const { address, instance } = fleet.machines[machine];
        const ip = address?.publicIp ?? instance?.publicIp;
        return block(environment, hostKeys, fleet, machine, ip === undefined ? undefined : await reach(ip));
      }),
    );
    const text = `${headOf(environment)}${blocks.join("")}`;
    if ((await textOf(file)) === text) return;
    await writeFileAtomic(file, text, { mode: 0o600 });
  };

  return {
    file,
    reach,
    follow: (fleet) => {
      const again = async () => {
        // Another account's is for that one to keep.
        if ((await textOf(file))?.startsWith(headOf(environment))) await write(fleet);
      };
      // No file outlives us whose host keys go with us.
      if (!environment.unkept && existsSync(file)) turn = turn.then(again).catch(() => {});
      return turn;
    },
    setUp: async (fleet) => {
      if (environment.unkept) throw new FailureError(environment.unkept);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await write(fleet);
      const before = await textOf(config);
      if (before?.startsWith(LINE)) return false;
      await rewrite(config, `${LINE}${(before ?? "").replace(LINE, "")}`, before === undefined);
      return true;
    },
    takeAway: async () => {
      const before = await textOf(config);
      const after = before?.replace(LINE, "");
      if (after === "" && before !== "" && (await lstat(config)).isFile()) await rm(config);
      else if (after !== undefined && after !== before) await rewrite(config, after, false);
      const was = existsSync(file);
      await rm(file, { force: true });
      return was || after !== before;
    },
    known: async (machine) => {
      const [, its] = (await textOf(file))?.split(`Host ${namesOf(machine)}\n`) ?? [];
      return /^ {2}HostKeyAlias (.*)$/m.exec(its ?? "")?.[1];
    },
  };
}

/** Bytes as they are, whatever they mean: a character each. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "latin1");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whole or not at all, through symbolic links, with the mode and owner that it had. */
async function rewrite(path: string, text: string, isNew: boolean): Promise<void> {
  await writeFileAtomic(path, Buffer.from(text, "latin1"), isNew ? { mode: 0o600 } : {});
}

/** Every name of a machine, those last that bring it up first. */
function namesOf(machine: MachineName): string {
  const names = [...new Set([machine, MACHINES[machine].short])];
  return [...names, ...names.map((name) => `${name}-up`)].join(" ");
}

/** What the product's own ssh is called with (command.ts), as ssh_config(5) says it. */
function block(
  environment: Environment,
  hostKeys: HostKeys,
  fleet: Fleet,
  machine: MachineName,
  to: Reach | undefined,
): string {
  const alias = hostKeys.alias(machine, rootFacts(fleet, machine));
  const { short } = MACHINES[machine];
  const walk = `make --silent --no-print-directory -C '${PROJECT.replaceAll("'", "'\\''")}' pipe-${short}`;
  const names = namesOf(machine);
  const settings = [
    // A name that is nobody's (RFC 6761), so that ssh does not look for a machine that is called so elsewhere.
    `HostName ${to?.host ?? `${machine}.invalid`}`,
    ...(to && to.port !== 22 ? [`Port ${to.port}`] : []),
    `User ${LOGIN}`,
    `IdentityFile "${literal(keyPath(environment))}"`,
    "IdentitiesOnly yes",
    `HostKeyAlias ${alias}`,
    `UserKnownHostsFile "${literal(hostKeys.file)}"`,
    "GlobalKnownHostsFile /dev/null",
    "HashKnownHosts no",
    "CheckHostIP no",
    "UpdateHostKeys no",
    // One that the product has not met yet is the person's to judge, as ssh asks by itself.
    ...(hostKeys.knows(alias) ? ["StrictHostKeyChecking yes"] : []),
  ];
  const up = names.split(" ").filter((name) => name.endsWith("-up"));
  return [
    `\nHost ${names}\n`,
    ...settings.map((line) => `  ${line}\n`),
    `Host ${up.join(" ")}\n  ProxyCommand ${literal(walk)}\n`,
  ].join("");
}

/** ssh expands `%`. */
function literal(text: string): string {
  return text.replaceAll("%", "%%");
}
