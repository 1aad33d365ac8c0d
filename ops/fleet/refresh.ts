/** The refresh loop: looks at the account again and again, and holds what it saw. */

import { explain } from "../aws/errors.ts";
import type { Clock } from "../clock.ts";
import { type Failure, FailureError } from "../failure.ts";
import type { FleetCore } from "../ops.ts";
import { pause } from "../pause.ts";
import type { SignIn } from "../signin/types.ts";
import { cell } from "../store.ts";
import { assemble } from "./assemble.ts";
import { inTransition } from "./derive/transition.ts";
import type { Glimpse, Subject } from "./glance.ts";
import type { Fleet, Observation, OwnerValues } from "./model.ts";
import { TABLE_OF, TABLES, type Table, withGlimpse } from "./parts.ts";
import { share } from "./share.ts";
import type { FleetState } from "./state.ts";
import type { LookStore } from "./stored.ts";

interface FleetSources {
  /** One look at the account, or at these parts of it; throws whatever went wrong. */
  readonly observe: (signal: AbortSignal, tables: readonly Table[]) => Promise<Seen>;
  /** One thing alone, in one call, and AWS's time of the answer. */
  readonly glance: (subject: Subject, signal: AbortSignal) => Promise<{ readonly seen: Glimpse; readonly at: number }>;
  /** The owner's values; throws a FailureError where they cannot be read. */
  readonly owner: () => Promise<OwnerValues>;
}

type Seen = Pick<Observation, "at"> & Partial<Pick<Observation, Table>>;

/** A fleet core that operations look with as well: what they see is on the screen at once, and is not asked for twice. */
interface LookingFleetCore extends FleetCore {
  /**
   * Looks now, never joining a look that began earlier; with `tables`, at these parts alone, and the rest is as it was seen
   * last. Throws what went wrong, also with the owner's values.
   */
  readonly look: (signal?: AbortSignal, tables?: readonly Table[]) => Promise<Fleet>;
  /** Asks about one thing, and gives the fleet as it was seen last, with that as it is now. Throws what the SDK throws. */
  readonly glance: (subject: Subject, signal: AbortSignal) => Promise<Fleet>;
}

/** Milliseconds between the beginnings of two looks. */
const AT_REST_MS = 5_000;
const IN_TRANSITION_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * The fleet, live: every 5 s at rest, every second while anything moves, single flight, at most a minute apart in bad
 * weather. Stands still while nobody is signed in, and goes on at once when somebody is.
 * @param random from 0 to 1, spreads the retries of several processes
 */
