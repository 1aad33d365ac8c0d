/** This folder: every key, told on the screen. Not here: the keys (tui/keys). */
/** The `?` overlay: every key, where it is heard, and why one would do nothing now. */

import { FILTER_HINTS, useFilter } from "../dialogs/use-filter.ts";
import { t } from "../format/line.ts";
import type { WhyNot } from "../keys/availability.ts";
import { type KeyContext, keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { useScroll } from "../shared/list.ts";
import { type Hint, Panel, roomIn, type Window } from "../shared/overlay.tsx";
import { Rows } from "../shared/rows.tsx";
import { helpLines } from "./help-lines.ts";

interface HelpScreenProps extends Window {
  /** What is heard here comes first. */
  readonly context: KeyContext;
  readonly whyNot: WhyNot;
  readonly onBack: () => void;
}

export function HelpScreen({ columns, rows, active, clock, context, whyNot, onBack }: HelpScreenProps) {
  const { width, height } = roomIn({ columns, rows });
  const filter = useFilter({ active, placeholder: "a key or a word", onChange: () => toTop() });
  const lines = helpLines(whyNot, context, Math.max(1, width), filter.text);
  const told = filter.lines(width, "");
  const room = height - told.length;
  const { from, moves, toTop, hints: more } = useScroll(lines.length, room);
  useKeys(
    "help",
    { ...moves, search: filter.begin, back: () => filter.clear() || onBack() },
    { active: active && !filter.typing },
  );
  const hints: readonly Hint[] = [...more, [keyOf("help", "search"), "filter"], [keyOf("help", "back"), "back"]];
  return (
    <Panel
      columns={columns}
      rows={rows}
      clock={clock}
      title={[t("Keys", "text.strong")]}
      hints={filter.typing ? FILTER_HINTS : hints}
    >
      {() => <Rows lines={[...lines.slice(from, from + room), ...told]} width={width} clock={clock} />}
    </Panel>
  );
}
