/** How a run sees a simulated account: whole looks, parts of one, and glances, with the rest as it was seen last. */

import { assemble } from "../../ops/fleet/assemble.ts";
import type { Observation, OwnerValues } from "../../ops/fleet/model.ts";
import { shownIn, TABLES, withGlimpse } from "../../ops/fleet/parts.ts";
import type { MachineTools } from "../../ops/machine/tools.ts";

/** @param view what a question to EC2 shows now */
export function eyes(
  view: () => Observation | Promise<Observation>,
  owner: OwnerValues,
): Pick<MachineTools, "look" | "glance"> {
  let seen: Observation | undefined;
  return {
    look: async (_signal, snapshotsOf = [], tables = TABLES) => {
      const { snapshots, ...whole } = await view();
      const parts = Object.fromEntries(tables.map((table) => [table, whole[table]]));
      seen = { ...(seen ?? whole), ...parts, at: whole.at };
      return assemble(snapshotsOf.length > 0 && snapshots ? { ...seen, snapshots } : seen, owner);
    },
    glance: async (subject) => {
      const now = await view();
      seen = withGlimpse(seen ?? now, subject, shownIn(now, subject), now.at);
      return assemble(seen, owner);
    },
  };
}
