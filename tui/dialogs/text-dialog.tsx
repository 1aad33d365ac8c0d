/** A question that a line of text answers. */

import { useState } from "react";
import { flow } from "../format/flow.ts";
import { type Line, t } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { keyOf } from "../keys/registry.ts";
import { hintLine, type Window } from "../shared/overlay.tsx";
import { Dialog } from "./dialog.tsx";
import { useStill } from "./still.ts";
import { fieldLine, useTextField } from "./use-text-field.ts";

interface TextProps extends Window {
  readonly title: string;
  readonly lines: readonly string[];
  readonly placeholder: string;
  /** A sentence where the text will not do. */
  readonly check: (text: string) => string | undefined;
  readonly onText: (text: string) => void;
  readonly onNo: () => void;
}

/** Rows that are kept for what is wrong, so that the box does not jump while one types. */
const WRONG_ROWS = 2;

export function TextDialog({ placeholder, check, onText, onNo, ...window }: TextProps) {
  const [refused, setRefused] = useState(false);
  const { ready, hears } = useStill();
  const { text, field } = useTextField({
    active: window.active,
    hears,
    onAccept: (typed) => (check(typed) === undefined ? onText(typed) : setRefused(true)),
    onBack: onNo,
  });
  const wrong = text || refused ? check(text) : undefined;
  const footer = (width: number): readonly Line[] => {
    const sentence = flow(clean(wrong ?? ""), width).map(
      (row): Line => [t(row, refused ? "status.error" : "status.warn")],
    );
    return [
      [{ text: "› ", token: "accent", spoken: "Typed: " }, ...fieldLine(field, width - 2, clean(placeholder))],
      ...Array.from({ length: WRONG_ROWS }, (_, row) => sentence[row] ?? []),
      ready
        ? hintLine(
            [
              [keyOf("typed", "accept"), "go on"],
              [keyOf("typed", "back"), "cancel"],
            ],
            width,
          )
        : [],
    ];
  };
  return <Dialog {...window} scrollIn="typed" footer={footer} />;
}
