/** The runs of the history as a store, for a screen that shows the last of them. */

import { cell, type Store } from "../store.ts";
import type { History, RunSummary } from "./history.ts";
import type { RunState } from "./run.ts";

export interface PastRuns extends Store<readonly RunSummary[]> {
  /** One has ended here: it is the newest. */
  readonly add: (run: RunState) => void;
}

/** Nothing is read before somebody asks; who listens hears when it has come. The newest come first; what cannot be read is left out. */
export function createPastRuns({ listRuns }: Pick<History, "listRuns">): PastRuns {
  const runs = cell<readonly RunSummary[]>([]);
  let asked = false;
  const read = async () => {
    const stored = await listRuns();
    runs.update((ended) => [...ended, ...stored.filter(({ id }) => !ended.some((one) => one.id === id))]);
  };
  return {
    get: () => {
      if (!asked) void read().catch(() => {});
      asked = true;
      return runs.get();
    },
    subscribe: runs.subscribe,
    add: ({ id, name, title, machine, startedAt, endedAt, outcome }) =>
      runs.update((before) => [
        { id, name, title, machine, startedAt, endedAt, outcome },
        ...before.filter((one) => one.id !== id),
      ]),
  };
}
