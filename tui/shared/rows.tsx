/** This folder: what the screens are made of: rows, overlays, colours, lists, stores as hooks. Not here: anything of one screen. */
/** Draws lines, one row each. */

import { Text, useIsScreenReaderEnabled } from "ink";
import { memo, useState } from "react";
import type { Clock } from "../../ops/clock.ts";
import { type Line, pace, paint } from "../format/line.ts";
import { speech } from "../format/speech.ts";
import { useTicking } from "./ticker.ts";

interface RowProps {
  readonly line: Line;
  readonly width: number;
  readonly clock: Clock;
}

/** One row of exactly `width` columns. */
export function Row({ line, width, clock }: RowProps) {
  const kind = pace(line);
  if (useIsScreenReaderEnabled()) return <Said line={line} clock={clock} />;
  if (kind === "still") return <Still text={paint(line, width, 0)} />;
  return <Moving line={line} width={width} clock={clock} kind={kind} />;
}

/** Lines one below the other. The place is the identity: a row is never anything but what stands there now. */
export function Rows({ lines, width, clock }: { lines: readonly Line[]; width: number; clock: Clock }) {
  const rows = lines.map((line, place) => ({ line, key: `row ${place}` }));
  return rows.map(({ line, key }) => <Row key={key} line={line} width={width} clock={clock} />);
}

/** The row in words. Time that goes by is no news: it is told as of the last change of anything else. */
function Said({ line, clock }: Omit<RowProps, "width">) {
  const [last] = useState({ still: "", text: "" });
  const still = speech(line, 0);
  if (last.still !== still) Object.assign(last, { still, text: speech(line, clock.now()) });
  return last.text ? <Text>{last.text}</Text> : null;
}

function Moving({ line, width, clock, kind }: RowProps & { kind: "second" | "fast" }) {
  return <Still text={useTicking(clock, kind, (now) => paint(line, width, now))} />;
}

const Still = memo(function Still({ text }: { text: string }) {
  return <Text wrap="truncate-end">{text}</Text>;
});
