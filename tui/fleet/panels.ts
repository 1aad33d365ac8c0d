/** The parts of the fleet screen below the headline, in the room that there is. Pure. */

import type { Headline } from "../../ops/fleet/derive/headline.ts";
import type { Fleet } from "../../ops/fleet/model.ts";
import type { MetricsState } from "../../ops/fleet/state.ts";
import type { RunSummary } from "../../ops/operation/history.ts";
import { boxed, factLines, LABEL_WIDTH, labelled, rule } from "../format/grid.ts";
import { type Line, t } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { keyOf } from "../keys/registry.ts";
import { sessionLines } from "../sessions/session-list.ts";
import { runLine } from "../shared/run-line.ts";
import { accountLine, accountLines } from "./account.ts";
import { CHART_MINIMUM, cpuChart } from "./cpu-chart.ts";
import { machineFacts } from "./machine-detail.ts";
import { machineRows } from "./machine-row.ts";
import type { MachineView } from "./machine-view.ts";

/** What the panels are made from. */
export interface Panels {
  readonly fleet: Fleet;
  readonly metrics: MetricsState;
  readonly views: readonly MachineView[];
  readonly selected: MachineView;
  /** What is out of order with the selected machine and is not said in the headline. */
  readonly notices: readonly Headline[];
  /** The newest first; asked for only where they are shown. */
  readonly pastRuns: () => readonly RunSummary[];
  readonly now: number;
}

const SESSION_LINES = 12;
/** With its frame, before there is room for anything else beside the sessions. */
const LEAST_SESSION_ROWS = 8;
const LAST_RUNS = 8;
const CHART_ROWS = 10;
const INDENT = 1;

/** The cards, one machine each, and what stands below them: one column of `columns` × `rows`. */
export interface Stack {
  readonly cards: readonly (readonly Line[])[];
  readonly below: readonly Line[];
}

/** Everything below each other: the machines' rows, the selected one's detail, the account. */
export function stacked(panels: Panels, columns: number, rows: number): Stack {
  const { views, fleet, metrics, now } = panels;
  const height = rows >= 26 ? 3 : rows >= 6 ? 2 : 1;
  const gap = rows >= 34 ? 1 : 0;
  const cards = machineRows(views, height, columns, now).map((lines) => [...lines, ...Array<Line>(gap).fill([])]);
  const room = rows - cards.flat().length;
  const account = (lines: Line[]) => lines.map((line): Line => [t(" "), ...line]);
  const oneLine = account([accountLine(fleet, metrics, columns - INDENT, now)]);
  if (room < 5) return { cards, below: room > 0 ? oneLine : [] };
  const title = rule(titleOf(panels.selected), columns, now);
  const wanted = detailLines(panels, columns - INDENT, 100).length;
  const spare = room - 1 - wanted - 2;
  if (spare < 2) {
    const detail = indented(detailLines(panels, columns - INDENT, room - 2));
    return { cards, below: [title, ...detail, ...blank(room - 2 - detail.length), ...oneLine] };
  }
  const list = account(accountLines(fleet, metrics, columns - INDENT, spare, now));
  const chart = spare - list.length >= CHART_MINIMUM + 1;
  const detail = indented(detailLines(panels, columns - INDENT, room - 2 - list.length - 1, chart));
  return {
    cards,
    below: [title, ...detail, [], rule([t("account", "text.strong")], columns, now), ...list].slice(0, room),
  };
}

/** Cards, chart and account to the left, the selected machine's detail and sessions to the right. */
interface SideBySide {
  readonly left: Stack;
  readonly right: readonly Line[];
  readonly leftColumns: number;
  readonly rightColumns: number;
}

