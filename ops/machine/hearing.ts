/** What no look at EC2 can tell: what SSH said on this boot, and what AWS refused for good. */

import type { MachineName } from "../fleet/machines.ts";
import type { OperationContext } from "../operation/types.ts";
import type { Goal } from "./decision.ts";
import type { MachineTools } from "./tools.ts";
import { addressOf, type Heard, NOTHING_HEARD, seatOf, type World } from "./world.ts";

export interface Hearing {
  readonly heard: () => Heard;
  readonly learn: (news: Partial<Omit<Heard, "ssh">>) => void;
  /** Whether SSH has answered in this run, on whatever boot. */
  readonly everAnswered: () => boolean;
  /** Hears of every look: what SSH said of another boot is no news of this one. Gives what is still to be known. */
  readonly bootSeen: (world: World) => Heard;
  /** Asks the machine once; nothing where it has no address. */
  readonly askSsh: (world: World) => Promise<void>;
}

export function createHearing(name: MachineName, goal: Goal, tools: MachineTools, context: OperationContext): Hearing {
  let heard: Heard = NOTHING_HEARD;
  /** The boot of which `heard.ssh` speaks. */
  let bootHeard: string | undefined;
  let keysForgotten = false;
  let everAnswered = false;

  return {
    heard: () => heard,
    learn: (news) => {
      heard = { ...heard, ...news };
    },
    everAnswered: () => everAnswered,
    bootSeen: (world) => {
      const boot = bootOf(world);
      if (boot !== bootHeard) heard = { ...heard, ssh: NOTHING_HEARD.ssh };
      bootHeard = boot;
      return heard;
    },
    askSsh: async (world) => {
      const address = addressOf(world);
      if (!address) return;
      if (goal.kind === "swapped" && !keysForgotten) {
        keysForgotten = true;
        await tools.forgetHostKeys(name, address, goal.takeOff ?? goal.deletions[0]?.volumeId);
        context.log(`The SSH host keys known for ${address} are dropped: they were of another root.`, "note");
      }
      const ssh = await tools.askSsh(name, address, context.signal);
      heard = { ...heard, ssh };
      if (ssh.status !== "answered") return;
      everAnswered = true;
      const { hostKey, lines } = ssh;
      if (hostKey) context.log(hostKey.sentence, hostKey.verified ? "note" : "err");
      for (const line of lines) context.log(line);
    },
  };
}

/** Which boot of which instance on which root this is; undefined where nothing runs that could answer. */
function bootOf(world: World): string | undefined {
  const { instance } = world;
  if (instance?.state !== "running") return undefined;
  const seat = seatOf(world);
  return `${instance.id} ${instance.launchedAt} ${seat.kind === "held" ? seat.volumeId : ""} ${addressOf(world)}`;
}
