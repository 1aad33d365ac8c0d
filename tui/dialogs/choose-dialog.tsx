/** A question with a list of answers. */

import type { Choice } from "../../ops/operation/types.ts";
import { type Line, marker, t } from "../format/line.ts";
import { clean, width as widthOf } from "../format/text.ts";
import { keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { listWindow, useChosen } from "../shared/list.ts";
import { hintLine, type Window } from "../shared/overlay.tsx";
import { Dialog } from "./dialog.tsx";
import { useStill } from "./still.ts";

interface ChooseProps extends Window {
  readonly title: string;
  readonly lines: readonly string[];
  readonly choices: readonly Choice[];
  readonly onChoice: (id: string) => void;
  readonly onNo: () => void;
}

const PAGE = 8;

export function ChooseDialog({ choices, onChoice, onNo, lines, ...window }: ChooseProps) {
  const { chosen, now, move } = useChosen(choices.length);
  const { ready, hears } = useStill();
  useKeys(
    "choose",
    {
      up: () => move(-1),
      down: () => move(1),
      pageUp: () => move(-PAGE),
      pageDown: () => move(PAGE),
      accept: () => {
        const marked = choices[now()];
        if (marked) onChoice(marked.id);
      },
      back: onNo,
    },
    { active: window.active, hears },
  );
  const footer = (width: number, room: number): readonly Line[] => {
    const visible = Math.max(1, Math.min(choices.length, room - 2));
    const from = listWindow(chosen, choices.length, visible);
    const longest = Math.max(0, ...choices.map((choice) => widthOf(clean(choice.label))));
    return [
      ...choices
        .slice(from, from + visible)
        .map((choice, index) => choiceLine(choice, from + index === chosen, longest)),
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
  return <Dialog {...window} lines={lines} footer={footer} />;
}

function choiceLine(choice: Choice, marked: boolean, longest: number): Line {
  const label = clean(choice.label);
  const gap = " ".repeat(Math.max(0, longest - widthOf(label)) + 2);
  return [
    marker(marked),
    t(label, marked ? "selected" : "text"),
    ...(choice.detail ? [t(gap + clean(choice.detail), "text.dim")] : []),
  ];
}
