/**
 * The runner: look, decide, act, look again. It remembers nothing that matters: what it holds is only what it did in the
 * last seconds, what SSH said, and since when it waits. Ended anywhere, another run goes on from where the world is.
 */

import { isDeepStrictEqual } from "node:util";
import { type Failure, isTransient } from "../failure.ts";
import { type Subject, shownIn } from "../fleet/glance.ts";
import { MACHINES, type MachineName } from "../fleet/machines.ts";
import type { Observation } from "../fleet/model.ts";
import type { OperationContext, Outcome } from "../operation/types.ts";
import { type Act, keyOf, needsSecondLook, sayAct } from "./acts.ts";
import { decide } from "./decide.ts";
import type { Decision, Goal } from "./decision.ts";
import { PATIENCE } from "./decision.ts";
import { guard } from "./guard.ts";
import {
  CONFLICT_MS,
  DOUBT_MS,
  FAILING_MS,
  GRACE_MS,
  LOOK_MS,
  pollAfter,
  retryAfter,
  SECOND_LOOK_MS,
  STOP_REFUSED_MS,
} from "./pace.ts";
import { createReport } from "./report.ts";
import { subjectOf } from "./subject.ts";
import type { MachineTools } from "./tools.ts";
import { takeTurns, tally } from "./turns.ts";
import { createUndone, UNDONE } from "./undone.ts";
import { addressOf, type Heard, NOTHING_HEARD, seatOf, type World, worldOf } from "./world.ts";

interface Reconciled {
  readonly outcome: Outcome;
  /** The world as it was seen last. */
  readonly world: World | undefined;
}

/**
 * Brings the machine to the goal, reporting each step to `context`. Never throws for what AWS or the machine say: that
 * is in the outcome. Two running at once do no harm, for each looks before every act.
 */
export async function reconcile(
  name: MachineName,
  goal: Goal,
  tools: MachineTools,
  context: OperationContext,
): Promise<Reconciled> {
  const run = createRunner(name, goal, tools, context);
  const { look, trouble, turn } = run;
  const cancelledNow = () => cancelled(name, goal, run.world());
  const outcome = await takeTurns(
    { clock: tools.clock, explain: tools.explain, look, turn, trouble, cancelled: cancelledNow },
    context,
  );
  if (outcome.status === "failed" || outcome.status === "cancelled") run.fail();
  return { outcome, world: run.world() };
}

type Wait = Extract<Decision, { kind: "wait" }>;