export function createFleetCore(
  clock: Clock,
  signIn: SignIn,
  sources: FleetSources,
  stored: LookStore,
  random: () => number = Math.random,
): LookingFleetCore {
  const state = cell<FleetState>({
    fleet: undefined,
    source: "none",
    refreshing: false,
    failure: undefined,
    nextAt: undefined,
  });
  let owner: OwnerValues | undefined;
  let failures = 0;
  /** When the look began of which each part is. */
  const newest = new Map<Table, number>();
  let flight: Promise<void> | undefined;
  let running: AbortController | undefined;
  let wake = () => {};

  const interval = (fleet: Fleet | undefined): number => {
    if (failures === 0) return fleet && inTransition(fleet) ? IN_TRANSITION_MS : AT_REST_MS;
    return Math.min(LONGEST_MS, AT_REST_MS * 2 ** (failures - 1)) * (0.5 + random() / 2);
  };

  /** Holds what a look gave and says when the next is due; only the loop's own look ends a refresh. */
  const settle = (begunAt: number, ticking: boolean, seen: Pick<FleetState, "fleet" | "source" | "failure">) => {
    const refreshing = state.get().refreshing && !ticking;
    const due = Math.max(clock.monotonic() + IN_TRANSITION_MS / 4, begunAt + interval(seen.fleet));
    const failure = share(state.get().failure, seen.failure);
    state.set({ ...seen, failure, refreshing, nextAt: running && !refreshing ? due : undefined });
  };

  /** The observation with what was read now. A look that began later may have been faster: what that saw stays. */
  const merged = (seen: Seen, tables: readonly Table[], begunAt: number): Observation => {
    const before = live();
    const later = before ? tables.filter((table) => (newest.get(table) ?? 0) > begunAt) : [];
    if (before && later.length === tables.length) return before;
    for (const table of tables) if (!later.includes(table)) newest.set(table, begunAt);
    const kept = Object.fromEntries(later.map((table) => [table, before?.[table]]));
    return { ...before, ...seen, ...kept, at: Math.max(seen.at, before?.at ?? 0) } as Observation;
  };

  /** What was seen last, where that was in this run. */
  const live = () => (state.get().source === "live" ? state.get().fleet?.observation : undefined);

  const see = async (signal: AbortSignal, ticking: boolean, asked: readonly Table[] = TABLES): Promise<Fleet> => {
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
    failures = 0;
    const fleet = share(state.get().fleet, assemble(merged(seen, tables, begunAt), owner));
    const shown = { fleet, source: "live", failure: ownerFailure } as const;
    // A part of a look puts the next whole one off for nobody.
    if (tables.length === TABLES.length) settle(begunAt, ticking, shown);
    else state.update((before) => ({ ...before, ...shown, failure: share(before.failure, ownerFailure) }));
    stored.save({ observation: fleet.observation, owner });
    // Whoever is about to act must not go by yesterday's owner's values.
    if (ownerFailure && !ticking) throw new FailureError(ownerFailure);
    return fleet;
  };

  const look = (signal = new AbortController().signal, tables?: readonly Table[]) =>
    see(signal, false, tables).finally(() => wake());

  const glance = async (subject: Subject, signal: AbortSignal): Promise<Fleet> => {
    const begunAt = clock.monotonic();
    if (!live()) return look(signal);
    const { seen, at } = await sources.glance(subject, signal);
    const before = live();
    if (!before || !owner) return look(signal);
    // What was read since then is newer.
    const isOld = (newest.get(TABLE_OF[subject.kind]) ?? 0) > begunAt;
    const observation = isOld ? before : withGlimpse(before, subject, seen, Math.max(at, before.at));
    const fleet = share(state.get().fleet, assemble(observation, owner));
    state.update((shown) => ({ ...shown, fleet }));
    return fleet;
  };

  const tick = async (signal: AbortSignal): Promise<void> => {
    const begunAt = clock.monotonic();
    state.update((before) => ({ ...before, refreshing: true, nextAt: undefined }));
    try {
      await see(signal, true);
    } catch (error) {
      const { fleet, source, failure: earlier } = state.get();
      if (signal.aborted) return settle(begunAt, true, { fleet, source, failure: earlier });
      const failure = explain(error);
      failures += 1;
      settle(begunAt, true, { fleet, source, failure });
      if (failure.kind === "signed-out") signIn.refused(failure);
    }
  };

  const refresh = (): Promise<void> => {
    flight ??= tick(running?.signal ?? new AbortController().signal).finally(() => {
      flight = undefined;
      wake();
    });
    return flight;
  };

  /** Waits until the next look is due. A look asked for from outside puts that off; a change of sign-in ends it. */
  const rest = async (signal: AbortSignal): Promise<void> => {
    const signedIn = signIn.get();
    while (signIn.get() === signedIn) {
      await flight;
      const due = (state.get().nextAt ?? 0) - clock.monotonic();
      if (due <= 0) return;
      await pause(clock, due, signal, (alarm) => {
        wake = alarm;
        return signIn.subscribe(alarm);
      });
    }
  };

  /** Stands still until somebody is signed in, perhaps by another process, or the weather lets us ask who we are. */
  const signedIn = async (signal: AbortSignal): Promise<void> => {
    state.update((before) => ({ ...before, nextAt: undefined }));
    for (let round = 0; signIn.get().status !== "signed-in"; round += 1) {
      signal.throwIfAborted();
      if (signIn.get().status !== "checking") {
        const wait = Math.min(LONGEST_MS, AT_REST_MS * 2 ** round);
        await pause(clock, wait, signal, (alarm) => signIn.subscribe(alarm));
      }
      if (signIn.get().status !== "signed-in") await signIn.check();
    }
    failures = 0;
  };

  const loop = async (signal: AbortSignal): Promise<void> => {
    const look = await stored.load();
    if (look && state.get().source === "none") {
      owner ??= look.owner;
      state.update((before) => ({ ...before, fleet: assemble(look.observation, look.owner), source: "stored" }));
    }
    while (!signal.aborted) {
      if (signIn.get().status !== "signed-in") await signedIn(signal);
      await refresh();
      await rest(signal);
    }
  };

  return {
    get: state.get,
    subscribe: state.subscribe,
    refresh,
    look,
    glance,
    start: () => {
      if (running) return;
      const controller = new AbortController();
      running = controller;
      loop(controller.signal).catch((error: unknown) => {
        if (!controller.signal.aborted) state.update((before) => ({ ...before, failure: explain(error) }));
      });
    },
    stop: () => {
      running?.abort(new FailureError({ kind: "cancelled", sentence: "Cancelled." }));
      running = undefined;
      state.update((before) => ({ ...before, nextAt: undefined, refreshing: false }));
    },
  };
}
