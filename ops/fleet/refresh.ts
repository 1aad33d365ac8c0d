/** The refresh loop: looks at the account again and again, and holds what it saw. */

import { explain } from "../aws/errors.ts";
import type { Clock } from "../clock.ts";
import { FailureError } from "../failure.ts";
import type { FleetCore } from "../ops.ts";
import { pause } from "../pause.ts";
import type { SignIn } from "../signin/types.ts";
import { cell } from "../store.ts";
import { movingParts } from "./derive/transition.ts";
import type { Subject } from "./glance.ts";
import type { Fleet } from "./model.ts";
import { TABLES, type Table } from "./parts.ts";
import { share } from "./share.ts";
import { createSight, type FleetSources } from "./sight.ts";
import type { FleetState } from "./state.ts";
import type { LookStore } from "./stored.ts";

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
 * The fleet, live: all of it every 5 s, and every second what moves, single flight, at most a minute apart in bad weather. Stands still while nobody is signed in, and goes on at once when somebody is.
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
  const sight = createSight(state.get, clock, sources);
  let failures = 0;
  /** When the last whole look began; undefined where everything is to be looked at next. */
  let wholeAt: number | undefined;
  /** Where something was on the move in the last look. */
  let moving: readonly Table[] = [];
  let flight: Promise<void> | undefined;
  let running: AbortController | undefined;
  let wake = () => {};

  const interval = (): number => {
    if (failures === 0 && wholeAt === undefined) return 0;
    if (failures === 0) return moving.length > 0 ? IN_TRANSITION_MS : AT_REST_MS;
    return Math.min(LONGEST_MS, AT_REST_MS * 2 ** (failures - 1)) * (0.5 + random() / 2);
  };

  /** Holds what a look gave and says when the next is due; only the loop's own look ends a refresh. */
  const settle = (begunAt: number, ticking: boolean, seen: Pick<FleetState, "fleet" | "source" | "failure">) => {
    const refreshing = state.get().refreshing && !ticking;
    const next = Math.max(clock.monotonic() + IN_TRANSITION_MS / 4, begunAt + interval());
    const failure = share(state.get().failure, seen.failure);
    state.set({ ...seen, failure, refreshing, nextAt: running && !refreshing ? next : undefined });
  };

  const see = async (signal: AbortSignal, ticking: boolean, asked: readonly Table[] = TABLES): Promise<Fleet> => {
    const begunAt = clock.monotonic();
    const before = state.get().fleet?.observation;
    const { fleet, owner, ownerFailure, tables } = await sight.look(signal, asked);
    failures = 0;
    if (tables.length === TABLES.length) wholeAt = begunAt;
    // What has moved may have moved what stands in other parts.
    else if (ticking && TABLES.some((table) => fleet.observation[table] !== before?.[table])) wholeAt = undefined;
    moving = movingParts(fleet);
    const shown = { fleet, source: "live", failure: ownerFailure } as const;
    // A part that an operation looks at puts the next whole look off for nobody.
    if (ticking || tables.length === TABLES.length) settle(begunAt, ticking, shown);
    else state.update((last) => ({ ...last, ...shown, failure: share(last.failure, ownerFailure) }));
    stored.save({ observation: fleet.observation, owner });
    // Whoever is about to act must not go by yesterday's owner's values.
    if (ownerFailure && !ticking) throw new FailureError(ownerFailure);
    return fleet;
  };

  const look = (signal = new AbortController().signal, tables?: readonly Table[]) =>
    see(signal, false, tables).finally(() => wake());

  const glance = async (subject: Subject, signal: AbortSignal): Promise<Fleet> => {
    const fleet = await sight.glance(subject, signal);
    if (!fleet) return look(signal);
    state.update((shown) => ({ ...shown, fleet }));
    return fleet;
  };

  const tick = async (signal: AbortSignal, tables: readonly Table[]): Promise<void> => {
    const begunAt = clock.monotonic();
    state.update((before) => ({ ...before, refreshing: true, nextAt: undefined }));
    try {
      await see(signal, true, tables);
    } catch (error) {
      const { fleet, source, failure: earlier } = state.get();
      if (signal.aborted) return settle(begunAt, true, { fleet, source, failure: earlier });
      const failure = explain(error);
      failures += 1;
      settle(begunAt, true, { fleet, source, failure });
      if (failure.kind === "signed-out") signIn.refused(failure);
    }
  };

  const refresh = (tables: readonly Table[] = TABLES): Promise<void> => {
    flight ??= tick(running?.signal ?? new AbortController().signal, tables).finally(() => {
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
      const wait = (state.get().nextAt ?? 0) - clock.monotonic();
      if (wait <= 0) return;
      await pause(clock, wait, signal, (alarm) => {
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

  /** What is to be looked at now: while something moves that alone, between two looks at everything. */
  const due = (): readonly Table[] => {
    const isWholeFresh = wholeAt !== undefined && clock.monotonic() - wholeAt < AT_REST_MS;
    return failures === 0 && isWholeFresh && moving.length > 0 ? moving : TABLES;
  };

  /** Shows the stored look, where nothing better is there. */
  const recall = async (): Promise<void> => {
    const look = await stored.load();
    if (!look || state.get().source !== "none") return;
    const fleet = sight.recall(look);
    state.update((before) => ({ ...before, fleet, source: "stored" }));
  };

  const loop = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      if (signIn.get().status !== "signed-in") await signedIn(signal);
      await refresh(due());
      await rest(signal);
    }
  };

  return {
    get: state.get,
    subscribe: state.subscribe,
    refresh: () => refresh(),
    look,
    glance,
    start: async () => {
      if (running) return;
      const controller = new AbortController();
      running = controller;
      await recall();
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