function createRunner(name: MachineName, goal: Goal, tools: MachineTools, context: OperationContext) {
  const { clock } = tools;
  const { signal } = context;
  const report = createReport(context);
  const waits = tally(clock.monotonic);
  const doubts = tally(clock.monotonic);
  const failures = tally(clock.monotonic);
  const asked = tally(clock.monotonic);
  let heard: Heard = NOTHING_HEARD;
  /** The boot of which `heard.ssh` speaks. */
  let bootHeard: string | undefined;
  let world: World | undefined;
  let shown: Observation | undefined;
  let last: { readonly key: string; readonly at: number } | undefined;
  let keysForgotten = false;
  const undone = createUndone();
  let everAnswered = false;

  const toSnapshot =
    goal.kind === "swapped" ? goal.deletions.filter((one) => one.snapshot).map((one) => one.volumeId) : [];

  const sleep = (ms: number) => clock.sleep(ms, signal);

  const look = async (): Promise<World> => {
    const fleet = await tools.look(signal, toSnapshot);
    shown = fleet.observation;
    const boot = bootSeen(worldOf(fleet, name, heard));
    if (boot !== bootHeard) heard = { ...heard, ssh: NOTHING_HEARD.ssh };
    bootHeard = boot;
    return worldOf(fleet, name, heard);
  };

  const askSsh = async (seen: World): Promise<void> => {
    const address = addressOf(seen);
    if (!address) return;
    if (goal.kind === "swapped" && !keysForgotten) {
      keysForgotten = true;
      await tools.forgetHostKeys(name, address, goal.takeOff ?? goal.deletions[0]?.volumeId);
      context.log(`The SSH host keys known for ${address} are dropped: they were of another root.`, "note");
    }
    heard = { ...heard, ssh: await tools.askSsh(name, address, signal) };
    if (heard.ssh.status !== "answered") return;
    everAnswered = true;
    const { hostKey, lines } = heard.ssh;
    if (hostKey) context.log(hostKey.sentence, hostKey.verified ? "note" : "err");
    for (const line of lines) context.log(line);
  };

  /** Asks the machine more often than AWS: of AWS only a machine that is taken away is to be learned meanwhile. */
  const waitForSsh = async (decision: Wait, seen: World, waitedMs: number): Promise<undefined> => {
    const until = clock.monotonic() + LOOK_MS;
    do {
      await askSsh(seen);
      // Judged in the next turn, and together with a fresh look: the machine may have gone meanwhile.
      if (heard.ssh.status === "answered" || (heard.ssh.status === "silent" && heard.ssh.final)) return;
      if (heard.ssh.status === "silent") report.waiting({ ...decision, reason: heard.ssh.sentence });
      await sleep(pollAfter(waitedMs));
    } while (clock.monotonic() < until);
  };

  /** Whether a glance shows nothing new. Nothing is decided upon it: a change, or trouble of any kind, leads to a look. */
  const isAsShown = async (subject: Subject): Promise<boolean> => {
    try {
      return shown !== undefined && isDeepStrictEqual(await tools.glance(subject, signal), shownIn(shown, subject));
    } catch {
      signal.throwIfAborted();
      return false;
    }
  };

  const waitFor = async (decision: Wait, seen: World): Promise<Outcome | undefined> => {
    const { forMs } = waits.count(decision.until);
    report.waiting(decision);
    if (forMs > decision.patienceMs) {
      const minutes = Math.round(decision.patienceMs / 60_000);
      const sentence = `Waited ${minutes} minutes for this: ${decision.until}. It is not so yet: ${decision.reason}.`;
      if (!decision.thenGiveUpPersistent) return stuck(name, goal, sentence);
      heard = { ...heard, persistentRefused: sentence };
      return undefined;
    }
    if (decision.ask === "ssh") return waitForSsh(decision, seen, forMs);
    const began = clock.monotonic();
    const subject = subjectOf(decision.step, seen);
    do {
      await sleep(pollAfter(forMs + clock.monotonic() - began));
    } while (subject && clock.monotonic() - began < LOOK_MS && (await isAsShown(subject)));
    return undefined;
  };

  const perform = async (decision: Extract<Decision, { kind: "act" }>, seen: World): Promise<Outcome | undefined> => {
    const { act } = decision;
    const key = keyOf(act);
    if (last?.key === key && clock.monotonic() - last.at < GRACE_MS) {
      report.settling();
      await sleep(pollAfter(clock.monotonic() - last.at));
      return undefined;
    }
    if (needsSecondLook(act) && asked.count(key).times < 2) {
      report.acting(decision);
      await sleep(SECOND_LOOK_MS[act.kind === "DetachVolume" ? "reversible" : "irreversible"]);
      return undefined;
    }
    const objection = guard(act, seen, goal);
    if (objection) {
      report.failed(objection);
      return { status: "failed", failure: objection };
    }
    const vain = undone.inVain(act);
    if (vain) return failedAct(act, key, vain);
    report.acting(decision);
    try {
      const answer = await tools.act(act);
      undone.accepted(act);
      last = { key, at: clock.monotonic() };
      failures.clear();
      report.answered(sayAct(act), answer);
      return undefined;
    } catch (error) {
      return failedAct(act, key, tools.explain(error));
    } finally {
      asked.clear();
    }
  };

  const failedAct = async (act: Act, key: string, failure: Failure): Promise<Outcome | undefined> => {
    report.trouble(failure);
    const kind = failure.kind === "capacity" ? "capacity" : "other";
    const { times, forMs } = failures.count(`${key} ${kind}`);
    const patience = patienceWith(failure, act);
    if (patience > 0 && forMs <= patience) {
      await sleep(retryAfter(times, kind));
      return undefined;
    }
    if (isOnThePersistentWay(act, world)) {
      // What is left to do is to give the machine its old root back; `decide` knows how.
      heard = { ...heard, persistentRefused: failure.sentence };
      return undefined;
    }
    if (act.kind === "SnapshotVolume") {
      // Then it is kept: what could not be saved is not deleted.
      heard = { ...heard, snapshotRefused: failure.sentence.replace(/\.$/, "") };
      return undefined;
    }
    if (kind === "capacity") return stuck(name, goal, `${failure.sentence} ${sayRoot(world)}`);
    report.failed(failure);
    return { status: "failed", failure };
  };

  /**
   * What follows where EC2 has taken two starts back: the machine does not start on this root. Its own disk then makes
   * way for the root that it replaced, unless SSH has answered on it; anything else ends here.
   */
  const giveUpStart = (seen: World): Outcome | "go on" | undefined => {
    const sentence = goal.kind === "stopped" ? undefined : undone.startsTakenBack(seen);
    if (!sentence) return undefined;
    const seat = seatOf(seen);
    const onItsOwn = seat.kind === "held" && seat.volumeId === seen.persistentId;
    if (goal.kind === "swapped" && onItsOwn && !everAnswered) {
      if (heard.startRefused) return undefined;
      heard = { ...heard, startRefused: sentence };
      context.log(sentence, "err");
      return "go on";
    }
    report.ended("failed");
    const { startRefused } = heard;
    return stuck(name, goal, startRefused ? `${sentence} On its persistent volume: ${startRefused}` : sentence);
  };

  return {
    world: () => world,
    fail: () => report.ended("failed"),
    trouble: report.trouble,
    look,
    turn: async (seen: World): Promise<Outcome | undefined> => {
      world = seen;
      const vain = giveUpStart(seen);
      if (vain) return vain === "go on" ? undefined : vain;
      const decision = decide(seen, goal);
      if (decision.kind !== "wait") waits.clear();
      if (decision.kind !== "blocked") doubts.clear();
      if (decision.kind !== "act") asked.clear();
      switch (decision.kind) {
        case "done":
          report.ended("done");
          return { status: "done", sentence: decision.sentence };
        case "blocked": {
          const { forMs } = doubts.count(decision.sentence);
          if (forMs >= DOUBT_MS) {
            report.ended("failed");
            return { status: "blocked", sentence: decision.sentence, next: decision.next };
          }
          report.doubting(decision.sentence);
          await sleep(pollAfter(forMs));
          return undefined;
        }
        case "wait":
          return waitFor(decision, seen);
        case "act":
          return perform(decision, seen);
      }
    },
  };
}

