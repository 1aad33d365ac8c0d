/** Every notice in full: what the fleet screen has no room for. */

import { useState } from "react";
import { flow } from "../format/flow.ts";
import { type Line, t } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { count } from "../format/words.ts";
import { shownKey } from "../keys/key-names.ts";
import { keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { type Hint, Panel, type Window } from "../shared/overlay.tsx";
import { Rows } from "../shared/rows.tsx";
import { MARKS, markToken } from "./headline.ts";
import type { Notice } from "./notices.ts";

interface NoticesScreenProps extends Window {
  readonly notices: readonly Notice[];
  readonly onBack: () => void;
}

const PAGE = 10;
/** What the panel takes around its content. */
const FRAME = { columns: 4, rows: 5 } as const;

export function NoticesScreen({ notices, onBack, columns, rows, active, clock }: NoticesScreenProps) {
  const [wanted, setWanted] = useState(0);
  const width = Math.max(1, columns - FRAME.columns);
  const lines = notices.flatMap((notice) => noticeInFull(notice, width, clock.now()));
  const last = Math.max(0, lines.length - Math.max(1, rows - FRAME.rows));
  const from = Math.min(wanted, last);
  const scroll = (by: number) => setWanted(Math.max(0, Math.min(last, from + by)));
  useKeys(
    "notices",
    {
      up: () => scroll(-1),
      down: () => scroll(1),
      pageUp: () => scroll(-PAGE),
      pageDown: () => scroll(PAGE),
      top: () => setWanted(0),
      bottom: () => setWanted(last),
      back: onBack,
    },
    { active },
  );
  const hints: readonly Hint[] = [
    ...(last > 0 ? ([[`${shownKey("up")}${shownKey("down")}`, from < last ? "more below" : "back up"]] as const) : []),
    [keyOf("notices", "back"), "back"],
  ];
  const title: Line = [
    t("Notices", "text.strong"),
    t(`  ${count(notices.length, "notice")}, the gravest first`, "text.dim"),
  ];
  return (
    <Panel columns={columns} rows={rows} clock={clock} title={title} hints={hints}>
      {(inner, height) => <Rows lines={lines.slice(from, from + height)} width={inner} clock={clock} />}
    </Panel>
  );
}

function noticeInFull({ severity, sentence, action }: Notice, width: number, now: number): readonly Line[] {
  const said = [typeof sentence === "string" ? sentence : sentence(now), action].filter((text) => text !== undefined);
  return [
    ...flow(clean(said.join(" ")), Math.max(1, width - 2)).map(
      (text, row): Line => [t(row === 0 ? `${MARKS[severity]} ` : "  ", markToken(severity)), t(text)],
    ),
    [],
  ];
}
