/** What a day says about growth: floors and slopes once everything has happened once, each complaint a sentence. */

import type { Day, Sample } from "./day.ts";
import { slopeOf } from "./slope.ts";

/** How many megabytes an hour each may seem to grow by, for there is noise. */
interface Allowed {
  readonly heap: number;
  readonly resident: number;
}

/** Listeners, timers and connections of a look or a probe that is under way at the moment of the sample. */
const UNDER_WAY = 3;
/** The history keeps 200 runs of 5 MB at most, and 50 MB in all (ops/operation/history.ts). */
const STATE_FILES = 215;
const STATE_MB = 60;
/** Per cent of a core, over that of the beginning: what the probes of that moment may differ by. */
const IDLE_MORE = 1.5;

interface Verdict {
  /** Megabytes an hour. */
  readonly slopes: Readonly<Record<"heap" | "resident" | "external", number>>;
  readonly complaints: readonly string[];
}

export function verdictOn({ samples, warmUp, idle }: Day, allowed: Allowed): Verdict {
  const warm = samples.slice(warmUp);
  const slopes = {
    heap: slopeIn(warm, ({ megabytes }) => megabytes.heap),
    resident: slopeIn(warm, ({ megabytes }) => megabytes.rss),
    external: slopeIn(warm, ({ megabytes }) => megabytes.external),
  };
  const last = samples.at(-1);
  const complaints = [
    ...(last?.warnings ?? []),
    ...(slopes.heap > allowed.heap ? [`The heap grows by ${slopes.heap.toFixed(2)} MB an hour.`] : []),
    ...(slopes.external > allowed.heap ? [`Buffers grow by ${slopes.external.toFixed(2)} MB an hour.`] : []),
    ...(slopes.resident > allowed.resident
      ? [`Resident memory grows by ${slopes.resident.toFixed(1)} MB an hour.`]
      : []),
    ...risen(warm, "listeners", UNDER_WAY),
    ...risen(warm, "resources", UNDER_WAY),
    ...risen(warm, "descriptors", 0, (name) => !name.startsWith("socket")),
    ...risen(warm, "descriptors", UNDER_WAY, (name) => name.startsWith("socket")),
    ...(last && last.stateFiles > STATE_FILES ? [`${last.stateFiles} files of our own state.`] : []),
    ...(last && last.stateBytes > STATE_MB * 2 ** 20 ? [`${last.stateBytes} bytes of our own state.`] : []),
    ...(idle.after > idle.before + IDLE_MORE
      ? [
          `Idle, it takes ${idle.after.toFixed(1)} % of a core after the day, and took ${idle.before.toFixed(1)} % before.`,
        ]
      : []),
  ];
  return { slopes, complaints };
}

function slopeIn(samples: readonly Sample[], value: (sample: Sample) => number): number {
  return slopeOf(samples.map((sample) => ({ at: sample.at, value: value(sample) })));
}

/** What never comes down again to where it was: the lowest of the last third against the lowest of the first. */
function risen(
  samples: readonly Sample[],
  what: "listeners" | "resources" | "descriptors",
  by: number,
  counts: (name: string) => boolean = () => true,
): readonly string[] {
  const third = Math.ceil(samples.length / 3);
  const names = new Set(samples.flatMap((sample) => Object.keys(sample[what])));
  const lowest = (some: readonly Sample[], name: string) =>
    Math.min(...some.map((sample) => (sample[what] as Readonly<Record<string, number>>)[name] ?? 0));
  return [...names].filter(counts).flatMap((name) => {
    const before = lowest(samples.slice(0, third), name);
    const after = lowest(samples.slice(-third), name);
    return after > before + by ? [`${what}: ${name} rose from ${before} to ${after}.`] : [];
  });
}
