/** One-off commands over SSH with nobody at the keyboard: what probes, prerequisites and the swap's last look use. */

import { spawn } from "node:child_process";
import type { Clock } from "../clock.ts";
import type { Environment } from "../environment.ts";
import { type Failure, FailureError } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { FleetState } from "../fleet/state.ts";
import type { Store } from "../store.ts";
import { checkLocal, keyPath, sshArguments, sshProgram } from "./command.ts";
import { diagnose, isWeather, type LinkFacts } from "./diagnose.ts";
import { type HostKeys, rootFacts } from "./host-keys.ts";
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
  /** What diagnose() needs to know of a machine. */
  readonly facts: (machine: MachineName, address: string) => LinkFacts;
}

/** Output beyond this is a flood, not an answer. */
const OUTPUT_LIMIT = 256 * 1024;
const COMMAND_LIMIT_MS = 30_000;
const WAIT_LIMIT_MS = 15 * 60_000;
/** cloud-init puts the key in place some seconds after sshd is up, on a machine's first boot. */
const REFUSED_LIMIT_MS = 45_000;

export function createChannel(
  environment: Environment,
  clock: Clock,
  fleet: Store<FleetState>,
  hostKeys: HostKeys,
): Channel {
  const facts = (machine: MachineName, address: string): LinkFacts => {
    const root = rootFacts(fleet.get().fleet, machine);
    return {
      machine,
      address,
      root,
      key: keyPath(environment),
      knownHosts: hostKeys.file,
      alias: hostKeys.alias(machine, root),
      knownOn: hostKeys.knownOn(machine),
    };
  };

  const call = async (
    machine: MachineName,
    address: string,
    command: string,
    options: Omit<Execution, "onData"> & Partial<Execution> & { readonly connectTimeout?: number },
  ) => {
    const local = checkLocal(environment);
    if (local) throw new FailureError(local);
    options.signal?.throwIfAborted();
    const known = facts(machine, address);
    const out = gather();
    const result = await execute(
      environment,
      sshArguments(environment, {
        address,
        alias: known.alias,
        use: "batch",
        command,
        ...(options.connectTimeout ? { connectTimeout: options.connectTimeout } : {}),
      }),
      { onData: out.add, ...options },
    );
    options.signal?.throwIfAborted();
    if (result.code === 255 || result.code === undefined) {
      throw new FailureError(
        diagnose(result.stderr, known) ?? {
          kind: "offline",
          code: "ETIMEDOUT",
          sentence: `${machine} at ${address} did not answer a command over SSH.`,
          action: "Try again, or open a session and look.",
        },
      );
    }
    hostKeys.confirm(machine, known.root);
    return { code: result.code, stdout: out.text() };
  };

  const run: Channel["run"] = (machine, address, command, options = {}) =>
    call(machine, address, command, { ...options, limitMs: COMMAND_LIMIT_MS });

  const stream: Channel["stream"] = async (machine, address, command, options) => {
    const { code } = await call(machine, address, command, options);
    return { code };
  };

  const waitForSsh: Channel["waitForSsh"] = async (machine, address, signal, onWaiting = () => {}) => {
    const began = clock.now();
    let refusedAt: number | undefined;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await run(machine, address, "true", { signal, connectTimeout: 5 });
        return;
      } catch (error) {
        if (signal.aborted || !(error instanceof FailureError)) throw error;
        const { failure } = error;
        const refused = failure.code === "KEY_REFUSED";
        if (refused) refusedAt ??= clock.now();
        const mayPass = isWeather(failure) || (refused && clock.now() - (refusedAt ?? 0) < REFUSED_LIMIT_MS);
        if (!mayPass || clock.now() - began > WAIT_LIMIT_MS) throw error;
        onWaiting(failure);
      }
      await clock.sleep(Math.min(5000, 250 * 2 ** attempt), signal);
    }
  };

  return { run, stream, waitForSsh, facts };
}

interface Execution {
  readonly signal?: AbortSignal;
  readonly input?: string;
  /** False ends it: that was a flood. */
  readonly onData: (bytes: Buffer) => unknown;
  readonly limitMs?: number;
}

interface Executed {
  readonly code: number | undefined;
  readonly stderr: string;
}

/** Keeps what comes, up to the limit; says false beyond it. */
function gather() {
  const chunks: Buffer[] = [];
  let length = 0;
  return {
    add: (chunk: Buffer): boolean => {
      length += chunk.length;
      if (length > OUTPUT_LIMIT) return false;
      chunks.push(chunk);
      return true;
    },
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}

function execute(
  environment: Environment,
  args: readonly string[],
  { input = "", limitMs, onData, signal }: Execution,
): Promise<Executed> {
  return new Promise((resolve, reject) => {
    const child = spawn(sshProgram(environment), args, {
      env: { ...environment.env },
      stdio: ["pipe", "pipe", "pipe"],
      ...(limitMs === undefined ? {} : { timeout: limitMs }),
      ...(signal ? { signal } : {}),
    });
    // Ours ends with us by itself where it is short; one that may be silent for minutes must be ended.
    const release = limitMs === undefined && child.pid !== undefined ? hangUpWithUs(child.pid) : () => {};
    const words = gather();
    child.stdout.on("data", (chunk: Buffer) => {
      if (onData(chunk) === false) child.kill();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (!words.add(chunk)) child.kill();
    });
    // A far side that is gone, or a command that does not read, breaks this pipe: its exit says so already.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.on("error", (error) => (signal?.aborted ? undefined : reject(error)));
    child.on("close", (code) => {
      release();
      resolve({ code: code ?? undefined, stderr: words.text() });
    });
  });
}
