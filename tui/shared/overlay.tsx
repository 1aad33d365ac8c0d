/** Boxes that lie over other things: a panel over the whole window, and a box that floats in its middle. */

import { Box } from "ink";
import type { ReactNode } from "react";
import type { Clock } from "../../ops/clock.ts";
import { type Line, lineWidth, t } from "../format/line.ts";
import { Row, Rows } from "./rows.tsx";
import { SpinnerRow } from "./spinner.tsx";
import { border } from "./theme.ts";

type Tone = Parameters<typeof border>[0];

/** What everything that covers the window is given. */
export interface Window {
  readonly columns: number;
  readonly rows: number;
  /** Whether it is topmost and hears the keys. */
  readonly active: boolean;
  readonly clock: Clock;
}

interface PanelProps extends Omit<Window, "active"> {
  readonly title: Line;
  /** A spinner stands before the title. */
  readonly busy?: boolean;
  readonly hints: readonly Hint[];
  readonly tone?: Tone;
  /** Draws what stands between title and hints, in exactly this room. */
  readonly children: (width: number, height: number) => ReactNode;
}

/** Border and padding, title, an empty row, hints. */
const FRAME_COLUMNS = 4;
const FRAME_ROWS = 5;

/** What a panel of this size has between its title and its hints. */
export function roomIn({ columns, rows }: Pick<Window, "columns" | "rows">): { width: number; height: number } {
  return { width: Math.max(0, columns - FRAME_COLUMNS), height: Math.max(0, rows - FRAME_ROWS) };
}

export function Panel({ columns, rows, clock, title, busy, hints, tone = "border.focus", children }: PanelProps) {
  const { width, height } = roomIn({ columns, rows });
  const Title = busy ? SpinnerRow : Row;
  return (
    <Box
      width={columns}
      height={rows}
      borderStyle="round"
      paddingX={1}
      flexDirection="column"
      overflow="hidden"
      {...border(tone)}
    >
      <Box height={2} flexShrink={0} flexDirection="column" overflow="hidden">
        <Title line={title} width={width} clock={clock} />
      </Box>
      <Box height={height} flexShrink={1} flexDirection="column" overflow="hidden">
        {children(width, height)}
      </Box>
      <Box height={1} flexShrink={0}>
        <Row line={hintLine(hints, width)} width={width} clock={clock} />
      </Box>
    </Box>
  );
}

interface FloatingProps {
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly lines: readonly Line[];
  readonly tone: Tone;
  readonly clock: Clock;
}

/** A box in the middle of the window that hides what is under it: every row is filled to its end. */
export function Floating({ columns, rows, width, lines, tone, clock }: FloatingProps) {
  const shown = lines.slice(0, Math.max(0, rows - 2));
  return (
    <Box
      position="absolute"
      top={Math.max(0, Math.floor((rows - shown.length - 2) / 2))}
      left={Math.max(0, Math.floor((columns - width) / 2))}
      width={width}
      height={shown.length + 2}
      borderStyle="round"
      flexDirection="column"
      overflow="hidden"
      {...border(tone)}
    >
      <Rows lines={shown.map((line) => [t(" "), ...line])} width={Math.max(0, width - 2)} clock={clock} />
    </Box>
  );
}

/** A key and what it does here. */
export type Hint = readonly [key: string, label: string];

/** The hints in one line; those that do not fit are left out, the last first. */
export function hintLine(hints: readonly Hint[], width: number): Line {
  let line: Line = [];
  for (const [key, label] of hints) {
    const more: Line = [...line, ...(line.length ? [t("   ")] : []), t(key, "key"), t(` ${label}`, "text.dim")];
    if (lineWidth(more, 0) > width) break;
    line = more;
  }
  return line;
}
