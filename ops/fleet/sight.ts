/** What was seen of the account, put together: of each part the newest answer, with the owner's values. */

import { explain } from "../aws/errors.ts";
import type { Clock } from "../clock.ts";
import { type Failure, FailureError } from "../failure.ts";
import { assemble } from "./assemble.ts";
import type { Glimpse, Subject } from "./glance.ts";
import type { Fleet, Observation, OwnerValues } from "./model.ts";
import { TABLE_OF, TABLES, type Table, withGlimpse } from "./parts.ts";
import { share } from "./share.ts";
import type { FleetState } from "./state.ts";
import type { StoredLook } from "./stored.ts";

export interface FleetSources {
  /** One look at the account, or at these parts of it; throws whatever went wrong. */
  readonly observe: (signal: AbortSignal, tables: readonly Table[]) => Promise<Seen>;
  /** One thing alone, in one call, and AWS's time of the answer. */
  readonly glance: (subject: Subject, signal: AbortSignal) => Promise<{ readonly seen: Glimpse; readonly at: number }>;
  /** The owner's values; throws a FailureError where they cannot be read. */
  readonly owner: () => Promise<OwnerValues>;
}

type Seen = Pick<Observation, "at"> & Partial<Pick<Observation, Table>>;

interface Sighting {
  readonly fleet: Fleet;
  readonly owner: OwnerValues;
  /** Why the owner's values could not be read; the last good ones serve then. */
  readonly ownerFailure: Failure | undefined;
  /** What was asked for: everything, where nothing was seen before. */
  readonly tables: readonly Table[];
}

interface Sight {
  /** Looks at these parts, and gives all that is known with them. Throws what went wrong. */
  readonly look: (signal: AbortSignal, tables: readonly Table[]) => Promise<Sighting>;
  /** Asks about one thing; undefined where nothing was seen that it could be put to. Throws what went wrong. */
  readonly glance: (subject: Subject, signal: AbortSignal) => Promise<Fleet | undefined>;
  /** The fleet of a stored look. */
  readonly recall: (look: StoredLook) => Fleet;
}

/** @param shown what is on the screen now: of what is equal, the reference is kept */
export function createSight(shown: () => FleetState, clock: Clock, sources: FleetSources): Sight {
  let owner: OwnerValues | undefined;
  /** When the look began of which each part is. */
  const newest = new Map<Table, number>();

  /** What was seen last, where that was in this run. */
  const live = () => (shown().source === "live" ? shown().fleet?.observation : undefined);

  /** The observation with what was read now. A look that began later may have been faster: what that saw stays. */
  const merged = (seen: Seen, tables: readonly Table[], begunAt: number): Observation => {
    const before = live();
    const later = before ? tables.filter((table) => (newest.get(table) ?? 0) > begunAt) : [];
    if (before && later.length === tables.length) return before;
    for (const table of tables) if (!later.includes(table)) newest.set(table, begunAt);
    const kept = Object.fromEntries(later.map((table) => [table, before?.[table]]));
    return { ...before, ...seen, ...kept, at: Math.max(seen.at, before?.at ?? 0) } as Observation;
  };

  return {
    look: async (signal, asked) => {
      const begunAt = clock.monotonic();
      let ownerFailure: Failure | undefined;
      const tables = live() ? asked : TABLES;
      const [seen] = await Promise.all([
        sources.observe(signal, tables),
        sources.owner().then(
          (values) => {
            owner = share(owner, values);
          },
          (error: unknown) => {
            ownerFailure = explain(error);
          },
        ),
      ]);
      // Without the owner's values volumes would go unprotected: the last good ones serve, or else nothing is shown.
      if (!owner) throw new FailureError(ownerFailure ?? explain(undefined));
      const fleet = share(shown().fleet, assemble(merged(seen, tables, begunAt), owner));
      return { fleet, owner, ownerFailure, tables };
    },
    glance: async (subject, signal) => {
      const begunAt = clock.monotonic();
      if (!live()) return undefined;
      const { seen, at } = await sources.glance(subject, signal);
      const before = live();
      if (!before || !owner) return undefined;
      // What was read since then is newer.
      const isOld = (newest.get(TABLE_OF[subject.kind]) ?? 0) > begunAt;
      const observation = isOld ? before : withGlimpse(before, subject, seen, Math.max(at, before.at));
      return share(shown().fleet, assemble(observation, owner));
    },
    recall: (look) => {
      owner ??= look.owner;
      return assemble(look.observation, look.owner);
    },
  };
}
