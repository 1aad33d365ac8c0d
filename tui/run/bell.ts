/** The terminal's bell and a notice of the desktop: heard or seen while the person looks elsewhere. */

import { useEffect } from "react";
import type { Environment } from "../../ops/environment.ts";
import type { Run, RunState } from "../../ops/operation/run.ts";
import { OUTCOME_LOOK } from "../shared/run-line.ts";
import { noticeSequence } from "../terminal/notice-elsewhere.ts";

const BELL = "\u0007";
/** Whoever waited for less than this is still looking. */
const LONG_MS = 15_000;

/** Rings once for every question of a run that has lasted a while, and once for its end, and says what it is. */
export function useBell(
  runs: readonly Run[],
  output: Pick<NodeJS.WriteStream, "write">,
  env: Environment["env"] = {},
): void {
  useEffect(() => {
    const live = runs.filter((run) => !run.get().outcome);
    const endings = live.map((run) => {
      let { question, outcome } = run.get();
      return run.subscribe(() => {
        const now = run.get();
        const asks = now.question !== undefined && now.question !== question;
        const ends = now.outcome !== undefined && outcome === undefined;
        ({ question, outcome } = now);
        if ((asks || ends) && lasted(now, run.kernel?.get().job?.startedAt) >= LONG_MS) {
          output.write(BELL + noticeSequence(said(now), env));
        }
      });
    });
    return () => {
      for (const end of endings) end();
    };
  }, [runs, output, env]);
}

/** "Swap fcvm-metal-arm asks: …", or how it ended. */
function said({ title, question, outcome }: RunState): string {
  if (question) return `${title} asks: ${question.question.title}`;
  const [, word] = OUTCOME_LOOK[outcome?.status ?? "done"];
  return `${title}: ${word}`;
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
