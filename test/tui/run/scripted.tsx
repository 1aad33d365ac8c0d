/** This folder: tests of runs on the screen, and runs that a test writes. Not here: real operations. */
/** Real runs of operations that a test writes, and the screen that draws them. */

import { Box, useWindowSize } from "ink";
import { type Clock, systemClock } from "../../../ops/clock.ts";
import type { Environment } from "../../../ops/environment.ts";
import { type Run, startRun } from "../../../ops/operation/run.ts";
import type { Operation } from "../../../ops/operation/types.ts";
import { RunScreen } from "../../../tui/run/run.tsx";
import { renderScreen, type Screen } from "../../harness/screen.tsx";

export const ENVIRONMENT: Environment = {
  env: {},
  home: "/home/owner",
  stateDir: "/home/owner/.local/state/snowglobe",
  terraformDir: "/project/terraform",
  kernelDir: "/project/kernel",
  demo: false,
};

/** Never settles: an operation that is under way for as long as the test looks at it. */
export const FOREVER = new Promise<never>(() => {});

export function scripted(
  run: Operation["run"],
  over: Partial<Omit<Operation, "run">> & { readonly clock?: Clock } = {},
): Run {
  const { clock = systemClock, ...rest } = over;
  return startRun("run-1", { name: "swap", title: "Swap fcvm-metal-arm", run, ...rest }, clock, (error) => ({
    kind: "internal",
    sentence: String(error),
  }));
}

interface Shown {
  readonly run: Run;
  readonly screen: Screen;
  /** How often the screen was left. */
  readonly left: () => number;
}

export async function show(
  run: Run,
  {
    columns = 80,
    rows = 24,
    environment = ENVIRONMENT,
    clock = systemClock,
    reader = false,
  }: { columns?: number; rows?: number; environment?: Environment; clock?: Clock; reader?: boolean } = {},
): Promise<Shown> {
  let left = 0;
  const back = () => {
    left += 1;
  };
  const stage = <Stage run={run} environment={environment} clock={clock} onBack={back} />;
  return { run, left: () => left, screen: await renderScreen(stage, { columns, rows, reader }) };
}

/** The run screen as the cockpit has it: in a root that is pinned to the window. */
function Stage(props: { run: Run; environment: Environment; clock: Clock; onBack: () => void }) {
  const { columns, rows } = useWindowSize();
  return (
    <Box width={columns} height={rows} overflow="hidden">
      <RunScreen {...props} columns={columns} rows={rows} active />
    </Box>
  );
}
