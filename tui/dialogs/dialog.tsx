/** This folder: questions and how they are answered: buttons, a choice, a typed word. Not here: what is asked (ops). */
/** A question in a box: what will be done, line by line, and two buttons of which the harmless one is marked first. */

import { useState } from "react";
import type { Deed } from "../../ops/operation/types.ts";
import { flow } from "../format/flow.ts";
import { type Line, t } from "../format/line.ts";
import { clean, width } from "../format/text.ts";
import { type KeyContext, keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { useInstant } from "../shared/instant.ts";
import { Floating, hintLine, type Window } from "../shared/overlay.tsx";
import { deedColumns, deedRows } from "./deed-table.ts";
import { useStill } from "./still.ts";

interface DialogProps extends Window {
  readonly title: string;
  /** What a yes does, as a table above the lines. */
  readonly deeds?: readonly Deed[];
  /** Text from anywhere: it is made safe here. */
  readonly lines: readonly string[];
  /** What stands below the lines, in this width and in as many rows as it likes up to `height`. */
  readonly footer: (width: number, height: number) => readonly Line[];
  /** In which context ↑ and ↓ move lines that do not all fit; absent where these keys have another meaning. */
  readonly scrollIn?: KeyContext;
  /** The columns that the footer needs, frame included. */
  readonly narrowest?: number;
  readonly tone?: "border.focus" | "border.warn" | "border.error" | undefined;
}

const NO_DEEDS: readonly Deed[] = [];
const WIDEST = 96;
export const NARROWEST = 50;
/** Rows of what is under it that stay in sight, where the window has them to spare. */
const MARGIN_ROWS = 2;

export function Dialog({
  columns,
  rows,
  active,
  clock,
  title,
  deeds = NO_DEEDS,
  lines,
  footer,
  scrollIn,
  narrowest = NARROWEST,
  tone = "border.focus",
}: DialogProps) {
  const [scroll, setScroll] = useState(0);
  const texts = lines.map(clean);
  const box = Math.min(
    columns,
    Math.max(narrowest, Math.min(WIDEST, columns - 4, Math.max(longest([title, ...texts]), deedColumns(deeds)) + 4)),
  );
  const inner = Math.max(1, box - 4);
  const said = texts.flatMap((line) => flow(line, inner)).map((line): Line => [t(line)]);
  const table = deedRows(deeds, inner);
  const body: readonly Line[] = [...table, ...(table.length > 0 && said.length > 0 ? [[]] : []), ...said];
  const heading = flow(clean(title), inner).map((line): Line => [t(line, "text.strong")]);
  // Border, heading, an empty row above and below the body: the rest is shared, the body giving way to the footer. Where
  // that is too little, what only looks well goes first.
  const share = (margin: number, air: boolean) => {
    const room = Math.max(0, rows - margin - (air ? 4 : 3) - heading.length);
    const wanted = footer(inner, Math.max(1, room - Math.min(body.length, Math.ceil(room / 2))));
    const foot = (air ? wanted : wanted.filter((line) => line.length > 0)).slice(0, room);
    return { foot, height: Math.max(0, Math.min(body.length, room - foot.length)), air };
  };
  const shares = [share(rows > 16 ? MARGIN_ROWS : 0, true), share(0, true), share(0, false)] as const;
  const { foot, height, air } = shares.find((one) => one.height === body.length) ?? shares[2];
  const hidden = body.length - height;
  const from = Math.min(scroll, hidden);
  useKeys(
    scrollIn ?? "dialog",
    { up: () => setScroll(Math.max(0, from - 1)), down: () => setScroll(Math.min(hidden, from + 1)) },
    { active: active && scrollIn !== undefined && hidden > 0 },
  );
  const shown = body.slice(from, from + height);
  const more: Line = hidden > 0 ? [t(moreWords(from, hidden - from), "text.dim")] : [];
  return (
    <Floating
      columns={columns}
      rows={rows}
      width={box}
      tone={tone}
      clock={clock}
      lines={[...heading, ...(air ? [[]] : []), ...shown, ...(body.length > 0 ? [more] : []), ...foot]}
    />
  );
}

function longest(lines: readonly string[]): number {
  return Math.max(0, ...lines.map(width));
}

function moreWords(above: number, below: number): string {
  return [above && `↑ ${above} more`, below && `↓ ${below} more`].filter(Boolean).join("   ");
}

interface ConfirmProps extends Window {
  readonly title: string;
  readonly deeds?: readonly Deed[];
  readonly lines: readonly string[];
  readonly yes: string;
  readonly no: string;
  readonly onYes: () => void;
  readonly onNo: () => void;
  readonly tone?: DialogProps["tone"];
}

/** Asks once. The answer "no" has the focus, so that a stray Enter does nothing. */
export function ConfirmDialog({ yes, no, onYes, onNo, ...dialog }: ConfirmProps) {
  const { value: focus, get, set } = useInstant<"no" | "yes">("no");
  const { ready, hears } = useStill();
  useKeys(
    "dialog",
    {
      left: () => set("no"),
      right: () => set("yes"),
      next: () => set(get() === "no" ? "yes" : "no"),
      accept: () => (get() === "yes" ? onYes() : onNo()),
      yes: onYes,
      no: onNo,
      back: onNo,
    },
    { active: dialog.active, hears },
  );
  return (
    <Dialog
      {...dialog}
      scrollIn="dialog"
      footer={(width) => [
        [...button(no, ready && focus === "no"), t("  "), ...button(yes, ready && focus === "yes")],
        [],
        ready
          ? hintLine(
              [
                [keyOf("dialog", "yes"), clean(yes)],
                [`${keyOf("dialog", "no")} ${keyOf("dialog", "back")}`, clean(no)],
                [keyOf("dialog", "accept"), focus === "yes" ? clean(yes) : clean(no)],
                [keyOf("dialog", "next"), "next button"],
              ],
              width,
            )
          : [],
      ]}
    />
  );
}

/** The button that Enter presses stands in brackets, not only in colour. */
function button(label: string, focused: boolean): Line {
  const text = clean(label);
  return focused
    ? [{ text: `[ ${text} ]`, token: "button", spoken: `button ${text}, focused; ` }]
    : [{ text: `  ${text}  `, spoken: `button ${text}; ` }];
}
