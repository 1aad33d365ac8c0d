/** The fleet screen: three machines live, what must be known first, and the selected machine's detail. */

import { Box, type DOMElement, useBoxMetrics } from "ink";
import { memo, type ReactNode, useRef } from "react";
import { dollars } from "../../ops/fleet/derive/cost.ts";
import { MACHINE_NAMES } from "../../ops/fleet/machines.ts";
import type { Ops } from "../../ops/ops.ts";
import { footerLine } from "../components/footer.ts";
import { headerLine } from "../components/header.ts";
import { headlineLines } from "../components/headline.ts";
import { type MachineView, machineView } from "../components/machine-view.ts";
import { notices } from "../components/notices.ts";
import { type Panels, type Stack, sideBySide, stacked } from "../components/panels.ts";
import { Row, Rows } from "../components/rows.tsx";
import { Toasts } from "../components/toasts.tsx";
import type { Command } from "../keys/registry.ts";
import type { Availability } from "../state/availability.ts";
import type { Navigation } from "../state/navigation.ts";
import { stateSince } from "../state/state-since.ts";
import type { Toast } from "../state/toasts.ts";
import { usePart, useStore } from "../use-store.ts";
import { isTooSmall, TooSmall } from "./too-small.tsx";

interface FleetScreenProps {
  readonly ops: Ops;
  readonly navigation: Navigation;
  readonly columns: number;
  readonly rows: number;
  /** What runs now, a row each; they take a quarter of the window at most. */
  readonly strips?: ReactNode;
  readonly toasts?: readonly Toast[];
  readonly availability: (command: Command) => Availability;
}

/** From here on the detail stands beside the machines instead of below. */
const SIDE_BY_SIDE = { columns: 140, rows: 28 } as const;
const NO_TOASTS: readonly Toast[] = [];

export function FleetScreen({ ops, navigation, columns, rows, strips, toasts, availability }: FleetScreenProps) {
  if (isTooSmall(columns, rows)) return <TooSmall columns={columns} rows={rows} />;
  return (
    <Box width={columns} height={rows} overflowY="hidden" flexDirection="column">
      <Header ops={ops} columns={columns} />
      <Body ops={ops} navigation={navigation} columns={columns} rows={rows - 2} />
      <Box flexShrink={0} maxHeight={Math.floor(rows / 4)} flexDirection="column" overflowY="hidden">
        {strips}
      </Box>
      <Footer ops={ops} navigation={navigation} columns={columns} availability={availability} />
      <Toasts toasts={toasts ?? NO_TOASTS} columns={columns} rows={Math.floor(rows / 4)} above={1} clock={ops.clock} />
    </Box>
  );
}

const Header = memo(function Header({ ops, columns }: { ops: Ops; columns: number }) {
  const signIn = useStore(ops.signIn);
  const state = useStore(ops.fleet);
  const line = headerLine(ops.environment.demo, signIn, state, columns, ops.clock.now());
  return (
    <Box height={1} flexShrink={0}>
      <Row line={line} width={columns} clock={ops.clock} />
    </Box>
  );
});

type FooterProps = Pick<FleetScreenProps, "ops" | "navigation" | "columns" | "availability">;

const Footer = memo(function Footer({ ops, navigation, columns, availability }: FooterProps) {
  const fleet = usePart(ops.fleet, (state) => state.fleet);
  const line = footerLine(availability, fleet?.machines[navigation.selected], columns);
  return (
    <Box height={1} flexShrink={0} aria-role="toolbar">
      <Row line={line} width={columns} clock={ops.clock} />
    </Box>
  );
});

type BodyProps = Pick<FleetScreenProps, "ops" | "navigation" | "columns" | "rows">;

/** Everything between header and footer; what the strips take is measured and given back at once. */
const Body = memo(function Body({ ops, navigation, columns, rows: most }: BodyProps) {
  const box = useRef<DOMElement>(null);
  const measured = useBoxMetrics(box);
  const rows = measured.hasMeasured ? Math.min(measured.height, most) : most;
  const { headline, panels } = usePanels(ops, navigation, columns, rows);
  const room = rows - headline.length;
  return (
    <Box ref={box} flexGrow={1} flexShrink={1} flexBasis={0} flexDirection="column" overflowY="hidden">
      <Box flexShrink={0} flexDirection="column" height={headline.length} overflowY="hidden">
        <Rows lines={headline} width={columns} clock={ops.clock} />
      </Box>
      {panels && <Machines ops={ops} panels={panels} columns={columns} rows={room} />}
    </Box>
  );
});

