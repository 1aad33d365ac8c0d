/** How a job is followed: over SSH, and by what AWS says where there is no link. */

import { goneSentence, stoppedBy } from "../fleet/derive/stopped-by.ts";
import type { Reach } from "./follow.ts";
import { readFacts } from "./jobs.ts";
import type { Order } from "./order.ts";
import { CONNECT_SECONDS, type Site } from "./site.ts";

const LOOK_EVERY_MS = 10_000;

/** The way to the job of this ID. What its machine says of its jobs is learned on the way. */
export function reachOf({ machine, ops, source }: Order, site: Site, id: string): Reach {
  const { access, clock, fleet, kernels } = ops;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    clock,
    status: async (signal) => {
      const facts = await readFacts(site.until(signal));
      kernels.learn(machine, facts, source);
      return facts.jobs.find((job) => job.id === id);
    },
    stream: async (command, onData, signal) => {
      await access.channel.stream(machine, site.address, command, { signal, onData, connectTimeout: CONNECT_SECONDS });
    },
    gone: async (signal) => {
      // Where the fleet is looked at all the time, that answer is good enough; else one look now and then.
      if (fleet.get().nextAt === undefined && !fleet.get().refreshing) {
        if (clock.monotonic() - lookedAt < LOOK_EVERY_MS) return undefined;
        lookedAt = clock.monotonic();
        await access.look(signal).catch(() => undefined);
      }
      const { fleet: seen, source: from } = fleet.get();
      if (!seen || from !== "live") return undefined;
      const now = seen.machines[machine];
      // While it is stopping, AWS may not have said yet by whom: that is worth another look.
      if (now.instance?.state === "stopping" && stoppedBy(now)?.who === "unknown") return undefined;
      return goneSentence(now);
    },
  };
}
