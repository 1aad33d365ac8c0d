/** This folder: a long day at the cockpit in fast time, and what must not grow in it. Not here: how fast anything is. */
/** A day at the cockpit in fast time, in an order that a seed decides, with figures taken whenever all is at rest. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { randomFrom } from "../model/random-run.ts";
import { handOn } from "./hand.ts";
import { HAPPENINGS, type Today } from "./happenings.ts";
import type { Figures } from "./reading.ts";
import type { Endurance } from "./stage.ts";

export interface Sample extends Figures {
  /** Simulated hours since the beginning. */
  readonly at: number;
  /** Bytes in the state directory, and files. */
  readonly stateBytes: number;
  readonly stateFiles: number;
}

export interface Day {
  readonly samples: readonly Sample[];
  /** So many of the first are from before everything had happened once. */
  readonly warmUp: number;
  readonly calls: number;
  /** Per cent of a core in real time while nothing happens: before the day, and after it. */
  readonly idle: { readonly before: number; readonly after: number };
}

interface DayPlan {
  /** What happens: each once in its turn, in an order that is drawn anew each time. */
  readonly happenings: readonly (keyof typeof HAPPENINGS)[];
  /** Whether it goes on after so many simulated hours and so many turns of everything. */
  readonly goesOn: (hours: number, turns: number) => boolean;
  /** Real milliseconds for which the idle cockpit's processor time is taken. */
  readonly idleMs: number;
  readonly tell?: (line: string) => void;
}

const HOUR = 3_600_000;
/** Simulated time while somebody does something, which takes real programs their real time, and while nobody does. */
const BUSY_SPEED = 60;
const QUIET_SPEED = 240;
/** Simulated minutes between two things that happen. */
const BETWEEN = [1, 2, 4, 8] as const;

export async function liveThrough(stage: Endurance, seed: number, plan: DayPlan): Promise<Day> {
  const { happenings, goesOn, idleMs, tell = () => {} } = plan;
  const { cockpit, simulator } = stage;
  const hand = handOn(stage);
  const random = randomFrom(seed);
  const pick: Today["pick"] = (list) => list[Math.floor(random() * list.length)] as (typeof list)[number];
  const minutes = async (count: number) => {
    const end = simulator.clock.now() + count * 60_000;
    await stage.setSpeed(QUIET_SPEED);
    while (simulator.clock.now() < end) await delay(5);
    await stage.setSpeed(BUSY_SPEED);
  };
  const today: Today = { stage, hand, pick, minutes };
  const samples: Sample[] = [];

  const idle = async () => {
    await stage.setSpeed(1);
    await cockpit.quiet();
    const began = cpuMsOf(cockpit.pid);
    await delay(idleMs);
    const used = cpuMsOf(cockpit.pid) - began;
    await stage.setSpeed(BUSY_SPEED);
    return (used / idleMs) * 100;
  };

  await hand.see("Press l to sign in");
  await hand.wakeUp();
  const before = await idle();
  const began = simulator.clock.now();
  const hour = () => (simulator.clock.now() - began) / HOUR;
  for (let left = [...happenings]; goesOn(hour(), samples.length / happenings.length); ) {
    if (left.length === 0) left = [...happenings];
    const name = pick(left);
    left.splice(left.indexOf(name), 1);
    const at = performance.now();
    await HAPPENINGS[name](today);
    await minutes(pick(BETWEEN));
    await hand.wakeUp();
    await hand.home();
    await withoutChildren(cockpit.pid);
    // In fast time one look follows the other, and there is never a moment without one.
    await stage.setSpeed(1);
    const sample = { ...(await stage.figures()), at: hour(), ...stateOf(stage.env.XDG_STATE_HOME ?? "") };
    await stage.setSpeed(BUSY_SPEED);
    samples.push(sample);
    const { heap, rss } = sample.megabytes;
    tell(
      `${sample.at.toFixed(2)} h ${name} (${((performance.now() - at) / 1000).toFixed(1)} s): heap ${heap.toFixed(2)} MB, resident ${rss.toFixed(1)} MB`,
    );
  }
  return {
    samples,
    warmUp: happenings.length,
    calls: simulator.calls.at(-1)?.number ?? 0,
    idle: { before, after: await idle() },
  };
}

/** Milliseconds of processor time so far, of all threads (the first figure of schedstat, in nanoseconds). */
function cpuMsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const times = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1e6;
}

/** Waits for a moment without a child process: a probe's comes and goes. */
async function withoutChildren(pid: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (childrenOf(pid).length > 0) {
    if (performance.now() > deadline) throw new Error(`children that never ended: ${childrenOf(pid).join(", ")}`);
    await delay(5);
  }
}

/** The process IDs of its children, ended ones that nobody waited for among them. */
function childrenOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      return readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean);
    } catch {
      // A thread that ended meanwhile.
      return [];
    }
  });
}

function stateOf(directory: string): Pick<Sample, "stateBytes" | "stateFiles"> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) => statSync(join(parentPath, name), { throwIfNoEntry: false })?.size);
  return { stateFiles: files.length, stateBytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) };
}
