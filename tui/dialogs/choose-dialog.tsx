/** A question with a list of answers. */

import type { Choice, Deed } from "../../ops/operation/types.ts";
import { type Line, marker, t } from "../format/line.ts";
import { clean, width as widthOf } from "../format/text.ts";
import { keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { listWindow, useChosen } from "../shared/list.ts";
import { hintLine, type Window } from "../shared/overlay.tsx";
import { Dialog, NARROWEST } from "./dialog.tsx";
import { useStill } from "./still.ts";

interface ChooseProps extends Window {
  readonly title: string;
  readonly deeds?: readonly Deed[];
  readonly lines: readonly string[];
  readonly choices: readonly Choice[];
  readonly onChoice: (id: string) => void;
  readonly onNo: () => void;
}

const PAGE = 8;
/** Border and padding, the marker and the number of a choice. */
const FRAME_COLUMNS = 8;

export function ChooseDialog({ choices, onChoice, onNo, lines, ...window }: ChooseProps) {
  const { chosen, now, moves } = useChosen(choices.length, PAGE);
  const { ready, hears } = useStill();
  useKeys(
    "choose",
    {
      ...moves,
      accept: () => {
        const marked = choices[now()];
        if (marked) onChoice(marked.id);
      },
      back: onNo,
    },
    {
      active: window.active,
      hears,
      // Its number takes a choice, as on the command line; the numbers stand before them.
      onText: (text) => {
        const one = choices.length <= 9 && /^[1-9]$/.test(text) ? choices[Number(text) - 1] : undefined;
        if (one) onChoice(one.id);
      },
    },
  );
  const longest = Math.max(0, ...choices.map((choice) => widthOf(clean(choice.label))));
  const details = Math.max(0, ...choices.map(({ detail }) => widthOf(clean(detail ?? ""))));
  const footer = (width: number, room: number): readonly Line[] => {
    const visible = Math.max(1, Math.min(choices.length, room - 2));
    const from = listWindow(chosen, choices.length, visible);
    return [
      ...choices
        .slice(from, from + visible)
        .map((choice, index) =>
          choiceLine(choice, choices.length > 9 ? 0 : from + index + 1, from + index === chosen, longest),
        ),
      [],
      ready
        ? hintLine(
            [
              [keyOf("choose", "up") + keyOf("choose", "down"), `${chosen + 1} of ${choices.length}`],
              [keyOf("choose", "accept"), "choose"],
              [keyOf("choose", "back"), "cancel"],
            ],
            width,
          )
        : [],
    ];
  };
  // A choice has one row: the box is as wide as the longest of them, where the window is.
  const needed = FRAME_COLUMNS + longest + (details > 0 ? 2 + details : 0);
  return (
    <Dialog
      {...window}
      lines={lines}
      footer={footer}
      narrowest={Math.max(NARROWEST, Math.min(needed, window.columns - 4))}
    />
  );
}

/** @param number what takes it, from 1; 0: it has none */
function choiceLine(choice: Choice, number: number, marked: boolean, longest: number): Line {
  const label = clean(choice.label);
  const gap = " ".repeat(Math.max(0, longest - widthOf(label)) + 2);
  return [
    marker(marked),
    ...(number > 0 ? [t(`${number} `, "text.dim")] : []),
    t(label, marked ? "selected" : "text"),
    ...(choice.detail ? [t(gap + clean(choice.detail), "text.dim")] : []),
  ];
}
