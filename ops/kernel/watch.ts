/** Follows by itself a build that runs and that nobody here follows: begun before this cockpit was, or on another computer. */

import { FailureError } from "../failure.ts";
import { MACHINE_NAMES, MACHINES, type MachineName } from "../fleet/machines.ts";
import type { Ops } from "../ops.ts";
import { bootOf } from "../ssh/probe.ts";
import { NEWEST_PLACE } from "./bring-over.ts";
import { buildKernel } from "./build.ts";
import { readFacts } from "./jobs.ts";
import type { BuildWatch } from "./kernels.ts";
import type { KernelOps } from "./order.ts";
import { siteOf } from "./site.ts";
import { readSource } from "./source.ts";

/**
 * Goes by the probes: what they say of a running build starts a run that follows it, once a job; and each machine that
 * comes up is asked once for its last builds.
 */
export function createBuildWatch(ops: KernelOps & Pick<Ops, "operations" | "probes">): BuildWatch {
  let stopping: AbortController | undefined;
  let unsubscribe = () => {};
  const followed = new Set<string>();
  const asked = new Map<MachineName, string>();

  const look = (signal: AbortSignal) => {
    const live = ops.operations.get().filter((run) => !run.get().outcome);
    for (const machine of MACHINE_NAMES) {
      const probe = ops.probes.get()[machine];
      const boot = bootOf(ops.fleet.get(), machine);
      if (!probe || !boot || !MACHINES[machine].buildsKernels) continue;
      if (asked.get(machine) !== boot.id) {
        asked.set(machine, boot.id);
        void learn(machine, boot.address, signal);
      }
      const { build } = probe;
      if (!build || followed.has(build.id)) continue;
      // A run that changes this machine will come upon the build by itself, or follows it already.
      if (live.some((run) => run.get().machine === machine)) continue;
      followed.add(build.id);
      if (!wasFollowed(build.id)) ops.operations.start(buildKernel(machine, { follow: build.id }, ops));
    }
  };

  /** Whether a run of this process has seen that job: the probe is then older than its end. */
  const wasFollowed = (id: string) => ops.operations.get().some((run) => run.kernel?.get().job?.id === id);

  /** What cannot be learned now is learned with the next build. */
  const learn = async (machine: MachineName, address: string, signal: AbortSignal): Promise<void> => {
    try {
      const facts = await readFacts(siteOf(ops.access.channel, { machine, address, place: NEWEST_PLACE }, signal));
      ops.kernels.learn(machine, facts, await readSource(ops.environment.kernelDir));
    } catch (error) {
      if (!signal.aborted && !(error instanceof FailureError)) throw error;
    }
  };

  return {
    start: () => {
      if (stopping) return;
      const controller = new AbortController();
      stopping = controller;
      unsubscribe = ops.probes.subscribe(() => look(controller.signal));
      look(controller.signal);
    },
    stop: () => {
      unsubscribe();
      stopping?.abort();
      stopping = undefined;
    },
  };
}
