/** A list narrowed by what is typed: `/` begins, every letter counts at once, Enter keeps it, Escape gives all of it back. */

import { type Line, t } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { keyOf } from "../keys/registry.ts";
import { useInstant } from "../shared/instant.ts";
import type { Hint } from "../shared/overlay.tsx";
import { fieldLine, useTextField } from "./use-text-field.ts";

interface Filter {
  /** What is filtered by now; empty: by nothing. */
  readonly text: string;
  /** While this is so, no key is a command of the list. */
  readonly typing: boolean;
  readonly begin: () => void;
  /** Gives all of the list back: false where all of it is there. */
  readonly clear: () => boolean;
  /** The row that says it, and how much was found; none where nothing is filtered. */
  readonly lines: (columns: number, found: string) => readonly Line[];
}

interface FilterProps {
  readonly active: boolean;
  /** What may be typed, as an example with a space before it is typed. */
  readonly placeholder: string;
  /** Told when typing begins and ends, and of every other text that the list is narrowed by. */
  readonly onTyping?: (typing: boolean) => void;
  readonly onChange?: () => void;
}

/** The keys of the list itself have to be off while `typing`. */
export function useFilter({ active, placeholder, onTyping, onChange }: FilterProps): Filter {
  const kept = useInstant("");
  const { value: typing, get: isTyping, set } = useInstant(false);
  const type = (on: boolean) => {
    set(on);
    onTyping?.(on);
  };
  const end = (text: string) => {
    type(false);
    kept.set(text);
    onChange?.();
  };
  const field = useTextField({ active: active && typing, onAccept: end, onBack: () => end("") });
  return {
    text: (typing ? field.text : kept.value).trim(),
    typing,
    begin: () => {
      field.clear();
      kept.set("");
      type(true);
      onChange?.();
    },
    clear: () => {
      if (isTyping() || !kept.get()) return false;
      end("");
      return true;
    },
    lines: (columns, found) => {
      if (typing) return [[t("/", "accent"), ...fieldLine(field.field, columns - 2, placeholder)]];
      return kept.value ? [[t(`/${clean(kept.value)}  ${found}`, "accent")]] : [];
    },
  };
}

/** What the keys do while a filter is typed. */
export const FILTER_HINTS: readonly Hint[] = [
  [keyOf("typed", "accept"), "keep"],
  [keyOf("typed", "back"), "all again"],
];
