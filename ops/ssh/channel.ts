/** One-off commands over SSH with nobody at the keyboard: what probes, prerequisites and the swap's last look use. */

import type { Clock } from "../clock.ts";
import type { Environment } from "../environment.ts";
import { type Failure, FailureError, isTransient } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { FleetState } from "../fleet/state.ts";
import { $, endFlood, unkept } from "../programs.ts";
import type { Store } from "../store.ts";
import {
  batchEnv,
  checkLocal,
  checkReach,
  type Identity,
  keyIsLocked,
  keyPath,
  sshArguments,
  sshProgram,
} from "./command.ts";
import type { LinkFacts } from "./diagnose.ts";
import { type HostKeys, rootFacts, type Trust } from "./host-keys.ts";
import { type ConsoleSource, createIntroduction, type SecondLook } from "./introduction.ts";
import { hangUpWithUs } from "./watcher.ts";

export interface Channel {
  /**
   * Runs one line of shell on the machine and gives its output, whatever its exit status. `input` goes to its standard
   * input. Throws a FailureError where ssh itself failed, or the signal's reason.
   */
  readonly run: (
    machine: MachineName,
    address: string,
    command: string,
    options?: { readonly signal?: AbortSignal; readonly input?: string; readonly connectTimeout?: number },
  ) => Promise<{ readonly code: number; readonly stdout: string }>;
  /**
   * Runs a command for as long as it takes and hands its output on as it comes. Gives its exit status; throws a
   * FailureError where the link ended before the command did, or the signal's reason, with ssh ended.
   */
  readonly stream: (
    machine: MachineName,
    address: string,
    command: string,
    options: {
      readonly signal: AbortSignal;
      readonly onData: (bytes: Uint8Array) => void;
      readonly input?: string;
      readonly connectTimeout?: number;
    },
  ) => Promise<{ readonly code: number }>;
  /**
   * Resolves as soon as SSH answers: tries quickly at first, then every 5 s. `onWaiting` hears why it does not yet.
   * Throws at once what waiting cannot mend, and the last reason after 15 minutes (a metal machine boots for up to ten).
   */
  readonly waitForSsh: (
    machine: MachineName,
    address: string,
    signal: AbortSignal,
    onWaiting?: (reason: Failure) => void,
  ) => Promise<void>;
  /** What is wrong on this side: no ssh, no key, one that others can read, a simulated account without machines. Then no connection can be made. */
  readonly amiss: () => Failure | undefined;
  /** What diagnose() needs to know of a machine. */
  readonly facts: (machine: MachineName, address: string) => LinkFacts;
  /** Resolves when the machine's key is known: at once where it was, else as soon as SSH answers. Throws as waitForSsh does. */
  readonly meet: (machine: MachineName, address: string, signal: AbortSignal) => Promise<void>;
  /** How a connection is to be made to a machine that has answered before: to no other key than it had then. */
  readonly identity: (facts: LinkFacts) => Identity;
  /** How this process came to trust the machine's key; undefined where it was known already. */
  readonly trust: (machine: MachineName, address: string) => Trust | undefined;
}

/** Output beyond this is a flood, not an answer. */
const OUTPUT_LIMIT = 256 * 1024;
const COMMAND_LIMIT_MS = 30_000;
const WAIT_LIMIT_MS = 15 * 60_000;
/** cloud-init puts the key in place some seconds after sshd is up, on a machine's first boot. */
const REFUSED_LIMIT_MS = 45_000;

/**
 * @param secondLook where it is left out, what `fleet` holds by then is as good as a look
 */