/** Which boot of which instance on which root this is; undefined where nothing runs that could answer. */
function bootSeen(world: World): string | undefined {
  const { instance } = world;
  if (instance?.state !== "running") return undefined;
  const seat = seatOf(world);
  return `${instance.id} ${instance.launchedAt} ${seat.kind === "held" ? seat.volumeId : ""} ${addressOf(world)}`;
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

function isOnThePersistentWay(act: Act, world: World | undefined): boolean {
  if (act.kind === "DetachVolume") return act.volumeId !== world?.persistentId;
  return act.kind === "AttachVolume" && act.volumeId === world?.persistentId;
}

/** What to run, or press, to go on. */
function goOn(name: MachineName, goal: Goal): string {
  const verb = { stopped: "stop", running: "start", reachable: "ssh", swapped: "swap" }[goal.kind];
  return `Run make ${verb}-${MACHINES[name].short} to go on from there.`;
}

function stuck(name: MachineName, goal: Goal, sentence: string): Outcome {
  return { status: "blocked", sentence, next: goOn(name, goal) };
}

function cancelled(name: MachineName, goal: Goal, world: World | undefined): Outcome {
  return {
    status: "cancelled",
    sentence: `Cancelled, after the call that was under way. ${sayRoot(world)}`.trimEnd(),
    next: goOn(name, goal),
  };
}

/** In what state the machine is left, in a sentence. */
function sayRoot(world: World | undefined): string {
  const { instance, spec, persistentId } = world ?? {};
  if (!world || !instance || !spec) return "";
  const seat = seatOf(world);
  const root =
    seat.kind === "held"
      ? `with ${seat.volumeId} as its root${seat.volumeId === persistentId ? ", its persistent volume" : ""}`
      : seat.kind === "empty"
        ? "with no root volume for now"
        : "with its root volume changing";
  return `${spec.name} (${instance.id}) is ${instance.state}, ${root}.`;
}
