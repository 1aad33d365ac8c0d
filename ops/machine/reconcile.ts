/**
 * The runner: look, decide, act, look again. It remembers nothing that matters: what it holds is only what it did in the
 * last seconds, what SSH said, and since when it waits. Ended anywhere, another run goes on from where the world is.
 */

import { type Failure, isTransient } from "../failure.ts";
import { MACHINES, type MachineName } from "../fleet/machines.ts";
import { TABLES, type Table } from "../fleet/parts.ts";
import type { OperationContext, Outcome } from "../operation/types.ts";
import { type Act, changes, keyOf, needsSecondLook, restsOn, sayAct, shownBy } from "./acts.ts";
import { decide } from "./decide.ts";
import type { Decision, Goal } from "./decision.ts";
import { PATIENCE } from "./decision.ts";
import { guard } from "./guard.ts";
import {
  askAfter,
  CONFLICT_MS,
  DOUBT_MS,
  FAILING_MS,
  GRACE_MS,
  glanceAfter,
  LOOK_MS,
  pollAfter,
  retryAfter,
  SECOND_LOOK_MS,
  STOP_REFUSED_MS,
  THERE_MS,
} from "./pace.ts";
import { createReport } from "./report.ts";
import { subjectOf } from "./subject.ts";
import type { MachineTools } from "./tools.ts";
import { takeTurns, tally } from "./turns.ts";
import { createUndone, UNDONE } from "./undone.ts";
import { createView } from "./view.ts";
import { addressOf, type Heard, NOTHING_HEARD, seatOf, type World } from "./world.ts";

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
  let last: { readonly key: string; readonly at: number } | undefined;
  /** What will be asked for once SSH has answered, and when a look first showed it. */
  let foreseen: { readonly key: string; readonly at: number } | undefined;
  let keysForgotten = false;
  const undone = createUndone();
  let everAnswered = false;

  const toSnapshot =
    goal.kind === "swapped" ? goal.deletions.filter((one) => one.snapshot).map((one) => one.volumeId) : [];

  const sleep = (ms: number) => clock.sleep(ms, signal);

  const view = createView(name, tools, toSnapshot);

  const look = async (): Promise<World> => {
    await view.look(signal);
    const boot = bootSeen(view.world(heard));
    if (boot !== bootHeard) heard = { ...heard, ssh: NOTHING_HEARD.ssh };
    bootHeard = boot;
    return view.world(heard);
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
    const began = clock.monotonic();
    const next = decide({ ...seen, ssh: { status: "answered", hostname: name, lines: [] } }, goal);
    const key = next.kind === "act" ? keyOf(next.act) : undefined;
    if (key !== foreseen?.key) foreseen = key === undefined ? undefined : { key, at: began };
    do {
      await askSsh(seen);
      // Judged in the next turn, and together with what is true by then: the machine may have gone meanwhile.
      if (heard.ssh.status === "answered" || (heard.ssh.status === "silent" && heard.ssh.final)) return;
      if (heard.ssh.status === "silent") report.waiting({ ...decision, reason: heard.ssh.sentence });
      await sleep(askAfter(waitedMs + clock.monotonic() - began));
    } while (clock.monotonic() - began < THERE_MS);
    const { instance } = seen;
    if (instance && (await view.hasChanged({ kind: "instance", id: instance.id }, signal))) view.again(TABLES);
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
    if (decision.step === "snapshot") {
      await sleep(glanceAfter(forMs, "snapshot"));
      await view.readSnapshots(signal);
      return undefined;
    }
    const subject = subjectOf(decision.step, seen);
    if (!subject) {
      await sleep(pollAfter(forMs));
      view.again(TABLES);
      return undefined;
    }
    const since = last?.at ?? began - forMs;
    const hasChanged = async () => {
      if (!(await view.hasChanged(subject, signal))) return false;
      // What became of the disk or of the request is half of it: how the instance stands belongs to it.
      if (subject.kind !== "instance") view.again(["instances"]);
      return true;
    };
    if (!view.isFresh(subject) && (await hasChanged())) return undefined;
    while (clock.monotonic() - began < LOOK_MS) {
      await sleep(glanceAfter(clock.monotonic() - since, decision.step));
      if (await hasChanged()) return undefined;
    }
    view.again(TABLES);
    return undefined;
  };

  const perform = async (decision: Extract<Decision, { kind: "act" }>, seen: World): Promise<Outcome | undefined> => {
    const { act } = decision;
    const key = keyOf(act);
    if (last?.key === key && clock.monotonic() - last.at < GRACE_MS) {
      const subject = shownBy(act);
      const since = clock.monotonic() - last.at;
      if (since >= SECOND_LOOK_MS.reversible) report.settling();
      await sleep(subject ? glanceAfter(since, decision.step) : pollAfter(since));
      if (!subject) view.again(changes(act));
      else await view.hasChanged(subject, signal);
      return undefined;
    }
    const wasForeseen = foreseen?.key === key && clock.monotonic() - foreseen.at >= SECOND_LOOK_MS.irreversible;
    if (needsSecondLook(act) && !wasForeseen && asked.count(key).times < 2) {
      report.acting(decision);
      await sleep(SECOND_LOOK_MS[act.kind === "DetachVolume" ? "reversible" : "irreversible"]);
      view.again(restsOn(act));
      return undefined;
    }
    if (!view.rests(restsOn(act))) return undefined;
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
      // What AWS only begins shows some time later; what it has done is to be seen at once.
      if (!shownBy(act)) view.again(changes(act));
      failures.clear();
      report.answered(sayAct(act), answer);
      return undefined;
    } catch (error) {
      return failedAct(act, key, tools.explain(error));
    } finally {
      view.changed(changes(act));
      asked.clear();
    }
  };

  const failedAct = async (act: Act, key: string, failure: Failure): Promise<Outcome | undefined> => {
    report.trouble(failure);
    view.again(TABLES);
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
          if (!view.rests(DONE_RESTS_ON[goal.kind])) return undefined;
          report.ended("done");
          return { status: "done", sentence: decision.sentence };
        case "blocked": {
          if (!view.rests(TABLES)) return undefined;
          const { forMs } = doubts.count(decision.sentence);
          if (forMs >= DOUBT_MS) {
            report.ended("failed");
            return { status: "blocked", sentence: decision.sentence, next: decision.next };
          }
          report.doubting(decision.sentence);
          await sleep(pollAfter(forMs));
          view.again(TABLES);
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

/** The parts that are read afresh before a goal is called reached. */
const DONE_RESTS_ON: Readonly<Record<Goal["kind"], readonly Table[]>> = {
  stopped: ["instances", "spotRequests"],
  running: ["instances"],
  reachable: ["instances", "addresses"],
  swapped: ["instances", "volumes", "addresses"],
};

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
