/** Acts: once, upon what was read moments ago, past the guard, and never twice for an answer that is late. */

import { type Failure, isTransient } from "../failure.ts";
import { TABLES } from "../fleet/parts.ts";
import type { Outcome } from "../operation/types.ts";
import { type Act, changes, keyOf, needsSecondLook, restsOn, sayAct, shownBy } from "./acts.ts";
import { type Decision, PATIENCE } from "./decision.ts";
import { sayRoot, stuck } from "./ends.ts";
import { guard } from "./guard.ts";
import {
  CONFLICT_MS,
  FAILING_MS,
  GRACE_MS,
  glanceAfter,
  pollAfter,
  retryAfter,
  SECOND_LOOK_MS,
  STOP_REFUSED_MS,
} from "./pace.ts";
import type { Pursuit } from "./pursuit.ts";
import { tally } from "./turns.ts";
import { createUndone, UNDONE } from "./undone.ts";
import type { World } from "./world.ts";

type Deed = Extract<Decision, { kind: "act" }>;

interface Performing {
  /** Does it, or what has to come before it; an outcome where it cannot be done. */
  readonly perform: (decision: Deed, seen: World) => Promise<Outcome | undefined>;
  /** Why EC2 does not start the machine on the root that it has, from the starts of this run; hears of every look. */
  readonly startsTakenBack: (seen: World) => string | undefined;
  /** The run wants something else than an act: what was asked for before is not asked for any more. */
  readonly over: () => void;
}

export function createPerforming(pursuit: Pursuit): Performing {
  const { name, goal, tools, clock, view, hearing, report, recent, sleep } = pursuit;
  const failures = tally(clock.monotonic);
  const asked = tally(clock.monotonic);
  const undone = createUndone();

  /** Whether AWS said yes to it a moment ago, and does not show it yet. */
  const isUnderWay = async ({ act, step }: Deed, key: string): Promise<boolean> => {
    const { accepted } = recent;
    if (accepted?.key !== key) return false;
    const since = clock.monotonic() - accepted.at;
    if (since >= GRACE_MS) return false;
    const subject = shownBy(act);
    if (since >= SECOND_LOOK_MS.reversible) report.settling();
    await sleep(subject ? glanceAfter(since, step) : pollAfter(since));
    if (!subject) view.again(changes(act));
    else await view.hasChanged(subject, pursuit.context.signal);
    return true;
  };

  /** Whether another look must ask for it too. */
  const isTooSoon = async (decision: Deed, key: string): Promise<boolean> => {
    const { act } = decision;
    const { foreseen } = recent;
    const wasForeseen = foreseen?.key === key && clock.monotonic() - foreseen.at >= SECOND_LOOK_MS.irreversible;
    if (!needsSecondLook(act) || wasForeseen || asked.count(key).times >= 2) return false;
    report.acting(decision);
    await sleep(SECOND_LOOK_MS[act.kind === "DetachVolume" ? "reversible" : "irreversible"]);
    view.again(restsOn(act));
    return true;
  };

  const failed = async (act: Act, key: string, failure: Failure, seen: World): Promise<Outcome | undefined> => {
    report.trouble(failure);
    view.again(TABLES);
    const kind = failure.kind === "capacity" ? "capacity" : "other";
    const { times, forMs } = failures.count(`${key} ${kind}`);
    const patience = patienceWith(failure, act);
    if (patience > 0 && forMs <= patience) {
      await sleep(retryAfter(times, kind));
      return undefined;
    }
    if (isOnThePersistentWay(act, seen)) {
      // What is left to do is to give the machine its old root back; `decide` knows how.
      hearing.learn({ persistentRefused: failure.sentence });
      return undefined;
    }
    if (act.kind === "SnapshotVolume") {
      // Then it is kept: what could not be saved is not deleted.
      hearing.learn({ snapshotRefused: failure.sentence.replace(/\.$/, "") });
      return undefined;
    }
    if (kind === "capacity") return stuck(name, goal, `${failure.sentence} ${sayRoot(seen)}`);
    report.failed(failure);
    return { status: "failed", failure };
  };

  return {
    perform: async (decision, seen) => {
      const { act } = decision;
      const key = keyOf(act);
      if ((await isUnderWay(decision, key)) || (await isTooSoon(decision, key))) return undefined;
      if (!view.rests(restsOn(act))) return undefined;
      const objection = guard(act, seen, goal);
      if (objection) {
        report.failed(objection);
        return { status: "failed", failure: objection };
      }
      const vain = undone.inVain(act);
      if (vain) return failed(act, key, vain, seen);
      report.acting(decision);
      try {
        const answer = await tools.act(act);
        undone.accepted(act);
        recent.accepted = { key, at: clock.monotonic() };
        // What AWS only begins shows some time later; what it has done is to be seen at once.
        if (!shownBy(act)) view.again(changes(act));
        failures.clear();
        report.answered(sayAct(act), answer);
        return undefined;
      } catch (error) {
        return failed(act, key, tools.explain(error), seen);
      } finally {
        view.changed(changes(act));
        asked.clear();
      }
    },
    startsTakenBack: undone.startsTakenBack,
    over: asked.clear,
  };
}

/**
 * For how long an act may be decided on again after such a failure; 0 for what nothing mends. A lost answer, a world that
 * has moved on and a session that has ended all mean the same: look, and decide anew.
 */
function patienceWith(failure: Failure, act: Act): number {
  if (failure.code === UNDONE) return 0;
  if (failure.kind === "capacity") return PATIENCE.capacity;
  // A stop is refused for good where the request was cancelled: only a late answer hides that.
  if (failure.code === "IncorrectSpotRequestState")
    return act.kind === "StopInstance" ? STOP_REFUSED_MS : PATIENCE.release;
  // Of a parameter that does not fit the state of things, such as a device in use, only the text tells; looking tells more.
  if (failure.code === "InvalidParameterValue") return CONFLICT_MS;
  if (failure.kind === "conflict" || failure.kind === "missing") return CONFLICT_MS;
  return isTransient(failure) || failure.kind === "signed-out" ? FAILING_MS : 0;
}

function isOnThePersistentWay(act: Act, world: World): boolean {
  if (act.kind === "DetachVolume") return act.volumeId !== world.persistentId;
  return act.kind === "AttachVolume" && act.volumeId === world.persistentId;
}