export function createChannel(
  environment: Environment,
  clock: Clock,
  fleet: Store<FleetState>,
  hostKeys: HostKeys,
  console?: ConsoleSource,
  secondLook: SecondLook = async (machine) => rootFacts(fleet.get().fleet, machine),
): Channel {
  const introduce = createIntroduction(clock, hostKeys, secondLook, console);
  const facts = (machine: MachineName, address: string): LinkFacts => {
    const root = rootFacts(fleet.get().fleet, machine);
    return {
      machine,
      address,
      root,
      key: keyPath(environment),
      keyLocked: keyIsLocked(keyPath(environment)),
      knownHosts: hostKeys.file,
      alias: hostKeys.alias(machine, root),
    };
  };

  const call = async (
    machine: MachineName,
    address: string,
    command: string,
    options: Execution & { readonly connectTimeout?: number },
  ) => {
    const local = checkLocal(environment);
    if (local) throw new FailureError(local);
    options.signal?.throwIfAborted();
    const introduced = await introduce(facts(machine, address), options.signal);
    try {
      const result = await execute(
        environment,
        sshArguments(environment, {
          address,
          identity: introduced.identity,
          use: "batch",
          command,
          ...(options.connectTimeout ? { connectTimeout: options.connectTimeout } : {}),
        }),
        options,
      );
      options.signal?.throwIfAborted();
      if (result.code === 255 || result.code === undefined) {
        throw new FailureError(
          introduced.failed(result.stderr) ?? {
            kind: "offline",
            code: "ETIMEDOUT",
            sentence: `${machine} at ${address} did not answer a command over SSH.`,
            action: "Try again, or open a session and look.",
          },
        );
      }
      await introduced.succeeded();
      return { code: result.code, stdout: result.stdout };
    } finally {
      await introduced.over();
    }
  };

  const run: Channel["run"] = (machine, address, command, options = {}) =>
    call(machine, address, command, { ...options, limitMs: COMMAND_LIMIT_MS });

  const stream: Channel["stream"] = async (machine, address, command, options) => {
    const { code } = await call(machine, address, command, options);
    return { code };
  };

  const waitForSsh: Channel["waitForSsh"] = async (machine, address, signal, onWaiting = () => {}) => {
    const began = clock.monotonic();
    let refusedAt: number | undefined;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await run(machine, address, "true", { signal, connectTimeout: 5 });
        return;
      } catch (error) {
        if (signal.aborted || !(error instanceof FailureError)) throw error;
        const { failure } = error;
        const refused = failure.code === "KEY_REFUSED";
        if (refused) refusedAt ??= clock.monotonic();
        const mayPass = isTransient(failure) || (refused && clock.monotonic() - (refusedAt ?? 0) < REFUSED_LIMIT_MS);
        if (!mayPass || clock.monotonic() - began > WAIT_LIMIT_MS) throw error;
        onWaiting(failure);
      }
      await clock.sleep(Math.min(5000, 250 * 2 ** attempt), signal);
    }
  };

  const meet: Channel["meet"] = async (machine, address, signal) => {
    const { alias, root } = facts(machine, address);
    if (root?.volumeId && root.instanceId && !hostKeys.knows(alias)) await waitForSsh(machine, address, signal);
  };
  const identity: Channel["identity"] = ({ alias, root }) => ({
    alias,
    file: hostKeys.file,
    strict: root?.volumeId && root.instanceId ? "yes" : "accept-new",
  });
  const trust: Channel["trust"] = (machine, address) => hostKeys.taken(facts(machine, address).alias);

  const amiss = () => {
    const seen = Object.values(fleet.get().fleet?.machines ?? {});
    const addresses = seen.flatMap(({ address, instance }) => address?.publicIp ?? instance?.publicIp ?? []);
    const unreachable = addresses.map((one) => checkReach(environment, one)).find((one) => one !== undefined);
    return checkLocal(environment) ?? unreachable;
  };

  return { run, stream, waitForSsh, amiss, facts, meet, identity, trust };
}

interface Execution {
  readonly signal?: AbortSignal;
  readonly input?: string;
  /** Takes the bytes as they come; where it is left out, they are kept up to the limit. */
  readonly onData?: (bytes: Uint8Array) => void;
  readonly limitMs?: number;
}

/** One ssh, to its end. */
async function execute(
  environment: Environment,
  args: readonly string[],
  { input = "", limitMs, onData, signal }: Execution,
): Promise<{ readonly code: number | undefined; readonly stdout: string; readonly stderr: string }> {
  const ssh = $({
    env: batchEnv(environment),
    input,
    nothrow: true,
    ...(limitMs === undefined ? {} : { timeout: limitMs }),
    ...(signal ? { signal } : {}),
    ...(onData ? unkept() : {}),
  })`${sshProgram(environment)} ${args}`;
  if (onData) {
    // Each byte a character: none is changed.
    ssh.stdout.setEncoding("latin1");
    ssh.stdout.on("data", (chunk: string) => onData(Buffer.from(chunk, "latin1")));
  }
  endFlood(ssh, OUTPUT_LIMIT, onData ? ["stderr"] : undefined);
  // One that may be silent for minutes would outlive us.
  const release = limitMs === undefined && ssh.pid !== undefined ? hangUpWithUs(ssh.pid) : () => {};
  const { exitCode, stdout, stderr } = await ssh;
  release();
  return { code: exitCode ?? undefined, stdout, stderr };
}
