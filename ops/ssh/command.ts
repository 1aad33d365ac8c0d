/** How the real OpenSSH client is called: the argument vector, never a shell. */

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Environment } from "../environment.ts";
import type { Failure } from "../failure.ts";
import { LOGIN } from "../fleet/machines.ts";
import { keyMissing, keyOpen } from "./diagnose.ts";

/** The program to start; plain "ssh" where checkLocal has something to say about it. */
export function sshProgram(environment: Environment): string {
  return findSsh(environment) ?? "ssh";
}

/** Where the key of the EC2 key pair `fcvm-ec2` lies. */
export function keyPath(environment: Environment): string {
  return join(environment.home, ".ssh", "fcvm-ec2");
}

/** Host keys of our machines, kept apart from the person's own file. */
export function knownHostsPath(environment: Environment): string {
  return join(environment.stateDir, "known_hosts");
}

interface Call {
  readonly address: string;
  /** The name that the host key is kept under, see host-keys.ts. */
  readonly alias: string;
  /** `session`: a person at a terminal. `batch`: nobody there to answer, nothing but the command and its output. */
  readonly use: "session" | "batch";
  /** What the far side's shell is to run; the login shell where it is left out. */
  readonly command?: string;
  /** Where ssh writes its own words, so that they never mix with the far side's. */
  readonly log?: string;
  /** Seconds until a connection that nobody answers is given up. */
  readonly connectTimeout?: number;
}

/**
 * The arguments of one call of `ssh`. A link that is dead for 15 s is given up: 5 s of silence, then two questions
 * without an answer (ssh_config(5), ServerAliveInterval). The person's own configuration applies beneath, except where
 * it would change what we promise: no shared connection that outlives us, no other key, no other known-hosts file.
 */
export function sshArguments(environment: Environment, call: Call): string[] {
  const config = environment.env.SNOWGLOBE_SSH_CONFIG;
  const options = [
    "IdentitiesOnly=yes",
    "PreferredAuthentications=publickey",
    `HostKeyAlias=${call.alias}`,
    `UserKnownHostsFile="${literal(knownHostsPath(environment))}"`,
    "GlobalKnownHostsFile=/dev/null",
    "HashKnownHosts=no",
    "CheckHostIP=no",
    "UpdateHostKeys=no",
    "StrictHostKeyChecking=accept-new",
    `ConnectTimeout=${call.connectTimeout ?? 10}`,
    "ServerAliveInterval=5",
    "ServerAliveCountMax=2",
    "EscapeChar=none",
    "LogLevel=INFO",
    "ControlMaster=no",
    "ControlPath=none",
    ...(call.use === "batch" ? ["BatchMode=yes", "ClearAllForwardings=yes", "ForwardAgent=no"] : []),
  ];
  return [
    ...(config ? ["-F", config] : []),
    ...(call.log ? ["-E", call.log] : []),
    ...(call.use === "batch" ? ["-T"] : ["-tt"]),
    "-i",
    literal(keyPath(environment)),
    ...options.flatMap((option) => ["-o", option]),
    `${LOGIN}@${call.address}`,
    ...(call.command === undefined ? [] : [call.command]),
  ];
}

/** ssh expands `%` in file names. */
function literal(path: string): string {
  return path.replaceAll("%", "%%");
}

/** What is wrong on this side before ssh is even asked: no client, no key, a key that others can read. */
export function checkLocal(environment: Environment): Failure | undefined {
  if (!findSsh(environment)) {
    return {
      kind: "missing",
      code: "SSH_MISSING",
      sentence: "There is no ssh on this machine's PATH.",
      action: "Install the OpenSSH client (package openssh-client).",
    };
  }
  const key = keyPath(environment);
  const mode = modeOf(key);
  if (mode === undefined) return keyMissing(key);
  // Root reads any file, and ssh checks only files of the user's own: the rule is ssh's (sshkey_perm_ok in authfile.c).
  return mode & 0o077 ? keyOpen(key) : undefined;
}

function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode;
  } catch {
    return undefined;
  }
}

/** The ssh on the PATH that we were given, which need not be that of this process; undefined where there is none. */
function findSsh({ env }: Environment): string | undefined {
  const candidates = (env.PATH || "/usr/bin:/bin").split(delimiter).map((directory) => join(directory || ".", "ssh"));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}
