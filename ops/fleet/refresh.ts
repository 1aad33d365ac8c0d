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
import type { Fleet, Observation, OwnerValues } from "./model.ts";
import { share } from "./share.ts";
import type { FleetState } from "./state.ts";
import type { LookStore } from "./stored.ts";

interface FleetSources {
  /** One look at the account; throws whatever went wrong. */
  readonly observe: (signal: AbortSignal) => Promise<Observation>;
  /** The owner's values; throws a FailureError where they cannot be read. */
  readonly owner: () => Promise<OwnerValues>;
}

/** A fleet core that operations look with as well: what they see is on the screen at once, and is not asked for twice. */
interface LookingFleetCore extends FleetCore {
  /** Looks now, never joining a look that began earlier. Throws what went wrong, also with the owner's values. */
  readonly look: (signal?: AbortSignal) => Promise<Fleet>;
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
  let newest = Number.NEGATIVE_INFINITY;
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

  const see = async (signal: AbortSignal, ticking: boolean): Promise<Fleet> => {
    const begunAt = clock.monotonic();
    let ownerFailure: Failure | undefined;
    const [observation] = await Promise.all([
      sources.observe(signal),
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
    const fleet = share(state.get().fleet, assemble(observation, owner));
    failures = 0;
    // A look that began later may have been faster: what it saw stays.
    if (begunAt >= newest) {
      newest = begunAt;
      settle(begunAt, ticking, { fleet, source: "live", failure: ownerFailure });
      stored.save({ observation: fleet.observation, owner });
    } else settle(begunAt, ticking, state.get());
    // Whoever is about to act must not go by yesterday's owner's values.
    if (ownerFailure && !ticking) throw new FailureError(ownerFailure);
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
    look: (signal = new AbortController().signal) => see(signal, false).finally(() => wake()),
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
