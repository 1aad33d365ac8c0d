/** A run as it stands: steps, progress, log and outcome, for the live one and for one from the history alike. */

import { Box } from "ink";
import { useState } from "react";
import type { Environment } from "../../ops/environment.ts";
import { forecast } from "../../ops/operation/forecast.ts";
import type { LogLine, RunState } from "../../ops/operation/run.ts";
import type { StepAhead } from "../../ops/operation/types.ts";
import { flow } from "../format/flow.ts";
import { type Line, t } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { percent } from "../format/words.ts";
import { droppedBetween, type LogSource, linesSource } from "../log/log-source.ts";
import { LogView } from "../log/log-view.tsx";
import type { Window } from "../shared/overlay.tsx";
import { Row, Rows } from "../shared/rows.tsx";
import { OUTCOME_LOOK } from "../shared/run-line.ts";
import { SpinnerRow } from "../shared/spinner.tsx";
import type { Token } from "../shared/theme.ts";
import { futureLine } from "./future.ts";
import { type StepRow, stepRows } from "./steps.ts";

interface RunViewProps extends Window {
  readonly state: RunState;
  /** Whether it is under way in this process. */
  readonly live: boolean;
  readonly environment: Pick<Environment, "env" | "stateDir" | "home">;
  readonly onTyping: (typing: boolean) => void;
  /** The steps that a run of this kind usually has. */
  readonly ahead?: readonly StepAhead[];
  /** Which machine, disks and address it is about: said once, above all. */
  readonly head?: readonly Line[];
}

const NOTHING_AHEAD: readonly StepAhead[] = [];

/** From this width on, the log stands beside the steps. */
const WIDE = 130;
const GAP = 3;
const LEAST_LOG_ROWS = 6;

export function RunView({
  state,
  live,
  columns,
  rows,
  clock,
  ahead = NOTHING_AHEAD,
  head = [],
  ...rest
}: RunViewProps) {
  const look = (now: number) => (live ? forecast(state, ahead, now) : undefined);
  const future = futureLine(look, clock.now());
  const above = [...head, ...(future ? [future] : []), ...(head.length || future ? [[]] : [])].slice(
    0,
    Math.max(0, Math.floor(rows / 3)),
  );
  const source = useLogSource(state.log);
  const wide = columns >= WIDE && state.log.length > 0;
  const left = wide ? Math.floor((columns - GAP) * 0.45) : columns;
  const ending = [...progressLines(state, left), ...outcomeLines(state, left)].slice(0, Math.max(0, rows - 2));
  const room = rows - above.length;
  const belowLog = state.log.length && !wide ? Math.min(LEAST_LOG_ROWS, Math.max(0, room - ending.length - 4)) : 0;
  const toCome = look(clock.now())?.toCome;
  const steps = stepRows(state, left, Math.max(0, room - ending.length - belowLog), live, toCome);
  const logRows = wide ? rows : state.log.length ? room - steps.length - ending.length : 0;
  const log = logRows > 1 && (
    <LogView
      {...rest}
      clock={clock}
      source={source}
      context="run"
      name={state.id}
      columns={wide ? columns - left - GAP : columns}
      rows={logRows}
    />
  );
  return (
    <Box width={columns} height={rows} overflow="hidden">
      <Box width={left} height={rows} flexDirection="column" flexShrink={0} overflow="hidden">
        <Rows lines={above} width={left} clock={clock} />
        <StepRows rows={steps} width={left} clock={clock} />
        <Rows lines={ending} width={left} clock={clock} />
        {!wide && log}
      </Box>
      {wide && <Box marginLeft={GAP}>{log}</Box>}
    </Box>
  );
}

function StepRows({ rows, width, clock }: { rows: readonly StepRow[]; width: number; clock: Window["clock"] }) {
  const placed = rows.map((row, place) => ({ ...row, key: `step ${place}` }));
  return placed.map(({ key, line, busy }) =>
    busy ? (
      <SpinnerRow key={key} line={line} width={width} clock={clock} />
    ) : (
      <Row key={key} line={line} width={width} clock={clock} />
    ),
  );
}

/** The log as a source whose line numbers stay, though the run keeps only its newest lines. */
function useLogSource(log: readonly LogLine[]): LogSource {
  const [held, setHeld] = useState(() => ({ log, dropped: 0, source: linesSource(log) }));
  if (held.log === log) return held.source;
  const dropped = held.dropped + droppedBetween(held.log, log);
  const source = linesSource(log, dropped);
  setHeld({ log, dropped, source });
  return source;
}

const BAR_COLUMNS = 40;

/** "████████░░░░  45 %  45 of 100 files", an empty row before it; nothing once the run is over. */
function progressLines({ progress, outcome }: RunState, columns: number): readonly Line[] {
  if (!progress || outcome) return [];
  const { done, total, unit } = progress;
  if (!(total > 0)) return [[], [t(`${done} ${clean(unit)}`, "status.busy")]];
  const share = Math.max(0, Math.min(1, done / total));
  const bar = Math.max(4, Math.min(BAR_COLUMNS, columns - 30));
  const full = Math.floor(share * bar);
  return [
    [],
    [
      t("█".repeat(full), "status.busy"),
      t("░".repeat(bar - full), "text.dim"),
      t(`  ${percent(Math.floor(share * 100) / 100)}`, "text.strong"),
      t(`  ${done} of ${total} ${clean(unit)}`, "text.dim"),
    ],
  ];
}

/** What AWS or the system calls it, to search for; our own names for things are nobody's. */
function said(code: string | undefined): readonly Line[] {
  const theirs = code !== undefined && (/^[A-Z][A-Za-z.]*[a-z]/.test(code) || /^E[A-Z]+$/.test(code));
  return theirs ? [[t(`  code: ${clean(code)}`, "text.dim")]] : [];
}

const SENTENCE_ROWS = 5;

/** What came of the run and what to do next; nothing while it is live. */
export function outcomeLines({ outcome }: Pick<RunState, "outcome">, columns: number): readonly Line[] {
  if (!outcome) return [];
  const [mark, , token] = OUTCOME_LOOK[outcome.status];
  const { sentence, next, code } =
    outcome.status === "failed"
      ? { sentence: outcome.failure.sentence, next: outcome.failure.action, code: outcome.failure.code }
      : { sentence: outcome.sentence, next: outcome.next, code: undefined };
  const hanging = (sign: string, text: string, look: Token): readonly Line[] =>
    flow(clean(text), Math.max(1, columns - 2))
      .slice(0, SENTENCE_ROWS)
      .map((row, index) => [t(index ? "  " : `${sign} `, look), t(row, look)]);
  return [[], ...hanging(mark, sentence, token), ...(next ? hanging("→", next, "text") : []), ...said(code)];
}
