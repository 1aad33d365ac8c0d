/** This folder: a kernel build on the screen: phases, findings, its log. Not here: the build (ops/kernel). */
/** A kernel build to be watched: what it is at, its whole log, and what the compiler found. */

import { Box } from "ink";
import { useMemo, useState } from "react";
import type { Environment } from "../../ops/environment.ts";
import type { KernelView } from "../../ops/kernel/view.ts";
import type { RunState } from "../../ops/operation/run.ts";
import { type Line, t } from "../format/line.ts";
import { keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { BuildLogView } from "../log/build-log-view.tsx";
import { type LogJump, logHints } from "../log/log-view.tsx";
import { wholeLines } from "../plan/plan.tsx";
import { outcomeLines } from "../run/run-view.tsx";
import { useInstant } from "../shared/instant.ts";
import { listWindow, useChosen } from "../shared/list.ts";
import type { Hint, Window } from "../shared/overlay.tsx";
import { Rows } from "../shared/rows.tsx";
import { findingLine, findingsRule, placeWidth } from "./kernel-findings.ts";
import { kernelHead } from "./kernel-head.ts";

/** A build says dozens of things a second; this is as often as it is worth looking. */
export const KERNEL_PACE_MS = 250;

interface KernelBodyProps extends Window {
  readonly view: KernelView;
  readonly state: RunState;
  readonly environment: Pick<Environment, "env" | "stateDir" | "home">;
  readonly onTyping: (typing: boolean) => void;
  readonly onBack: () => void;
  /** To the run's steps. */
  readonly onLook: () => void;
}

/** What the keys do here, for the row of hints. */
export function kernelHints({ errors, warnings, log }: KernelView): readonly Hint[] {
  return [
    ...(errors ? ([[keyOf("kernel", "nextError"), "first error"]] as const) : []),
    ...(errors || warnings ? ([[keyOf("kernel", "findings"), errors ? "all errors" : "warnings"]] as const) : []),
    ...(log ? logHints("kernel").slice(0, 1) : []),
    [keyOf("kernel", "next"), "steps"],
    ...(log ? logHints("kernel").slice(1) : []),
  ];
}

const LEAST_LOG_ROWS = 4;
/** Once it is over, what came of it is worth more. */
const LEAST_LOG_ROWS_AFTER = 2;
/** From this height on, a row may be empty. */
const ROOMY = 14;
const PAGE = 10;

export function KernelBody({
  view,
  state,
  columns,
  rows,
  active,
  clock,
  environment,
  onTyping,
  onBack,
  onLook,
}: KernelBodyProps) {
  const [typing, setTyping] = useState(false);
  const [jump, setJump] = useState<LogJump | undefined>();
  const listed = useInstant(false);
  const errorAt = useInstant(-1);
  const { findings } = view;
  const { chosen, now, move } = useChosen(findings.length);

  const goTo = (line: number) => {
    listed.set(false);
    setJump({ line });
  };
  const errors = useMemo(() => findings.filter(({ severity }) => severity === "error"), [findings]);
  const nextError = () => {
    if (errors.length === 0) return;
    const next = (errorAt.get() + 1) % errors.length;
    errorAt.set(next);
    goTo(errors[next]?.at ?? 0);
  };
  const hears = active && !typing;
  useKeys(
    "kernel",
    {
      back: () => (listed.get() ? listed.set(false) : onBack()),
      next: onLook,
      findings: () => listed.set(!listed.get()),
      nextError,
    },
    { active: hears },
  );
  useKeys(
    "kernel",
    {
      up: () => move(-1),
      down: () => move(1),
      pageUp: () => move(-PAGE),
      pageDown: () => move(PAGE),
      top: () => move(-findings.length),
      bottom: () => move(findings.length),
      accept: () => {
        const finding = findings[now()];
        if (finding) goTo(finding.at);
      },
    },
    { active: hears && listed.value },
  );

  const at = clock.now();
  const [gap, ...said] = outcomeLines(state, columns);
  const ending = [...(gap && rows >= ROOMY ? [gap] : []), ...said].slice(0, Math.floor(rows / 2));
  const room = rows - ending.length;
  const leastLog = view.job?.state === "running" ? LEAST_LOG_ROWS : LEAST_LOG_ROWS_AFTER;
  const head = kernelHead({ view, state, columns, height: Math.max(1, room - leastLog), now: at });
  const below = Math.max(0, room - head.length);
  return (
    <Box width={columns} height={rows} flexDirection="column" overflow="hidden">
      <Rows lines={head} width={columns} clock={clock} />
      {listed.value && <Rows lines={findingsLines(view, chosen, columns, below, at)} width={columns} clock={clock} />}
      <Box display={listed.value ? "none" : "flex"} flexDirection="column" height={below} flexShrink={0}>
        {view.log ? (
          <BuildLogView
            log={view.log}
            findings={findings}
            context="kernel"
            columns={columns}
            rows={below}
            clock={clock}
            active={active && !listed.value}
            name={view.job?.id ?? state.id}
            environment={environment}
            jump={jump}
            onTyping={(on) => {
              setTyping(on);
              onTyping(on);
            }}
          />
        ) : (
          <Rows lines={[[t("Its log comes with the first line.", "text.dim")]]} width={columns} clock={clock} />
        )}
      </Box>
      <Rows lines={ending} width={columns} clock={clock} />
    </Box>
  );
}

const PLACE_SHARE = 0.4;
/** "✗ error", its mark and the gap behind the place. */
const BESIDE_PLACE = 14;

/** The list in exactly `height` rows, what is chosen in full at its end where it is cut. */
function findingsLines(view: KernelView, chosen: number, columns: number, height: number, now: number): Line[] {
  const { findings } = view;
  const rule = findingsRule(view, chosen, columns, now);
  const finding = findings[chosen];
  if (!finding) return filled([rule, [t("Nothing has been found wrong.", "text.dim")]], height);
  const most = Math.max(8, Math.floor((columns - BESIDE_PLACE) * PLACE_SHARE));
  const wide = placeWidth(findings, Number.POSITIVE_INFINITY);
  const whole = wholeLines(findingLine(finding, false, wide), columns).slice(0, Math.max(0, height - 3));
  const rows = Math.max(0, height - 1 - whole.length);
  const from = listWindow(chosen, findings.length, rows);
  const lines = findings
    .slice(from, from + rows)
    .map((one, index) => findingLine(one, from + index === chosen, Math.min(wide, most)));
  return filled([rule, ...filled(lines, rows), ...whole], height);
}

function filled(lines: readonly Line[], height: number): Line[] {
  return Array.from({ length: height }, (_, row) => lines[row] ?? []);
}
