/**
 * The runner: look, decide, act, look again. It remembers nothing that matters: what it holds is only what it did in the
 * last seconds, what SSH said, and since when it waits. Ended anywhere, another run goes on from where the world is.
 */

import type { MachineName } from "../fleet/machines.ts";
import { TABLES, type Table } from "../fleet/parts.ts";
import type { OperationContext, Outcome } from "../operation/types.ts";
import { decide } from "./decide.ts";
import type { Goal } from "./decision.ts";
import { cancelled, stuck } from "./ends.ts";
import { DOUBT_MS, pollAfter } from "./pace.ts";
import { createPerforming } from "./performing.ts";
import { createPursuit, type Pursuit } from "./pursuit.ts";
import type { MachineTools } from "./tools.ts";
import { takeTurns, tally } from "./turns.ts";
import { createWaiting } from "./waiting.ts";
import { seatOf, type World } from "./world.ts";

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
  const pursuit = createPursuit(name, goal, tools, context);
  const { view, hearing, report } = pursuit;
  const turn = createTurn(pursuit);
  let world: World | undefined;
  const outcome = await takeTurns(
    {
      clock: tools.clock,
      explain: tools.explain,
      look: async () => {
        await view.look(context.signal);
        return view.world(hearing.bootSeen(view.world(hearing.heard())));
      },
      turn: (seen) => {
        world = seen;
        return turn(seen);
      },
      trouble: report.trouble,
      cancelled: () => cancelled(name, goal, world),
    },
    context,
  );
  if (outcome.status === "failed" || outcome.status === "cancelled") report.ended("failed");
  return { outcome, world };
}

/** One turn: decides upon what was seen, and does that one thing. */
function createTurn(pursuit: Pursuit): (seen: World) => Promise<Outcome | undefined> {
  const { goal, context, clock, view, hearing, report, sleep } = pursuit;
  const waiting = createWaiting(pursuit);
  const performing = createPerforming(pursuit);
  const doubts = tally(clock.monotonic);
  return async (seen) => {
    const takenBack = goal.kind === "stopped" ? undefined : performing.startsTakenBack(seen);
    if (takenBack && !isToMakeWay(pursuit, seen)) return neverStarts(pursuit, takenBack);
    if (takenBack && !hearing.heard().startRefused) {
      hearing.learn({ startRefused: takenBack });
      context.log(takenBack, "err");
      return undefined;
    }
    const decision = decide(seen, goal);
    if (decision.kind !== "wait") waiting.over();
    if (decision.kind !== "blocked") doubts.clear();
    if (decision.kind !== "act") performing.over();
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
        return waiting.waitFor(decision, seen);
      case "act":
        return performing.perform(decision, seen);
    }
  };
}

/** The parts that are read afresh before a goal is called reached. */
const DONE_RESTS_ON: Readonly<Record<Goal["kind"], readonly Table[]>> = {
  stopped: ["instances", "spotRequests"],
  running: ["instances"],
  reachable: ["instances", "addresses"],
  swapped: ["instances", "volumes", "addresses"],
};

/**
 * Where EC2 has taken two starts back, the machine does not start on this root. Its own disk then makes way for the root
 * that it replaced, unless SSH has answered on it; anything else ends here.
 */
function isToMakeWay({ goal, hearing }: Pursuit, seen: World): boolean {
  const seat = seatOf(seen);
  const onItsOwn = seat.kind === "held" && seat.volumeId === seen.persistentId;
  return goal.kind === "swapped" && onItsOwn && !hearing.everAnswered();
}

function neverStarts({ name, goal, hearing, report }: Pursuit, sentence: string): Outcome {
  report.ended("failed");
  const { startRefused } = hearing.heard();
  return stuck(name, goal, startRefused ? `${sentence} On its persistent volume: ${startRefused}` : sentence);
}
