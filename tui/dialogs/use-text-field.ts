/** A field for one line of text: typing, pasting, the cursor. */

import { usePaste } from "ink";
import { type Line, t } from "../format/line.ts";
import { truncate, width } from "../format/text.ts";
import { useKeys } from "../keys/use-keys.ts";
import { useInstant } from "../shared/instant.ts";
import { EMPTY_FIELD, edited, type Field, fieldText, pasted } from "./text-field.ts";

interface FieldKeys {
  readonly active: boolean;
  readonly onAccept: (text: string) => void;
  readonly onBack: () => void;
  readonly hears?: () => boolean;
}

/** Hears the keys of the "typed" context; gives the text and the field to draw. */
export function useTextField({ active, onAccept, onBack, hears }: FieldKeys): {
  readonly text: string;
  readonly field: Field;
  readonly clear: () => void;
} {
  const { value: field, get, set } = useInstant(EMPTY_FIELD);
  useKeys(
    "typed",
    { accept: () => onAccept(fieldText(get())), back: onBack },
    { active, onText: (text, name) => set(edited(get(), text, name)), ...(hears && { hears }) },
  );
  usePaste((text) => hears?.() !== false && set(pasted(get(), text)), { isActive: active });
  return { text: fieldText(field), field, clear: () => set(EMPTY_FIELD) };
}

/** The field in `columns` columns at most: the part around the cursor where it is longer. */
export function fieldLine({ before, after }: Field, columns: number, placeholder = ""): Line {
  const room = Math.max(1, columns - 1);
  let start = before;
  while (width(start) > room) start = start.slice(1);
  if (!before && !after) {
    const spoken = placeholder ? `nothing yet, for example ${placeholder}` : "nothing yet";
    const hint = truncate(placeholder.slice(1), columns - 1);
    return [
      { text: placeholder.slice(0, 1) || " ", token: "cursor", spoken },
      { text: hint, token: "text.dim", spoken: "" },
    ];
  }
  return [
    t(start),
    t(after.slice(0, 1) || " ", "cursor"),
    t(truncate(after.slice(1), columns - width(start) - 1), "text"),
  ];
}
