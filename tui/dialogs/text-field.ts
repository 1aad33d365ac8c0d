/** A line of text under a cursor, and what the keys make of it. Pure. */

import { clean } from "../format/text.ts";

export interface Field {
  readonly before: string;
  readonly after: string;
}

/** Nothing that is asked for is longer; a pasted file is no answer, and would hold up the screen. */
const LONGEST = 1000;

export const EMPTY_FIELD: Field = { before: "", after: "" };

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export function fieldText(field: Field): string {
  return field.before + field.after;
}

/** The field after a key of this name, or after text (typed or pasted); unknown keys change nothing. */
export function edited(field: Field, text: string, name: string): Field {
  const { before, after } = field;
  switch (name) {
    case "left":
      return { before: withoutLast(before), after: last(before) + after };
    case "right":
      return { before: before + first(after), after: after.slice(first(after).length) };
    case "home":
    case "ctrl+a":
      return { before: "", after: before + after };
    case "end":
    case "ctrl+e":
      return { before: before + after, after: "" };
    case "backspace":
      return { before: withoutLast(before), after };
    case "delete":
      // Most terminals send "delete" only for the key of that name; Ink tells it from backspace.
      return { before, after: after.slice(first(after).length) };
    case "ctrl+u":
      return { before: "", after };
    case "ctrl+k":
      return { before, after: "" };
    case "ctrl+w":
      return { before: before.replace(/\S*\s*$/, ""), after };
    default:
      if (/^(?:ctrl|alt|shift)\+/.test(name)) return field;
      return { before: (before + clean(text.slice(0, LONGEST))).slice(0, LONGEST), after };
  }
}

/** The field after a paste: one line of it, without the white space around it. */
export function pasted(field: Field, text: string): Field {
  return edited(field, text.trim(), "");
}

function last(text: string): string {
  let found = "";
  for (const { segment } of graphemes.segment(text)) found = segment;
  return found;
}

function first(text: string): string {
  for (const { segment } of graphemes.segment(text)) return segment;
  return "";
}

function withoutLast(text: string): string {
  return text.slice(0, text.length - last(text).length);
}
