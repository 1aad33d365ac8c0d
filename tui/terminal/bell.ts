/** The terminal's bell: heard, or a mark on its tab, while the person looks elsewhere. */

import { useEffect } from "react";
import type { Run } from "../../ops/operation/run.ts";

const BELL = "\u0007";
/** Whoever waited for less than this is still looking. */
const LONG_MS = 15_000;

function ring(output: Pick<NodeJS.WriteStream, "write">): void {
  output.write(BELL);
}

/** Rings once for every question of a run that has lasted a while, and once for its end. */
export function useBell(runs: readonly Run[], output: Pick<NodeJS.WriteStream, "write">): void {
  useEffect(() => {
    const live = runs.filter((run) => !run.get().outcome);
    const endings = live.map((run) => {
      let { question, outcome } = run.get();
      return run.subscribe(() => {
        const now = run.get();
        const asks = now.question !== undefined && now.question !== question;
        const ends = now.outcome !== undefined && outcome === undefined;
        ({ question, outcome } = now);
        if ((asks || ends) && lasted(now, run.kernel?.get().job?.startedAt) >= LONG_MS) ring(output);
      });
    });
    return () => {
      for (const end of endings) end();
    };
  }, [runs, output]);
}

/** By the run's own events, so that no clock is needed; a build may have begun before anybody followed it. */
function lasted(state: ReturnType<Run["get"]>, begun = state.startedAt): number {
  const newest = Math.max(
    state.endedAt ?? 0,
    state.log.at(-1)?.at ?? 0,
    ...state.steps.map((step) => step.endedAt ?? 0),
  );
  return newest - Math.min(begun, state.startedAt);
}
