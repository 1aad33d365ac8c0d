/** What is known of the machines' kernel builds, for screens: the last jobs, and what changed here since. */

import { MACHINES, type MachineName } from "../fleet/machines.ts";
import { cell, type Store } from "../store.ts";
import type { KernelSource } from "./inputs.ts";
import type { JobFacts } from "./jobs.ts";
import { changesFrom } from "./question.ts";
import type { KernelJob } from "./view.ts";

export interface KernelFacts {
  /** The newest five, newest first. */
  readonly jobs: readonly KernelJob[];
  /** By an image's hash (`KernelJob.hash`): what differs here from what it was made from, a phrase each; none: nothing. */
  readonly changes: ReadonlyMap<string, readonly string[]>;
  /** Linux's version that would be built now. */
  readonly version: string;
}

export type KernelsState = Readonly<Partial<Record<MachineName, KernelFacts>>>;

/** Empty for a machine until it was asked. */
export interface Kernels extends Store<KernelsState> {
  /** Takes what a machine said just now. */
  readonly learn: (machine: MachineName, facts: JobFacts, source: KernelSource) => void;
}

export function createKernels(): Kernels {
  const state = cell<KernelsState>({});
  return {
    get: state.get,
    subscribe: state.subscribe,
    learn: (machine, { builtFrom, jobs }, source) => {
      const changes = new Map(
        [...builtFrom].map(([hash, built]) => [hash, changesFrom(source, MACHINES[machine], built)]),
      );
      state.update((before) => ({ ...before, [machine]: { jobs, changes, version: source.version } }));
    },
  };
}

/** Takes up builds that run already: watch.ts. */
export interface BuildWatch {
  readonly start: () => void;
  readonly stop: () => void;
}

export interface KernelStanding {
  /** `uname -r` ends in `-nested-dsb`: it has the patches for nested virtualisation. */
  readonly nestedDsb: boolean;
  /** Whether it is older than the patches here; `unknown` where the machine has not said what it was made from. */
  readonly age: "current" | "older" | "unknown";
  /** What is different here, a phrase each. */
  readonly changes: readonly string[];
}

/**
 * How a machine's running kernel stands to what is here. Pure. Only a kernel of ours can be older than the patches.
 * @param bootedAt when the machine came up, milliseconds since the epoch
 */
export function kernelStanding(
  release: string,
  bootedAt: number | undefined,
  facts: KernelFacts | undefined,
): KernelStanding {
  if (!release.endsWith("-nested-dsb")) return { nestedDsb: false, age: "unknown", changes: [] };
  if (!facts) return { nestedDsb: true, age: "unknown", changes: [] };
  if (!release.startsWith(`${facts.version}-`)) {
    return { nestedDsb: true, age: "older", changes: [`Linux ${facts.version} in place of ${release}`] };
  }
  // What was installed before it came up is what it came up with.
  const installed = facts.jobs.find(
    ({ endedAt, kind, state }) =>
      kind === "host" &&
      state === "succeeded" &&
      endedAt !== undefined &&
      endedAt <= (bootedAt ?? Number.POSITIVE_INFINITY),
  );
  const changes = installed && facts.changes.get(installed.hash);
  if (!changes) return { nestedDsb: true, age: "unknown", changes: [] };
  return { nestedDsb: true, age: changes.length > 0 ? "older" : "current", changes };
}