export function sideBySide(panels: Panels, columns: number, rows: number): SideBySide {
  const { views, fleet, metrics, selected, now } = panels;
  const leftColumns = Math.max(84, Math.min(104, Math.floor(columns * 0.47)));
  const rightColumns = columns - leftColumns - 1;
  const cards = machineRows(views, 3, leftColumns - 4, now).map((lines, index) =>
    boxed([], lines, leftColumns, lines.length + 2, now, views[index]?.selected ? "accent" : "text.dim"),
  );
  const room = rows - cards.flat().length;
  const chartRows = room >= CHART_ROWS + 8 ? Math.min(CHART_ROWS + 4, room - 8) : 0;
  const chart = chartRows
    ? boxed(
        [t(`CPU of ${selected.machine.spec.name}`, "text.strong")],
        cpuChart(selected, leftColumns - 4, chartRows - 2),
        leftColumns,
        chartRows,
        now,
      )
    : [];
  const accountRows = room - chart.length;
  const account =
    accountRows >= 3
      ? boxed(
          [t("account", "text.strong")],
          accountLines(fleet, metrics, leftColumns - 4, accountRows - 2, now),
          leftColumns,
          accountRows,
          now,
        )
      : [];
  return {
    left: { cards, below: [...chart, ...account] },
    right: rightPanel(panels, rightColumns, rows),
    leftColumns,
    rightColumns,
  };
}

function rightPanel(panels: Panels, columns: number, rows: number): Line[] {
  const { selected, now } = panels;
  const facts = factLines(machineFacts(selected, panels.notices, panels.metrics.failure), columns - 4, rows - 5, now);
  const below = Math.max(3, rows - facts.length - 2);
  const runs = lastRuns(panels, columns, below - LEAST_SESSION_ROWS);
  const sessionRows = below - runs.length;
  const detail = boxed(titleOf(selected), facts, columns, rows - below, now, "accent");
  const none: Line[] = [[t(`None open on ${selected.machine.spec.name}.`, "text.dim")]];
  const list = selected.sessions.length ? sessionLines(selected, sessionRows - 2) : none;
  return [...detail, ...boxed([t("sessions", "text.strong")], list, columns, sessionRows, now), ...runs].slice(0, rows);
}

/** The last runs in a box of their own, `height` rows at most; none where there is no room, or nothing was run. */
function lastRuns({ pastRuns, now }: Panels, columns: number, height: number): Line[] {
  const room = Math.min(LAST_RUNS, height - 2);
  const shown = room > 0 ? pastRuns().slice(0, room) : [];
  if (shown.length === 0) return [];
  const lines = shown.map((run) => runLine(run, false, undefined, columns - 4, now));
  return boxed(
    [t("last runs", "text.strong"), t(` ${keyOf("fleet", "history")}`, "key")],
    lines,
    columns,
    shown.length + 2,
    now,
  );
}

function titleOf({ machine }: MachineView): Line {
  const { name, purpose } = machine.spec;
  return [t(clean(name), "accent.strong"), t(` ${purpose}`, "text.dim")];
}

/** Facts, but never so many that no session is seen; then the chart where it is wanted and there is room. */
function detailLines(panels: Panels, columns: number, height: number, chart = false): Line[] {
  const { selected, notices, metrics, now } = panels;
  const { sessions, chosen } = selected;
  const wanted = sessions.length ? sessions.length + Math.min(SESSION_LINES, chosen?.lastLines.length ?? 0) : 0;
  const reserved = Math.min(wanted, Math.max(2, Math.floor(height / 4)));
  const facts = factLines(machineFacts(selected, notices, metrics.failure), columns, height - reserved, now);
  const list = labelled("sessions", sessionLines(selected, Math.min(wanted, height - facts.length)));
  const rest = height - facts.length - list.length - 1;
  const bars =
    chart && rest >= CHART_MINIMUM
      ? [[], ...labelled("CPU", cpuChart(selected, columns - LABEL_WIDTH, Math.min(CHART_ROWS, rest)))]
      : [];
  return [...facts, ...list, ...bars];
}

function indented(lines: readonly Line[]): Line[] {
  return lines.map((line) => [t(" ".repeat(INDENT)), ...line]);
}

function blank(number: number): Line[] {
  return Array<Line>(Math.max(0, number)).fill([]);
}
