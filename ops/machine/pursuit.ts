/** What one run towards a goal holds while it lasts: made once, and handed to the parts of the runner. */

import type { Clock } from "../clock.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { OperationContext } from "../operation/types.ts";
import type { Goal } from "./decision.ts";
import { createHearing, type Hearing } from "./hearing.ts";
import { createReport, type Report } from "./report.ts";
import type { MachineTools } from "./tools.ts";
import { createView, type View } from "./view.ts";

/** The key of an act, and when: by the monotonic clock. */
interface Moment {
  readonly key: string;
  readonly at: number;
}

export interface Pursuit {
  readonly name: MachineName;
  readonly goal: Goal;
  readonly tools: MachineTools;
  readonly context: OperationContext;
  readonly clock: Clock;
  readonly report: Report;
  readonly view: View;
  readonly hearing: Hearing;
  readonly sleep: (ms: number) => Promise<void>;
  /** The last seconds, and no more: nothing here has to outlive the run. */
  readonly recent: {
    /** What AWS said yes to last. */
    accepted?: Moment | undefined;
    /** What will be asked for once SSH has answered, and when a look first showed it. */
    foreseen?: Moment | undefined;
  };
}

export function createPursuit(name: MachineName, goal: Goal, tools: MachineTools, context: OperationContext): Pursuit {
  const { clock } = tools;
  const toSnapshot =
    goal.kind === "swapped" ? goal.deletions.filter((one) => one.snapshot).map((one) => one.volumeId) : [];
  return {
    name,
    goal,
    tools,
    context,
    clock,
    report: createReport(context),
    view: createView(name, tools, toSnapshot),
    hearing: createHearing(name, goal, tools, context),
    sleep: (ms) => clock.sleep(ms, context.signal),
    recent: {},
  };
}