function Machines({ ops, panels, columns, rows }: { ops: Ops; panels: Panels; columns: number; rows: number }) {
  const { clock } = ops;
  if (columns < SIDE_BY_SIDE.columns || rows < SIDE_BY_SIDE.rows - 4) {
    return <Column stack={stacked(panels, columns, rows)} panels={panels} width={columns} ops={ops} />;
  }
  const { left, right, leftColumns, rightColumns } = sideBySide(panels, columns, rows);
  return (
    <Box columnGap={1}>
      <Column stack={left} panels={panels} width={leftColumns} ops={ops} />
      <Box width={rightColumns} flexShrink={0} flexDirection="column">
        <Rows lines={right} width={rightColumns} clock={clock} />
      </Box>
    </Box>
  );
}

function Column({ stack, panels, width, ops }: { stack: Stack; panels: Panels; width: number; ops: Ops }) {
  return (
    <Box width={width} flexShrink={0} flexDirection="column">
      <Box flexShrink={0} flexDirection="column" aria-role="listbox">
        {stack.cards.map((lines, index) => {
          const view = panels.views[index];
          if (!view) return null;
          return (
            <Box
              key={view.machine.spec.name}
              flexShrink={0}
              flexDirection="column"
              aria-role="option"
              aria-state={{ selected: view.selected, busy: view.words.tone === "busy" }}
              aria-label={spoken(view)}
            >
              <Rows lines={lines} width={width} clock={ops.clock} />
            </Box>
          );
        })}
      </Box>
      <Rows lines={stack.below} width={width} clock={ops.clock} />
    </Box>
  );
}

/** A card for those who hear it. */
function spoken({ machine, words, cost, sessions }: MachineView): string {
  const { spec, rootKind, address, addressPlace } = machine;
  const price =
    machine.instance?.state === "running" && cost.perHour
      ? dollars(cost.perHour, "h")
      : dollars(cost.stoppedPerMonth, "month");
  return [
    `${spec.name}: ${words.text}`,
    rootKind === "none" ? "" : `${rootKind} root`,
    address ? `address ${address.publicIp} ${addressPlace}` : "",
    price,
    sessions.length ? `${sessions.length} sessions` : "",
  ]
    .filter(Boolean)
    .join(", ");
}

/** The headline's rows and what the panels are made from; no panels before the first observation. */
function usePanels(ops: Ops, navigation: Navigation, columns: number, rows: number) {
  const signIn = useStore(ops.signIn);
  const fleet = usePart(ops.fleet, (state) => state.fleet);
  const source = usePart(ops.fleet, (state) => state.source);
  const failure = usePart(ops.fleet, (state) => state.failure);
  const metrics = useStore(ops.metrics);
  const probes = useStore(ops.probes);
  const sessions = useStore(ops.sessions);
  const now = ops.clock.now();
  const views = fleet
    ? MACHINE_NAMES.map((name) => {
        const machine = fleet.machines[name];
        const since = stateSince(ops.fleet, machine, now);
        const known = { metrics, probes, sessions };
        return machineView(machine, known, name === navigation.selected, since, navigation.session);
      })
    : [];
  const all = notices(signIn, { fleet, source, failure }, views);
  const height = rows < 10 ? 1 : rows < 27 ? 2 : rows < 38 ? 3 : 4;
  const { lines: headline, shown } = headlineLines(all, columns, height, now);
  const selected = views.find((view) => view.selected);
  const panels: Panels | undefined = fleet &&
    selected && {
      fleet,
      metrics,
      views,
      selected,
      now,
      notices: all.slice(shown).flatMap((one) => (one.headline?.machine === navigation.selected ? [one.headline] : [])),
    };
  return { headline, panels };
}
