/** Puts everything together: the one place that knows which part is given to which. */

import { setTimeout as delay } from "node:timers/promises";
import { createAwsClients } from "./aws/clients.ts";
import { consoleOutput } from "./aws/console.ts";
import { explain } from "./aws/errors.ts";
import { createSignInGate } from "./aws/gate.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Environment } from "./environment.ts";
import { glance } from "./fleet/glance.ts";
import { MACHINE_NAMES } from "./fleet/machines.ts";
import { createMetrics } from "./fleet/metrics.ts";
import type { Fleet } from "./fleet/model.ts";
import { observe } from "./fleet/observe.ts";
import { readOwnerValues } from "./fleet/owner.ts";
import { createFleetCore } from "./fleet/refresh.ts";
import { createLookStore } from "./fleet/stored.ts";
import { createKernels } from "./kernel/kernels.ts";
import { createBuildWatch } from "./kernel/watch.ts";
import { usualSteps } from "./machine/usual.ts";
import { createHistory } from "./operation/history.ts";
import { createOperations } from "./operation/operations.ts";
import { createPastRuns } from "./operation/past-runs.ts";
import type { Ops } from "./ops.ts";
import { createPlanMemory } from "./plan/last.ts";
import { createSignIn } from "./signin/signin.ts";
import { createChannel } from "./ssh/channel.ts";
import { createHostKeys, rootFacts } from "./ssh/host-keys.ts";
import { createPlainSsh } from "./ssh/plain-ssh.ts";
import { createProbes } from "./ssh/probe.ts";
import { createSessions } from "./ssh/sessions.ts";
import { withStateDir } from "./state-dir.ts";

/** No call takes longer, milliseconds. */
const CALL_MS = 60_000;

/** An Ops that can be ended as a whole. */
export interface ComposedOps extends Ops {
  /** Stops what runs after its current call, ends the cores, sessions and connections; resolves when nothing of ours is left. */
  readonly stop: () => Promise<void>;
}

/**
 * Makes everything that the cockpit and the command line share. Nothing is asked of AWS, read or written before a core is
 * started or a call is made. A sign-in that an operation turns out to need in the middle is a run of `login` like any
 * other, in `operations`: whoever shows runs shows it.
 */
export function createOps(given: Environment, clock: Clock = systemClock): ComposedOps {
  const environment = withStateDir(given);
  const signIn = createSignIn({ environment, clock });
  const aws = createAwsClients(environment, clock, signIn);
  const history = createHistory(environment.stateDir);
  const pastRuns = createPastRuns(history);
  const lastPlan = createPlanMemory(environment.stateDir);
  const stored = createLookStore(environment.stateDir);
  const fleet = createFleetCore(
    clock,
    signIn,
    {
      observe: async (signal, tables) => observe(await aws.ec2(), aws.time.now, signal, tables),
      glance: async (subject, signal) => ({
        seen: await glance(await aws.ec2(), subject, signal),
        at: aws.time.now(),
      }),
      owner: () => readOwnerValues(environment.terraformDir),
    },
    stored,
  );
  const metrics = createMetrics(clock, signIn, fleet, aws);
  const operations = createOperations({
    clock,
    history,
    explain,
    usual: usualSteps,
    onEnded: (run) => {
      // Only where the loops run: what an operation did is then on the screen at once.
      if (fleet.get().nextAt !== undefined) void fleet.refresh();
      const { machine } = run.get();
      if (machine) probes.again(machine);
      pastRuns.add(run.get());
    },
  });
  const hostKeys = createHostKeys(environment);
  const plainSsh = createPlainSsh(environment, hostKeys);
  let written = Promise.resolve();
  let followed: Fleet | undefined;
  fleet.subscribe(() => {
    const seen = fleet.get();
    // That a look begins or ends is no news of the machines.
    if (seen.source !== "live" || !seen.fleet || seen.fleet === followed) return;
    followed = seen.fleet;
    written = plainSsh.follow(followed);
  });
  const channel = createChannel(
    environment,
    clock,
    fleet,
    hostKeys,
    async (instanceId, signal) => consoleOutput(await aws.ec2(), instanceId, signal),
    async (machine, signal) => rootFacts(await fleet.look(signal), machine),
  );
  const probes = createProbes(clock, fleet, channel);
  const sessions = createSessions(environment, clock, fleet, channel);
  probes.subscribe(() => {
    for (const machine of MACHINE_NAMES) sessions.found(machine, probes.get()[machine]?.kept ?? []);
  });
  const gate = createSignInGate(signIn, async () => {
    const pressed = operations.get().find((run) => run.get().name === "login" && !run.get().outcome);
    const { status } = await (pressed ?? operations.start(signIn.login())).finished;
    return status === "done" || status === "nothing-to-do";
  });
  const kernels = createKernels();
  const access = { aws, gate, look: fleet.look, glance: fleet.glance, channel, hostKeys, history };
  const buildWatch = createBuildWatch({
    access,
    clock,
    environment,
    fleet,
    kernels,
    metrics,
    operations,
    probes,
    sessions,
  });
  return {
    environment,
    clock,
    signIn,
    fleet,
    metrics,
    probes,
    operations,
    pastRuns,
    lastPlan,
    sessions,
    kernels,
    buildWatch,
    access,
    stop: async () => {
      // Each stops after its current call, and its result is in the history before we leave.
      const busy = operations.get().filter((run) => !run.get().outcome && !run.get().harmlessToDrop);
      for (const run of busy) run.cancel();
      await Promise.race([
        Promise.all(busy.map(({ finished }) => finished)),
        delay(CALL_MS, undefined, { ref: false }),
      ]);
      for (const core of [buildWatch, probes, metrics, fleet]) core.stop();
      await Promise.all([sessions.stop(), history.flush(), stored.flush(), lastPlan.flush(), written]);
      aws.stop();
    },
  };
}
