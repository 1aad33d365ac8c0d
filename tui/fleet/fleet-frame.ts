/** The whole fleet screen at one instant, as painted rows: what is equal need not be drawn again. Pure but for the clock. */

import { MACHINE_NAMES } from "../../ops/fleet/machines.ts";
import type { Ops } from "../../ops/ops.ts";
import { dimmed, type Line, pace, paint } from "../format/line.ts";
import type { WhyNot } from "../keys/availability.ts";
import { footerLine } from "../keys/footer.ts";
import type { Navigation } from "../navigation.ts";
import { headerLine } from "./header.ts";
import { headlineLines } from "./headline.ts";
import { type MachineView, machineView } from "./machine-view.ts";
import { notices } from "./notices.ts";
import { type Panels, type Stack, sideBySide, stacked } from "./panels.ts";
import { refreshingFor, stateSince } from "./since.ts";

/** The least in which the three machines can be told apart. */
export const LEAST = { columns: 40, rows: 8 } as const;

export function isTooSmall(columns: number, rows: number): boolean {
  return columns < LEAST.columns || rows < LEAST.rows;
}

/** From here on the detail stands beside the machines instead of below. */
const SIDE_BY_SIDE = { columns: 140, rows: 24 } as const;

/** What the frame depends on besides the stores. */
export interface FrameInput {
  readonly ops: Ops;
  readonly navigation: Navigation;
  readonly columns: number;
  /** The rows between header and footer that nothing else takes. */
  readonly rows: number;
  readonly whyNot: WhyNot;
}

interface Card {
  readonly name: string;
  readonly rows: readonly string[];
}

export interface Frame {
  readonly header: string;
  readonly headline: readonly string[];
  readonly cards: readonly Card[];
  readonly below: readonly string[];
  /** What stands beside the cards, where there is room. */
  readonly beside: readonly string[];
  readonly leftColumns: number;
  readonly footer: string;
  /** Whether something turns, so that it has to be drawn several times a second. */
  readonly turning: boolean;
}

/** What all stores hold now, put together for one look. */
export function gathered(ops: Ops, navigation: Navigation) {
  const now = ops.clock.now();
  const state = ops.fleet.get();
  const signIn = ops.signIn.get();
  const metrics = ops.metrics.get();
  const known = {
    metrics,
    probes: ops.probes.get(),
    strangers: ops.probes.strangers.get(),
    sessions: ops.sessions.get(),
    kernels: ops.kernels.get(),
  };
  const { fleet } = state;
  const views = fleet
    ? MACHINE_NAMES.map((name) => {
        const machine = fleet.machines[name];
        const since = stateSince(ops.fleet, machine, now);
        return machineView(machine, known, name === navigation.selected, since, navigation.session);
      })
    : [];
  const told = notices(signIn, state, views, ops.lastPlan.get(), ops.environment.unkept);
  return { state, signIn, metrics, views, selected: views.find((view) => view.selected), notices: told };
}

export function fleetFrame({ ops, navigation, columns, rows, whyNot }: FrameInput): Frame {
  const now = ops.clock.now();
  const { state, signIn, metrics, views, selected, notices: all } = gathered(ops, navigation);
  const { fleet } = state;
  const headline = headlineLines(all, columns, headlineRows(rows), now);
  const panels: Panels | undefined = fleet &&
    selected && {
      fleet,
      metrics,
      views,
      selected,
      pastRuns: ops.pastRuns.get,
      now,
      notices: all
        .slice(headline.shown)
        .flatMap((one) => (one.headline?.machine === navigation.selected ? [one.headline] : [])),
    };
  const parts = panels ? bodyOf(panels, columns, rows - headline.lines.length) : NO_BODY;
  const header = headerLine(
    ops.environment,
    signIn,
    { ...state, refreshing: refreshingFor(ops.fleet, state.refreshing, now) >= SLOW_MS },
    columns,
    now,
  );
  const painted = (lines: readonly Line[], wide: number) => lines.map((line) => paint(line, wide, now).trimEnd());
  // What was stored is what was, not what is.
  const body = (lines: readonly Line[], wide: number) =>
    painted(state.source === "stored" ? lines.map(dimmed) : lines, wide);
  const cardLines = parts.left.cards.flat();
  return {
    header: paint(header, columns, now).trimEnd(),
    headline: painted(headline.lines, columns),
    cards: parts.left.cards.flatMap((lines, index) => {
      const view = views[index];
      return view ? [cardOf(view, body(lines, parts.leftColumns))] : [];
    }),
    below: body(parts.left.below, parts.leftColumns),
    beside: body(parts.right, parts.rightColumns),
    leftColumns: parts.leftColumns,
    footer: paint(footerLine(whyNot, columns), columns, now).trimEnd(),
    turning: [...headline.lines, ...cardLines].some((line) => pace(line) === "fast"),
  };
}

/** A refresh is worth a mark only when it takes longer than this; the usual ones would only flicker. */
const SLOW_MS = 1000;

const NO_BODY = { left: { cards: [], below: [] } as Stack, right: [] as Line[], leftColumns: 0, rightColumns: 0 };

function headlineRows(rows: number): number {
  if (rows < 10) return 1;
  return rows < 27 ? 2 : rows < 38 ? 3 : 4;
}

function bodyOf(panels: Panels, columns: number, rows: number) {
  if (columns >= SIDE_BY_SIDE.columns && rows >= SIDE_BY_SIDE.rows) return sideBySide(panels, columns, rows);
  return { left: stacked(panels, columns, rows), right: [], leftColumns: columns, rightColumns: 0 };
}

function cardOf(view: MachineView, rows: readonly string[]): Card {
  return { name: view.machine.spec.name, rows };
}
