/** All runs of this process, each recorded in the history. */

import type { Clock } from "../clock.ts";
import type { Failure } from "../failure.ts";
import type { Operations } from "../ops.ts";
import { cell } from "../store.ts";
import { learned } from "./forecast.ts";
import type { History } from "./history.ts";
import { type Run, startRun } from "./run.ts";
import type { Operation, OperationContext, StepAhead } from "./types.ts";

/** Runs that have ended and are still held in memory; the history has more. */
const ENDED_KEPT = 50;

interface OperationsParts {
  readonly clock: Clock;
  readonly history: History;
  readonly explain: (error: unknown) => Failure;
  /** The steps that an operation usually has; the history knows better how long they take here. */
  readonly usual?: (operation: Operation) => readonly StepAhead[];
  /** Hears of every run that ends, after its outcome is in its state. */
  readonly onEnded?: (run: Run) => void;
}

export function createOperations({ clock, history, explain, usual, onEnded }: OperationsParts): Operations {
  const runs = cell<readonly Run[]>([]);
  let started = 0;
  return {
    get: runs.get,
    subscribe: runs.subscribe,
    start: (operation) => {
      started += 1;
      const id = idOf(operation, clock.now(), started);
      let log: OperationContext["log"] = () => {};
      const record = history.begin(id, (sentence) => log(sentence, "note"));
      const ahead = cell<readonly StepAhead[]>([]);
      const expects = (steps: readonly StepAhead[]) => {
        if (steps.length === 0) return;
        ahead.set(steps);
        void learned(steps, history, operation).then(ahead.set);
      };
      expects(usual?.(operation) ?? []);
      const run = startRun(
        id,
        {
          ...operation,
          ahead,
          run: (context) => {
            log = context.log;
            return operation.run({ ...context, expects });
          },
        },
        clock,
        explain,
        record.write,
      );
      runs.update((before) => withRun(before, run));
      void run.finished.then(() => onEnded?.(run));
      return run;
    },
  };
}

/** Begins with the time, so that names sort by age; the process and a number make it unique. */
function idOf({ name, machine }: Operation, now: number, number: number): string {
  const time = new Date(now).toISOString().replaceAll(":", "-");
  const what = [name, machine]
    .filter(Boolean)
    .join("-")
    .replace(/[^\w.-]/g, "_");
  return `${time}-${what}-${process.pid}-${number}`;
}

function withRun(before: readonly Run[], run: Run): readonly Run[] {
  let ended = 0;
  return [
    run,
    ...before.filter((one) => {
      if (one.get().outcome) ended += 1;
      return !one.get().outcome || ended <= ENDED_KEPT;
    }),
  ];
}
