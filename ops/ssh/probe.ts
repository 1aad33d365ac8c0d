/** Looks at each running machine over SSH, seldom and read-only. */

import type { Clock } from "../clock.ts";
import { type Failure, FailureError } from "../failure.ts";
import { MACHINE_NAMES, MACHINES, type MachineName } from "../fleet/machines.ts";
import type { FleetState } from "../fleet/state.ts";
import { type Core, cell, type Store, when } from "../store.ts";
import type { Channel } from "./channel.ts";
import { PROBE_SCRIPT, parseProbe } from "./probe-script.ts";
import type { ProbeState } from "./types.ts";

const EVERY_MS = 60_000;
/** Between the machines, so that three connections are never opened at once. */
const STAGGER_MS = 2000;
/** After a failure: soon at first, as a machine that was just started comes up within a minute or so. */
const RETRY_MS = [5000, 10_000, 20_000, 40_000, 60_000, 120_000, 300_000];

export interface Probes extends Core<ProbeState> {
  /** Probes that machine now, and not only when it is its turn: it was rebooted, or something else about it changed. */
  readonly again: (machine: MachineName) => void;
  /** The machines that show another host key than theirs, each with the refusal, until one shows its own again. */
  readonly strangers: Store<Strangers>;
}

export type Strangers = Readonly<Partial<Record<MachineName, Failure>>>;

/** What the failure of a connection says of the key that was shown. */
const ANOTHER_KEY: ReadonlySet<string | undefined> = new Set(["HOST_KEY_CHANGED", "HOST_KEY_FORGED"]);

/**
 * Holds the newest probe of every machine that runs; that of a machine which stopped is dropped, as nothing in it
 * outlives a boot. Probes at once when a machine comes up, then every minute, backing off while it does not answer.
 */
export function createProbes(clock: Clock, fleet: Store<FleetState>, channel: Channel): Probes {
  const state = cell<ProbeState>({});
  const strangers = cell<Strangers>({});
  const isItself = (machine: MachineName) => {
    if (machine in strangers.get()) strangers.update(({ [machine]: _, ...others }) => others);
  };
  let stopping: AbortController | undefined;
  const wanted = new Set<MachineName>();
  const wake = new Map<MachineName, () => void>();

  const watch = async (machine: MachineName, signal: AbortSignal): Promise<void> => {
    await clock.sleep(MACHINE_NAMES.indexOf(machine) * STAGGER_MS, signal);
    while (true) {
      const up = bootOf(await when(fleet, (now) => bootOf(now, machine) !== undefined, signal), machine);
      if (!up) continue;
      const gone = new AbortController();
      const boot = AbortSignal.any([signal, gone.signal]);
      const unsubscribe = fleet.subscribe(() => {
        if (bootOf(fleet.get(), machine)?.id !== up.id) gone.abort();
      });
      try {
        await probeUntilGone(machine, up.address, boot);
      } catch (error) {
        if (!boot.aborted) throw error;
      } finally {
        unsubscribe();
        if (!signal.aborted) {
          state.update(({ [machine]: _, ...others }) => others);
          isItself(machine);
        }
      }
      signal.throwIfAborted();
    }
  };

  const probeUntilGone = async (machine: MachineName, address: string, signal: AbortSignal): Promise<never> => {
    let failures = 0;
    while (true) {
      wanted.delete(machine);
      try {
        const { stdout } = await channel.run(machine, address, "sh -s", { signal, input: PROBE_SCRIPT });
        const probe = parseProbe(stdout, clock.now());
        const scratch = MACHINES[machine].instanceStore ? probe?.scratch : undefined;
        if (probe) state.update((before) => ({ ...before, [machine]: { ...probe, scratch } }));
        isItself(machine);
        failures = 0;
      } catch (error) {
        signal.throwIfAborted();
        // Why it does not answer is told where it matters: when a person wants in. Another's key matters at once.
        const failure = error instanceof FailureError ? error.failure : undefined;
        if (failure && ANOTHER_KEY.has(failure.code)) strangers.update((all) => ({ ...all, [machine]: failure }));
        failures += 1;
      }
      // What is under way when somebody asks may have seen what was before.
      if (!wanted.has(machine)) await pause(machine, failures, signal);
      if (wanted.has(machine)) failures = 0;
    }
  };

  const pause = async (machine: MachineName, failures: number, signal: AbortSignal): Promise<void> => {
    const woken = new AbortController();
    wake.set(machine, () => woken.abort());
    const retry = RETRY_MS[Math.min(failures, RETRY_MS.length) - 1] ?? EVERY_MS;
    await clock.sleep(failures ? retry : EVERY_MS, AbortSignal.any([signal, woken.signal])).catch((error: unknown) => {
      if (signal.aborted || !woken.signal.aborted) throw error;
    });
    wake.delete(machine);
  };

  return {
    get: state.get,
    subscribe: state.subscribe,
    strangers: { get: strangers.get, subscribe: strangers.subscribe },
    again: (machine) => {
      wanted.add(machine);
      wake.get(machine)?.();
    },
    start: () => {
      if (stopping) return;
      stopping = new AbortController();
      const { signal } = stopping;
      for (const machine of MACHINE_NAMES) {
        watch(machine, signal).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
      }
    },
    stop: () => {
      stopping?.abort();
      stopping = undefined;
    },
  };
}

/** One boot of a machine that can be reached: other once it was stopped, replaced or given another address. */
export function bootOf(state: FleetState, machine: MachineName): { id: string; address: string } | undefined {
  const instance = state.source === "live" ? state.fleet?.machines[machine].instance : undefined;
  if (instance?.state !== "running" || !instance.publicIp) return undefined;
  return { id: `${instance.id} ${instance.launchedAt} ${instance.publicIp}`, address: instance.publicIp };
}
