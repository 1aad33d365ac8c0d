/** A question that only the right word answers: for what cannot be undone. */

import { useState } from "react";
import type { Deed } from "../../ops/operation/types.ts";
import { type Line, t } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { keyOf } from "../keys/registry.ts";
import { hintLine, type Window } from "../shared/overlay.tsx";
import { Dialog } from "./dialog.tsx";
import { useStill } from "./still.ts";
import { fieldLine, useTextField } from "./use-text-field.ts";

interface TypedProps extends Window {
  readonly title: string;
  readonly deeds?: readonly Deed[];
  readonly lines: readonly string[];
  readonly word: string;
  readonly yes: string;
  readonly no: string;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

const NARROWEST = 64;

export function TypedDialog({ word, yes, no, onYes, onNo, ...window }: TypedProps) {
  const [refused, setRefused] = useState(false);
  const { ready, hears } = useStill();
  const { text, field } = useTextField({
    active: window.active,
    hears,
    onAccept: (typed) => (typed === word ? onYes() : setRefused(true)),
    onBack: onNo,
  });
  const right = text === word;
  const onTheWay = word.startsWith(text);
  const token = right ? "status.ok" : onTheWay && !refused ? "text.dim" : onTheWay ? "status.warn" : "status.error";
  const footer = (width: number): readonly Line[] => [
    [t("Type ", "text.dim"), t(clean(word), "text.strong"), t(" and press Enter:", "text.dim")],
    [{ text: "› ", token: "accent", spoken: "Typed: " }, ...fieldLine(field, width - 2)],
    [t(right ? "✓ It matches." : wrongness(text, word), token)],
    [],
    ready
      ? hintLine(
          [
            [keyOf("typed", "back"), clean(no)],
            [keyOf("typed", "accept"), right ? clean(yes) : `${clean(yes)}, when it matches`],
          ],
          width,
        )
      : [],
  ];
  return <Dialog {...window} narrowest={NARROWEST} tone="border.warn" scrollIn="typed" footer={footer} />;
}

/** What keeps `text` from being `word`, as a sentence; empty where it is the word. */
export function wrongness(text: string, word: string): string {
  if (text === word) return "";
  if (text === "") return "Nothing is typed yet.";
  const missing = word.length - text.length;
  if (word.startsWith(text)) return `Right so far: ${missing} more ${missing === 1 ? "character" : "characters"}.`;
  let place = 0;
  while (text[place] === word[place] && place < word.length) place += 1;
  if (place === word.length) return `✗ Too long by ${text.length - word.length}.`;
  return `✗ Character ${place + 1} is "${clean(text[place] ?? "")}" and should be "${word[place]}".`;
}
