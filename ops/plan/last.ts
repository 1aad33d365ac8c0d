/** What the last plan of any kind found, kept on disk: for the fleet screen, and for how much there is to refresh. */

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { cell, type Store } from "../store.ts";

export interface LastPlan {
  /** When it was made, milliseconds since the epoch. */
  readonly at: number;
  /** Changes that an apply would make. */
  readonly pending: number;
  /** Changes that were made outside Terraform. */
  readonly drift: number;
  /** Resources in the state: as many are refreshed. */
  readonly resources: number;
}

export interface PlanMemory extends Store<LastPlan | undefined> {
  /** What is on disk, read once; undefined where there is nothing that can be trusted. Never throws. */
  readonly load: () => Promise<LastPlan | undefined>;
  /** Never throws: it is a convenience. */
  readonly save: (last: LastPlan) => void;
  /** Resolves when nothing is being written any more. */
  readonly flush: () => Promise<void>;
}

export function createPlanMemory(stateDir: string): PlanMemory {
  const file = join(stateDir, "last-plan.json");
  const held = cell<LastPlan | undefined>(undefined);
  let reading: Promise<void> | undefined;
  let writing = Promise.resolve();
  const read = async () => {
    try {
      const stored: unknown = JSON.parse(await readFile(file, "utf8"));
      if (isLastPlan(stored) && held.get() === undefined) held.set(stored);
    } catch {
      // There is none yet, or another version wrote it.
    }
  };
  const load = async () => {
    reading ??= read();
    await reading;
    return held.get();
  };
  return {
    get: held.get,
    subscribe: (listener) => {
      void load();
      return held.subscribe(listener);
    },
    load,
    save: (last) => {
      held.set(last);
      writing = writing.then(async () => {
        try {
          await mkdir(stateDir, { recursive: true, mode: 0o700 });
          await writeFileAtomic(file, JSON.stringify(last), { mode: 0o600, fsync: false });
        } catch {
          // The next plan tells it again.
        }
      });
    },
    flush: () => writing,
  };
}

function isLastPlan(value: unknown): value is LastPlan {
  const { at, pending, drift, resources } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return [at, pending, drift, resources].every((one) => typeof one === "number" && Number.isFinite(one));
}
