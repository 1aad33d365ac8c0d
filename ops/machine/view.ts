/** What a run has seen of the account, part by part: what an act rests on is read again before it, and nothing else. */

import { isDeepStrictEqual } from "node:util";
import type { Subject } from "../fleet/glance.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { Fleet } from "../fleet/model.ts";
import { shownIn, TABLE_OF, TABLES, type Table } from "../fleet/parts.ts";
import { FRESH_MS } from "./pace.ts";
import type { MachineTools } from "./tools.ts";
import { type Heard, type World, worldOf } from "./world.ts";

export interface View {
  /** Reads what is due, and gives the world with it. Throws whatever went wrong; then it is due still. */
  readonly look: (signal: AbortSignal) => Promise<void>;
  readonly world: (heard: Heard) => World;
  /** Asks about one thing alone: whether it is another than before. Trouble of any kind makes a whole look due. */
  readonly hasChanged: (subject: Subject, signal: AbortSignal) => Promise<boolean>;
  /** Whether it was asked about since anything of ours changed it, and moments ago. */
  readonly isFresh: (subject: Subject) => boolean;
  /** Whether all these parts are as fresh; where one is not, they are due. */
  readonly rests: (tables: readonly Table[]) => boolean;
  readonly again: (tables: readonly Table[]) => void;
  /** These parts were changed just now. */
  readonly changed: (tables: readonly Table[]) => void;
  /** Asks how the snapshots stand. */
  readonly readSnapshots: (signal: AbortSignal) => Promise<void>;
}

/** @param snapshotsOf the volumes of which the snapshots matter */
export function createView(name: MachineName, tools: MachineTools, snapshotsOf: readonly string[]): View {
  const { clock } = tools;
  let fleet: Fleet | undefined;
  let due: readonly Table[] = TABLES;
  const read = new Map<string, { readonly from: number; readonly to: number }>();
  const changedAt = new Map<Table, number>();

  /** Snapshots are asked for by us alone: what a part of a look does not show is as before. */
  const keep = (seen: Fleet) => {
    const snapshots = seen.observation.snapshots ?? fleet?.observation.snapshots;
    fleet = snapshots ? { ...seen, observation: { ...seen.observation, snapshots } } : seen;
  };
  const isFresh = (what: string, table: Table) => {
    const last = read.get(what);
    return last !== undefined && last.from >= (changedAt.get(table) ?? 0) && clock.monotonic() - last.to <= FRESH_MS;
  };
  const idOf = ({ kind, id }: Subject) => `${kind} ${id}`;

  return {
    look: async (signal) => {
      if (due.length === 0) return;
      const tables = due;
      const from = clock.monotonic();
      keep(await tools.look(signal, tables.includes("volumes") ? snapshotsOf : [], tables));
      for (const table of tables) read.set(table, { from, to: clock.monotonic() });
      due = [];
    },
    world: (heard) => {
      if (!fleet) throw new Error("nothing has been looked at");
      return worldOf(fleet, name, heard);
    },
    hasChanged: async (subject, signal) => {
      const from = clock.monotonic();
      const before = fleet && shownIn(fleet.observation, subject);
      try {
        const now = await tools.glance(subject, signal);
        keep(now);
        read.set(idOf(subject), { from, to: clock.monotonic() });
        return !isDeepStrictEqual(shownIn(now.observation, subject), before);
      } catch {
        signal.throwIfAborted();
        due = TABLES;
        return true;
      }
    },
    isFresh: (subject) => {
      const table = TABLE_OF[subject.kind];
      return isFresh(idOf(subject), table) || isFresh(table, table);
    },
    rests: (tables) => {
      if (tables.every((table) => isFresh(table, table))) return true;
      due = tables.filter((table) => !isFresh(table, table));
      return false;
    },
    again: (tables) => {
      due = TABLES.filter((table) => due.includes(table) || tables.includes(table));
    },
    changed: (tables) => {
      for (const table of tables) changedAt.set(table, clock.monotonic());
    },
    readSnapshots: async (signal) => {
      try {
        keep(await tools.look(signal, snapshotsOf, []));
      } catch {
        signal.throwIfAborted();
        due = TABLES;
      }
    },
  };
}
