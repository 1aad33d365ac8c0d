/** This folder: the fleet screen: machines, account, headline, notices. Not here: what follows from a Fleet (ops/fleet/derive). */
/** The fleet screen: three machines live, what must be known first, and the selected machine's detail. */

import { isDeepStrictEqual } from "node:util";
import { Box, type DOMElement, Text, useBoxMetrics, useIsScreenReaderEnabled } from "ink";
import { memo, type ReactNode, useCallback, useRef, useState, useSyncExternalStore } from "react";
import type { Ops } from "../../ops/ops.ts";
import { TICKERS, whileItMatters } from "../shared/ticker.ts";
import { type Frame, type FrameInput, fleetFrame, isTooSmall } from "./fleet-frame.ts";
import { type SpokenFleet, spokenFleet } from "./spoken-fleet.ts";
import { Toasts } from "./toast-rows.tsx";
import type { Toast } from "./toasts.ts";
import { TooSmall } from "./too-small.tsx";

interface FleetScreenProps extends FrameInput {
  /** What runs now, a row each; they take a quarter of the window at most. */
  readonly strips?: ReactNode;
  readonly toasts?: readonly Toast[];
}

const NO_TOASTS: readonly Toast[] = [];

export function FleetScreen(props: FleetScreenProps) {
  const { columns, rows } = props;
  if (useIsScreenReaderEnabled()) return <SpokenScreen {...props} />;
  if (isTooSmall(columns, rows)) return <TooSmall columns={columns} rows={rows} />;
  return <WholeScreen {...props} />;
}

function WholeScreen({ strips, toasts, ...input }: FleetScreenProps) {
  const { ops, columns, rows } = input;
  const body = useRef<DOMElement>(null);
  const measured = useBoxMetrics(body);
  // What the strips take is given back as soon as they are gone.
  const most = rows - 2;
  const frame = useFrame({ ...input, rows: measured.hasMeasured ? Math.min(measured.height, most) : most });
  const few = Math.floor(rows / 4);
  return (
    <Box width={columns} height={rows} overflowY="hidden" flexDirection="column">
      <Box height={1} flexShrink={0}>
        <Still text={frame.header} />
      </Box>
      <Box ref={body} flexGrow={1} flexShrink={1} flexBasis={0} flexDirection="column" overflowY="hidden">
        <Stills rows={frame.headline} />
        <Box columnGap={1} flexShrink={0}>
          <Box width={frame.leftColumns} flexShrink={0} flexDirection="column">
            {frame.cards.map(({ name, rows: lines }) => (
              <Box key={name} flexShrink={0} flexDirection="column">
                <Stills rows={lines} />
              </Box>
            ))}
            <Stills rows={frame.below} />
          </Box>
          <Box flexShrink={0} flexDirection="column">
            <Stills rows={frame.beside} />
          </Box>
        </Box>
      </Box>
      <Box flexShrink={0} maxHeight={few} flexDirection="column" overflowY="hidden">
        {strips}
      </Box>
      <Box height={1} flexShrink={0}>
        <Still text={frame.footer} />
      </Box>
      <Toasts toasts={toasts ?? NO_TOASTS} columns={columns} rows={few} above={1} clock={ops.clock} />
    </Box>
  );
}

/** The same for those who hear it: what must be known, the machines, the chosen one, what runs, the keys. */
function SpokenScreen({ strips, toasts, ...input }: FleetScreenProps) {
  const { head, machines, detail, keys } = useSpoken(input);
  return (
    <Box flexDirection="column">
      <Stills rows={head} />
      <Box flexDirection="column" aria-role="listbox">
        {machines.map(({ name, selected, text }) => (
          <Box key={name} aria-role="option" aria-state={{ selected }}>
            <Text>{text}</Text>
          </Box>
        ))}
      </Box>
      <Stills rows={detail} />
      {strips}
      <Toasts
        toasts={toasts ?? NO_TOASTS}
        columns={input.columns}
        rows={input.rows}
        above={0}
        clock={input.ops.clock}
      />
      <Text>{keys}</Text>
    </Box>
  );
}

/** Painted rows below each other. The place is the identity: a row is never anything but what stands there now. */
function Stills({ rows }: { rows: readonly string[] }) {
  const placed = rows.map((text, place) => ({ text, key: `row ${place}` }));
  return placed.map(({ text, key }) => <Still key={key} text={text} />);
}

const Still = memo(function Still({ text }: { text: string }) {
  // An empty text would take no row.
  return <Text wrap="truncate-end">{text || " "}</Text>;
});

/**
 * The frame now, looked at again whenever a store changes and as time goes by (several times a second while something
 * turns); the same value while no row of it differs, so that nothing is rendered when nothing changed.
 */
function useFrame(input: FrameInput): Frame {
  const { ops } = input;
  const [last] = useState<{ frame: Frame | undefined }>(() => ({ frame: undefined }));
  const pace = last.frame?.turning ? "fast" : "second";
  const subscribe = useCallback(
    (listener: () => void) => {
      const ends = [
        subscribeAll(stores(ops), listener),
        TICKERS[pace].subscribe(pace === "fast" ? listener : whileItMatters(listener, () => last.frame)),
      ];
      return () => {
        for (const end of ends) end();
      };
    },
    [ops, pace, last],
  );
  return useSyncExternalStore(subscribe, () => {
    const frame = fleetFrame(input);
    if (!last.frame || !isDeepStrictEqual(last.frame, frame)) last.frame = frame;
    return last.frame;
  });
}

/** The words now: other ones only where something other than the time has changed, for they are said again from the start. */
function useSpoken(input: FrameInput): SpokenFleet {
  const { ops } = input;
  const [last] = useState<{ still: SpokenFleet | undefined; spoken: SpokenFleet | undefined }>(() => ({
    still: undefined,
    spoken: undefined,
  }));
  const subscribe = useCallback((listener: () => void) => subscribeAll(stores(ops), listener), [ops]);
  return useSyncExternalStore(subscribe, () => {
    const still = spokenFleet(input, 0);
    if (last.spoken && isDeepStrictEqual(last.still, still)) return last.spoken;
    last.still = still;
    last.spoken = spokenFleet(input, ops.clock.now());
    return last.spoken;
  });
}

type Subscribable = Pick<Ops["fleet"], "subscribe">;

function stores(ops: Ops): readonly Subscribable[] {
  return [
    ops.fleet,
    ops.signIn,
    ops.metrics,
    ops.probes,
    ops.probes.strangers,
    ops.sessions,
    ops.kernels,
    ops.lastPlan,
    ops.pastRuns,
  ];
}

function subscribeAll(all: readonly Subscribable[], listener: () => void): () => void {
  const ends = all.map((store) => store.subscribe(listener));
  return () => {
    for (const end of ends) end();
  };
}
