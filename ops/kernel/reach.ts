/** The way to a machine's builds: commands and streams over SSH, and what AWS says where there is no link. */

import { FailureError } from "../failure.ts";
import { goneSentence, stoppedBy } from "../fleet/derive/stopped-by.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { Ops } from "../ops.ts";
import { placeOf, type RunThere } from "./bring-over.ts";
import type { Reach } from "./follow.ts";
import type { KernelSource } from "./inputs.ts";
import { readFacts } from "./jobs.ts";

type ReachParts = Pick<Ops, "access" | "clock" | "fleet" | "kernels">;

/** An answer is small; what is longer is cut. */
const OUTPUT_LIMIT = 1024 * 1024;
const CONNECT_SECONDS = 5;
/** A command that does not end has met a machine in trouble. */
const COMMAND_LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 10_000;

/** Runs commands on a machine that answers; for as long as `job.sh` takes, which waits for the start of its unit. */
export function commandsOn(
  { access }: Pick<ReachParts, "access">,
  machine: MachineName,
  address: string,
  signal: AbortSignal,
): RunThere {
  return async (command, input) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const limit = AbortSignal.timeout(COMMAND_LIMIT_MS);
    try {
      const { code } = await access.channel.stream(machine, address, command, {
        signal: AbortSignal.any([signal, limit]),
        connectTimeout: CONNECT_SECONDS,
        ...(input === undefined ? {} : { input }),
        onData: (bytes) => {
          if (length < OUTPUT_LIMIT) chunks.push(bytes);
          length += bytes.length;
        },
      });
      return { code, output: Buffer.concat(chunks).toString("utf8") };
    } catch (error) {
      if (signal.aborted || !limit.aborted) throw error;
      throw new FailureError({
        kind: "offline",
        code: "ETIMEDOUT",
        sentence: `${machine} has not finished a command for two minutes.`,
        action: "Look at what holds it up there, or try again.",
      });
    }
  };
}

/** How a job is followed, with kernel/ on the machine as it is here. What its machine says on the way is kept in `kernels`. */
export function reachOf(
  parts: ReachParts,
  machine: MachineName,
  address: string,
  source: KernelSource,
  id: string,
): Reach {
  const { access, clock, fleet, kernels } = parts;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    clock,
    status: async (signal) => {
      const facts = await readFacts(placeOf(source), commandsOn(parts, machine, address, signal));
      kernels.learn(machine, facts, source);
      return facts.jobs.find((job) => job.id === id);
    },
    stream: async (command, onData, signal) => {
      await access.channel.stream(machine, address, command, { signal, onData, connectTimeout: CONNECT_SECONDS });
    },
    gone: async (signal) => {
      // Where the fleet is looked at all the time, that answer is good enough; else one look now and then.
      if (fleet.get().nextAt === undefined && !fleet.get().refreshing) {
        if (clock.now() - lookedAt < LOOK_EVERY_MS) return undefined;
        lookedAt = clock.now();
        await access.look(signal).catch(() => undefined);
      }
      const { fleet: seen, source } = fleet.get();
      if (!seen || source !== "live") return undefined;
      const now = seen.machines[machine];
      // While it is stopping, AWS may not have said yet by whom: that is worth another look.
      if (now.instance?.state === "stopping" && stoppedBy(now)?.who === "unknown") return undefined;
      return goneSentence(now);
    },
  };
}
