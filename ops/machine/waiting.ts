/** Waits, for what a decision waits for: by glances at the one thing that can end it, or by asking SSH. */

import { TABLES } from "../fleet/parts.ts";
import type { Outcome } from "../operation/types.ts";
import { keyOf } from "./acts.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { stuck } from "./ends.ts";
import { askAfter, glanceAfter, LOOK_MS, pollAfter, THERE_MS } from "./pace.ts";
import type { Pursuit } from "./pursuit.ts";
import { subjectOf } from "./subject.ts";
import { tally } from "./turns.ts";
import type { World } from "./world.ts";

type Wait = Extract<Decision, { kind: "wait" }>;

interface Waiting {
  /** Returns when it is time to look again; an outcome where patience is at its end. */
  readonly waitFor: (decision: Wait, seen: World) => Promise<Outcome | undefined>;
  /** The run has got beyond what it waited for. */
  readonly over: () => void;
}

export function createWaiting(pursuit: Pursuit): Waiting {
  const { clock, sleep } = pursuit;
  const waits = tally(clock.monotonic);
  return {
    waitFor: async (decision, seen) => {
      const { forMs } = waits.count(decision.until);
      pursuit.report.waiting(decision);
      if (forMs > decision.patienceMs) return impatient(pursuit, decision);
      if (decision.ask === "ssh") await waitForSsh(pursuit, decision, seen, forMs);
      else if (decision.step === "snapshot") {
        await sleep(glanceAfter(forMs, "snapshot"));
        await pursuit.view.readSnapshots(pursuit.context.signal);
      } else await glance(pursuit, decision, seen, forMs);
      return undefined;
    },
    over: waits.clear,
  };
}

function impatient({ name, goal, hearing }: Pursuit, decision: Wait): Outcome | undefined {
  const minutes = Math.round(decision.patienceMs / 60_000);
  const sentence = `Waited ${minutes} minutes for this: ${decision.until}. It is not so yet: ${decision.reason}.`;
  if (!decision.thenGiveUpPersistent) return stuck(name, goal, sentence);
  hearing.learn({ persistentRefused: sentence });
  return undefined;
}

/** Asks the machine more often than AWS: of AWS only a machine that is taken away is to be learned meanwhile. */
async function waitForSsh(pursuit: Pursuit, decision: Wait, seen: World, waitedMs: number): Promise<void> {
  const { name, goal, clock, view, hearing, report, recent, sleep } = pursuit;
  const began = clock.monotonic();
  const next = decide({ ...seen, ssh: { status: "answered", hostname: name, lines: [] } }, goal);
  const key = next.kind === "act" ? keyOf(next.act) : undefined;
  if (key !== recent.foreseen?.key) recent.foreseen = key === undefined ? undefined : { key, at: began };
  do {
    await hearing.askSsh(seen);
    const { ssh } = hearing.heard();
    // Judged in the next turn, and together with what is true by then: the machine may have gone meanwhile.
    if (ssh.status === "answered" || (ssh.status === "silent" && ssh.final)) return;
    if (ssh.status === "silent") report.waiting({ ...decision, reason: ssh.sentence });
    await sleep(askAfter(waitedMs + clock.monotonic() - began));
  } while (clock.monotonic() - began < THERE_MS);
  const { instance } = seen;
  if (instance && (await view.hasChanged({ kind: "instance", id: instance.id }, pursuit.context.signal)))
    view.again(TABLES);
}

async function glance(pursuit: Pursuit, { step }: Wait, seen: World, waitedMs: number): Promise<void> {
  const { clock, view, sleep, recent } = pursuit;
  const began = clock.monotonic();
  const subject = subjectOf(step, seen);
  if (!subject) {
    await sleep(pollAfter(waitedMs));
    view.again(TABLES);
    return;
  }
  const since = recent.accepted?.at ?? began - waitedMs;
  const hasChanged = async () => {
    if (!(await view.hasChanged(subject, pursuit.context.signal))) return false;
    // What became of the disk or of the request is half of it: how the instance stands belongs to it.
    if (subject.kind !== "instance") view.again(["instances"]);
    return true;
  };
  if (!view.isFresh(subject) && (await hasChanged())) return;
  while (clock.monotonic() - began < LOOK_MS) {
    await sleep(glanceAfter(clock.monotonic() - since, step));
    if (await hasChanged()) return;
  }
  view.again(TABLES);
}
