/** This folder: every key, told on the screen. Not here: the keys (tui/keys). */
/** The `?` overlay: every key, where it is heard, and why one would do nothing now. */

import { useState } from "react";
import { FILTER_HINTS, useFilter } from "../dialogs/use-filter.ts";
import { t } from "../format/line.ts";
import type { WhyNot } from "../keys/availability.ts";
import { shownKey } from "../keys/key-names.ts";
import { type KeyContext, keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { type Hint, Panel, type Window } from "../shared/overlay.tsx";
import { Rows } from "../shared/rows.tsx";
import { helpLines } from "./help-lines.ts";

interface HelpScreenProps extends Window {
  /** What is heard here comes first. */
  readonly context: KeyContext;
  readonly whyNot: WhyNot;
  readonly onBack: () => void;
}

const PAGE = 10;
/** What the panel takes around its content: border and padding; border, title, hints and an empty row. */
const FRAME = { columns: 4, rows: 5 } as const;

export function HelpScreen({ columns, rows, active, clock, context, whyNot, onBack }: HelpScreenProps) {
  const [wanted, setWanted] = useState(0);
  const filter = useFilter({ active, placeholder: "a key or a word", onChange: () => setWanted(0) });
  const lines = helpLines(whyNot, context, Math.max(1, columns - FRAME.columns), filter.text);
  const told = filter.lines(columns - FRAME.columns, "");
  const last = Math.max(0, lines.length - Math.max(1, rows - FRAME.rows - told.length));
  const from = Math.min(wanted, last);
  const scroll = (by: number) => setWanted(Math.max(0, Math.min(last, from + by)));
  useKeys(
    "help",
    {
      up: () => scroll(-1),
      down: () => scroll(1),
      pageUp: () => scroll(-PAGE),
      pageDown: () => scroll(PAGE),
      top: () => setWanted(0),
      bottom: () => setWanted(last),
      search: filter.begin,
      back: () => filter.clear() || onBack(),
    },
    { active: active && !filter.typing },
  );
  const hints: readonly Hint[] = [
    ...(last > 0
      ? ([[`${shownKey("up")}${shownKey("down")}`, `${from < last ? "more below" : "back up"}`]] as const)
      : []),
    [keyOf("help", "search"), "filter"],
    [keyOf("help", "back"), "back"],
  ];
  return (
    <Panel
      columns={columns}
      rows={rows}
      clock={clock}
      title={[t("Keys", "text.strong")]}
      hints={filter.typing ? FILTER_HINTS : hints}
    >
      {(width, height) => (
        <Rows lines={[...lines.slice(from, from + height - told.length), ...told]} width={width} clock={clock} />
      )}
    </Panel>
  );
}
