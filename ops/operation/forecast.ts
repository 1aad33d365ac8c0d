/** How far a run is, and how long it will take: from the steps that its kind usually has and from earlier runs. */

import type { History } from "./history.ts";
import type { RunState, Step } from "./run.ts";
import type { Operation, StepAhead } from "./types.ts";

/** So many earlier runs are asked: what a machine did last month is no news of it. */
const ASKED = 5;

/** `usual` with the times of the last runs of the same kind on the same machine, where there were any. Never throws. */
export async function learned(
  usual: readonly StepAhead[],
  history: Pick<History, "listRuns" | "openRun">,
  { name, machine }: Pick<Operation, "name" | "machine">,
): Promise<readonly StepAhead[]> {
  const alike = (await history.listRuns())
    .filter((run) => run.name === name && run.machine === machine && run.outcome?.status === "done")
    .slice(0, ASKED);
  const past = await Promise.all(alike.map(({ id }) => history.openRun(id)));
  const took = Map.groupBy(
    past.flatMap((run) => run?.steps ?? []).filter(({ state, endedAt }) => state === "done" && endedAt !== undefined),
    ({ id }) => id,
  );
  return usual.map((step) => {
    const times = took.get(step.id)?.map(({ startedAt, endedAt = startedAt }) => endedAt - startedAt);
    return times ? { ...step, usualMs: [Math.min(...times), Math.max(...times)] } : step;
  });
}

export interface Forecast {
  /** The steps that are still to come, the next one first. */
  readonly toCome: readonly StepAhead[];
  /** Which step it is at, from 1, of how many. */
  readonly at: number;
  readonly of: number;
  readonly leftMs: number;
  /** What the whole of it usually takes. */
  readonly usualMs: readonly [least: number, most: number];
  /** The present step takes longer than it usually does. */
  readonly late: boolean;
}

/** How far a live run is at the instant `now`; undefined where nothing is known ahead. */
export function forecast(
  { steps }: Pick<RunState, "steps">,
  ahead: readonly StepAhead[],
  now: number,
): Forecast | undefined {
  if (ahead.length === 0) return undefined;
  const reached = Math.max(-1, ...steps.map(({ id }) => ahead.findIndex((one) => one.id === id)));
  const met = new Set(steps.map(({ id }) => id));
  // What was passed over will not come: it was not needed.
  const toCome = ahead.filter(({ id }, index) => index > reached && !met.has(id));
  const current = steps.findLast(isUnderWay);
  const usual = ahead.find(({ id }) => id === current?.id)?.usualMs;
  const inStep = current ? Math.max(0, now - current.startedAt) : 0;
  const all = [...ahead.filter(({ id }) => met.has(id)), ...toCome];
  const sum = (pick: (step: StepAhead) => number, of: readonly StepAhead[]) =>
    of.reduce((ms, one) => ms + pick(one), 0);
  return {
    toCome,
    at: Math.max(1, steps.length),
    of: steps.length + toCome.length,
    leftMs: sum(middle, toCome) + (usual ? Math.max(0, (usual[0] + usual[1]) / 2 - inStep) : 0),
    usualMs: [sum(({ usualMs }) => usualMs[0], all), sum(({ usualMs }) => usualMs[1], all)],
    late: usual !== undefined && inStep > usual[1],
  };
}

function middle({ usualMs: [least, most] }: StepAhead): number {
  return (least + most) / 2;
}

function isUnderWay({ state }: Step): boolean {
  return state === "running" || state === "waiting";
}
