/** The window's title: what goes on and what is wrong, for who sees no more of the cockpit than its tab. */

import { useEffect } from "react";
import { allHeadlines } from "../../ops/machine/headlines.ts";
import { forecast } from "../../ops/operation/forecast.ts";
import type { Run } from "../../ops/operation/run.ts";
import type { Ops } from "../../ops/ops.ts";
import { clean } from "../format/text.ts";
import { TICKERS } from "../shared/ticker.ts";
import { setTitle, TITLE } from "../terminal/modes.ts";
import { runToLookAt } from "./run-strip.tsx";

/** Says the title anew, as often as anybody looks at a tab, where it is another one, and never while the terminal is somebody else's. */
export function useTitle(
  ops: Pick<Ops, "operations" | "fleet" | "clock">,
  loan: { readonly lent: boolean },
  output: Pick<NodeJS.WriteStream, "write">,
): void {
  useEffect(() => {
    let shown = TITLE;
    return TICKERS.second.subscribe(() => {
      const title = titleOf(ops);
      // A shell has its own; what was shown before it is not there any more.
      if (loan.lent) shown = "";
      else if (title !== shown) output.write(setTitle(title));
      if (!loan.lent) shown = title;
    });
  }, [ops, loan, output]);
}

/** Marks that are spoken well, too. "? snowglobe: Swap fcvm-metal-arm asks", "snowglobe: Swap fcvm-metal-arm 4/11", "! snowglobe: …", or the name alone. */
export function titleOf({ operations, fleet, clock }: Pick<Ops, "operations" | "fleet" | "clock">): string {
  const run = runToLookAt(operations.get().filter((one) => !one.get().outcome));
  if (run) return runTitle(run, clock.now());
  const state = fleet.get();
  const alarm =
    state.fleet && state.source === "live"
      ? allHeadlines(state.fleet).find(({ severity }) => severity === "alarm")
      : undefined;
  return alarm ? `! ${TITLE}: ${clean(alarm.machine ?? alarm.sentence)}` : TITLE;
}

function runTitle(run: Run, now: number): string {
  const state = run.get();
  const title = clean(state.title);
  if (state.question || state.deviceCode) return `? ${TITLE}: ${title}`;
  const { progress } = state;
  if (progress?.total) return `${Math.floor((100 * progress.done) / progress.total)} % ${TITLE}: ${title}`;
  const far = forecast(state, run.ahead?.get() ?? [], now);
  return far ? `${far.at}/${far.of} ${TITLE}: ${title}` : `${TITLE}: ${title}`;
}
