/** Every notice in full: what the fleet screen has no room for. */

import { flow } from "../format/flow.ts";
import { type Line, t } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { count } from "../format/words.ts";
import { keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { useScroll } from "../shared/list.ts";
import { type Hint, Panel, roomIn, type Window } from "../shared/overlay.tsx";
import { Rows } from "../shared/rows.tsx";
import { LOOKS } from "./headline.ts";
import type { Notice } from "./notices.ts";

interface NoticesScreenProps extends Window {
  readonly notices: readonly Notice[];
  readonly onBack: () => void;
}

export function NoticesScreen({ notices, onBack, columns, rows, active, clock }: NoticesScreenProps) {
  const { width, height } = roomIn({ columns, rows });
  const lines = notices.flatMap((notice) => noticeInFull(notice, width, clock.now()));
  const { from, moves, hints: more } = useScroll(lines.length, height);
  useKeys("notices", { ...moves, back: onBack }, { active });
  const hints: readonly Hint[] = [...more, [keyOf("notices", "back"), "back"]];
  const title: Line = [
    t("Notices", "text.strong"),
    t(`  ${count(notices.length, "notice")}, the gravest first`, "text.dim"),
  ];
  return (
    <Panel columns={columns} rows={rows} clock={clock} title={title} hints={hints}>
      {() => <Rows lines={lines.slice(from, from + height)} width={width} clock={clock} />}
    </Panel>
  );
}

function noticeInFull({ severity, sentence, action }: Notice, width: number, now: number): readonly Line[] {
  const said = [typeof sentence === "string" ? sentence : sentence(now), action].filter((text) => text !== undefined);
  const { mark, token } = LOOKS[severity];
  return [
    ...flow(clean(said.join(" ")), Math.max(1, width - 2)).map(
      (text, row): Line => [t(row === 0 ? `${mark} ` : "  ", token), t(text)],
    ),
    [],
  ];
}
