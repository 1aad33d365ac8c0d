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

  const run: Channel["run"] = async (machine, address, command, options = {}) => {
    const local = checkLocal(environment);
    if (local) throw new FailureError(local);
    options.signal?.throwIfAborted();
    const known = facts(machine, address);
    const result = await execute(
      environment,
      sshArguments(environment, {
        address,
        alias: known.alias,
        use: "batch",
        command,
        ...(options.connectTimeout ? { connectTimeout: options.connectTimeout } : {}),
      }),
      options.input ?? "",
      options.signal,
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
    return { code: result.code, stdout: result.stdout };
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

  return { run, waitForSsh, facts };
}

interface Executed {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function execute(
  environment: Environment,
  args: readonly string[],
  input: string,
  signal: AbortSignal | undefined,
): Promise<Executed> {
  return new Promise((resolve, reject) => {
    const child = spawn(sshProgram(environment), args, {
      env: { ...environment.env },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: COMMAND_LIMIT_MS,
      ...(signal ? { signal } : {}),
    });
    const collect = (stream: NodeJS.ReadableStream) => {
      const chunks: Buffer[] = [];
      let length = 0;
      stream.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length <= OUTPUT_LIMIT) chunks.push(chunk);
        else child.kill();
      });
      return () => Buffer.concat(chunks).toString("utf8");
    };
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    // A far side that is gone, or a command that does not read, breaks this pipe: its exit says so already.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.on("error", (error) => (signal?.aborted ? undefined : reject(error)));
    child.on("close", (code) => resolve({ code: code ?? undefined, stdout: stdout(), stderr: stderr() }));
  });
}
