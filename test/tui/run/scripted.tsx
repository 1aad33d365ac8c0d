/** Real runs of operations that a test writes, and the screen that draws them. */

import { type Clock, systemClock } from "../../../ops/clock.ts";
import type { Environment } from "../../../ops/environment.ts";
import { type Run, startRun } from "../../../ops/operation/run.ts";
import type { Operation } from "../../../ops/operation/types.ts";
import { RunScreen } from "../../../tui/screens/run.tsx";
import { renderScreen, type Screen } from "../../harness/screen.tsx";

export const ENVIRONMENT: Environment = {
  env: {},
  home: "/home/owner",
  stateDir: "/home/owner/.local/state/snowglobe",
  terraformDir: "/project/terraform",
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
  }: { columns?: number; rows?: number; environment?: Environment; clock?: Clock } = {},
): Promise<Shown> {
  let left = 0;
  const draw = (width: number, height: number) => (
    <RunScreen
      run={run}
      columns={width}
      rows={height}
      active
      clock={clock}
      environment={environment}
      onBack={() => {
        left += 1;
      }}
    />
  );
  const screen = await renderScreen(draw(columns, rows), { columns, rows });
  const resize = screen.resize;
  return {
    run,
    left: () => left,
    screen: {
      ...screen,
      resize: async (width, height) => {
        screen.rerender(draw(width, height));
        await resize(width, height);
      },
    },
  };
}
