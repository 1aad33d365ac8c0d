/** How the real OpenSSH client is called: the argument vector, never a shell. */

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { isLoopback, simulatedAt } from "../aws/endpoint.ts";
import type { Environment } from "../environment.ts";
import { type Failure, FailureError } from "../failure.ts";
import { LOGIN } from "../fleet/machines.ts";
import { shellWord } from "../plain.ts";
import { findProgram } from "../programs.ts";
import { keyMissing, keyOpen } from "./diagnose.ts";

/** The program to start; plain "ssh" where checkLocal has something to say about it. */
export function sshProgram(environment: Environment): string {
  return findProgram("ssh", environment.env) ?? "ssh";
}

/** Where the key of the EC2 key pair `fcvm-ec2` lies. */
export function keyPath(environment: Environment): string {
  return join(environment.home, ".ssh", "fcvm-ec2");
}

/** Host keys of our machines, kept apart from the person's own file. */
export function knownHostsPath(environment: Environment): string {
  return join(environment.stateDir, "known_hosts");
}

/** Which host key is expected, see host-keys.ts. */
export interface Identity {
  /** The name that the key is kept under. */
  readonly alias: string;
  /** The known-hosts file that says it. */
  readonly file: string;
  /** `yes`: no other key than is said there; `accept-new`: where none is, whichever comes is written there. */
  readonly strict: "yes" | "accept-new";
}

interface Call {
  readonly address: string;
  readonly identity: Identity;
  /**
   * `session`: a person at a terminal. `piped`: a person's script at a pipe, with a shell that has no terminal. `batch`:
   * nobody there to answer, nothing but the command and its output.
   */
  readonly use: "session" | "piped" | "batch";
  /** What `sh` is to run over there, whatever the login shell; a login shell where it is left out. */
  readonly command?: string;
  /** Where ssh writes its own words, so that they never mix with the far side's. */
  readonly log?: string;
  /** Seconds until a connection that nobody answers is given up. */
  readonly connectTimeout?: number;
}

/**
 * Silence of a link, as ssh_config(5) has it: seconds between two questions, and how many may go without an answer. In a
 * batch nobody is hurt where a dead link is given up after 15 s; a session takes its shell with it, so it is given up
 * only after ten minutes (or when AWS says that the machine is gone).
 */
const SILENCE = { batch: [5, 2], piped: [15, 40], session: [15, 40] } as const;

/**
 * The arguments of one call of `ssh`. The person's own configuration applies beneath, except where it would change what
 * we promise: no shared connection that outlives us, no other key, no other known-hosts file; and in a batch no command
 * but ours, here or over there. On a simulated account it leads to loopback, whatever any configuration says. Throws a
 * FailureError where that account has no such machine.
 */
export function sshArguments(environment: Environment, call: Call): string[] {
  const refused = checkReach(environment, call.address);
  if (refused) throw new FailureError(refused);
  const config = environment.env.SNOWGLOBE_SSH_CONFIG;
  const options = [
    "IdentitiesOnly=yes",
    "PreferredAuthentications=publickey",
    `HostKeyAlias=${call.identity.alias}`,
    `UserKnownHostsFile="${literal(call.identity.file)}"`,
    "GlobalKnownHostsFile=/dev/null",
    "HashKnownHosts=no",
    "CheckHostIP=no",
    "UpdateHostKeys=no",
    `StrictHostKeyChecking=${call.identity.strict}`,
    `ConnectTimeout=${call.connectTimeout ?? 10}`,
    `ServerAliveInterval=${SILENCE[call.use][0]}`,
    `ServerAliveCountMax=${SILENCE[call.use][1]}`,
    "EscapeChar=none",
    "LogLevel=INFO",
    "ControlMaster=no",
    "ControlPath=none",
    ...(simulatedAt(environment) ? STAYS_HERE : []),
    ...(call.use === "batch" ? BATCH : call.command === undefined ? [] : ["RemoteCommand=none"]),
  ];
  return [
    ...(config ? ["-F", config] : []),
    ...(call.log ? ["-E", call.log] : []),
    ...(call.use === "session" ? ["-tt"] : ["-T"]),
    "-i",
    literal(keyPath(environment)),
    ...options.flatMap((option) => ["-o", option]),
    `${LOGIN}@${call.address}`,
    ...(call.command === undefined ? [] : [forAnyShell(call.command)]),
  ];
}

const BATCH = [
  "BatchMode=yes",
  "ClearAllForwardings=yes",
  "ForwardAgent=no",
  "RequestTTY=no",
  "RemoteCommand=none",
  "PermitLocalCommand=no",
];

/** The first value that ssh is given counts. The port is left to the configuration: by it the machines are told apart. */
const STAYS_HERE = ["HostName=127.0.0.1", "ProxyCommand=none"];

/** Why no connection may be tried to this address: whatever is simulated never reaches out to a real machine. */
export function checkReach(environment: Environment, address: string): Failure | undefined {
  const account = simulatedAt(environment);
  if (!account || environment.env.SNOWGLOBE_SSH_CONFIG || isLoopback(address)) return undefined;
  return {
    kind: "refused",
    code: "SIMULATED",
    sentence: `The account at ${account} is a simulated one, and no machine of its own stands behind ${address}: ssh was not called.`,
    action: "Take all the lines that make simulator prints, or unset AWS_ENDPOINT_URL for the real account.",
  };
}

/**
 * The environment of a batch. It has no terminal (see programs.ts), and with this not even the ssh that a ProxyJump starts,
 * to which BatchMode is not handed down, asks anything in a window.
 */
export function batchEnv({ env }: Environment): Environment["env"] {
  return { ...env, SSH_ASKPASS_REQUIRE: "never" };
}

/** One word in which every login shell sees the same: sh, bash, fish, csh, … agree on '…', but for what is looked for here. */
export function forAnyShell(command: string): string {
  if (/^[^\\!\r\n]*$/.test(command)) return `sh -c ${shellWord(command)}`;
  return `sh -c 'eval "$(echo ${Buffer.from(command).toString("base64")} | base64 -d)"'`;
}

/** ssh expands `%` in file names. */
function literal(path: string): string {
  return path.replaceAll("%", "%%");
}

/** What is wrong on this side before ssh is even asked: no client, no key, a key that others can read. */
export function checkLocal(environment: Environment): Failure | undefined {
  if (!findProgram("ssh", environment.env)) {
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

/**
 * Whether the key has a passphrase: a cipher other than "none" in OpenSSH's own format (PROTOCOL.key in its sources),
 * or the word in an older one. False where it cannot be read.
 */
export function keyIsLocked(path: string): boolean {
  try {
    const file = openSync(path, "r");
    try {
      const head = Buffer.alloc(512);
      const text = head.toString("latin1", 0, readSync(file, head));
      const [, body] = /BEGIN OPENSSH PRIVATE KEY-----\s+(\S+)/.exec(text) ?? [];
      const unlocked = "openssh-key-v1\0\0\0\0\u0004none";
      return body ? !Buffer.from(body, "base64").toString("latin1").startsWith(unlocked) : text.includes("ENCRYPTED");
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}
