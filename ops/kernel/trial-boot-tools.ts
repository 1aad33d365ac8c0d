/** What a trial boot sees and acts with, as functions: the real ones here, others in tests. */

import { consoleOutput } from "../aws/console.ts";
import type { Clock } from "../clock.ts";
import type { MachineName } from "../fleet/machines.ts";
import { addressOf, worldOf } from "../machine/world.ts";
import type { Ops } from "../ops.ts";
import { lives } from "../ssh/types.ts";
import { NEWEST_PLACE } from "./bring-over.ts";
import type { TrialFacts } from "./decide-trial.ts";
import { type RunThere, siteOf } from "./site.ts";

/** The machine as AWS says. */
export interface Seen {
  readonly instanceId: string | undefined;
  readonly instance: TrialFacts["instance"];
  readonly address: string | undefined;
}

export interface TrialTools {
  readonly clock: Clock;
  /** Where kernel/ lies on the machine, as a word of shell. */
  readonly place: string;
  /** A fresh look; lets the person sign in where that is needed. */
  readonly look: (signal: AbortSignal) => Promise<Seen>;
  /** Commands over SSH; each throws a FailureError where the link fails. */
  readonly commandsOn: (address: string, signal: AbortSignal) => RunThere;
  /** The latest console output, as text; up to 64 KB. */
  readonly console: (instanceId: string, signal: AbortSignal) => Promise<string>;
  /** One call of RebootInstances, never repeated by itself. */
  readonly rebootInstance: (instanceId: string) => Promise<void>;
  /** How many sessions are open here on the machine. */
  readonly openSessions: () => number;
}

/** The tools of the real thing. */
export function trialTools(machine: MachineName, ops: Pick<Ops, "access" | "clock" | "sessions">): TrialTools {
  const { access, clock, sessions } = ops;
  return {
    clock,
    place: NEWEST_PLACE,
    look: async (signal) => {
      const world = worldOf(await access.gate(() => access.look(signal), signal), machine);
      const { instance } = world;
      return { instanceId: instance?.id, instance: standing(instance?.state), address: addressOf(world) };
    },
    commandsOn: (address, signal) => siteOf(access.channel, { machine, address, place: NEWEST_PLACE }, signal).run,
    console: (instanceId, signal) =>
      access.gate(async () => (await consoleOutput(await access.aws.ec2(), instanceId, signal)).text, signal),
    rebootInstance: async (instanceId) => {
      const { RebootInstancesCommand } = await import("../aws/ec2-sdk.ts");
      await (await access.aws.acting.ec2()).send(new RebootInstancesCommand({ InstanceIds: [instanceId] }));
    },
    openSessions: () => sessions.get().filter((one) => one.machine === machine && lives(one)).length,
  };
}

function standing(state: string | undefined): Seen["instance"] {
  if (state === undefined) return "missing";
  return state === "running" ? "running" : state === "pending" ? "coming" : "off";
}
