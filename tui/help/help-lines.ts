/** Every key of the registry by where it is heard, in as many columns as there is room for. Pure. */

import { flow } from "../format/flow.ts";
import { cellOf, type Line, t } from "../format/line.ts";
import { matches, pad } from "../format/text.ts";
import type { WhyNot } from "../keys/availability.ts";
import { shownKey } from "../keys/key-names.ts";
import { type Binding, type KeyContext, SECTIONS } from "../keys/registry.ts";

/** What is heard by no context of the registry: the far side has the keyboard, or every context does. */
const ELSEWHERE: readonly (readonly [key: string, description: string])[] = [
  ["Ctrl+]", "In a session: leave it; what runs in it goes on"],
  ["Ctrl+C", "Anywhere: cancel what is looked at; twice: quit"],
];

/** Below this the sentences no longer read well. */
const COLUMN_LEAST = 56;
const GAP = 3;
const KEY_COLUMNS = 12;

/** The whole of the help, `columns` wide, or what has `filter` in its key or words: the keys of `context` first. */
export function helpLines(whyNot: WhyNot, context: KeyContext, columns: number, filter = ""): Line[] {
  const number = Math.max(1, Math.min(3, Math.floor((columns + GAP) / (COLUMN_LEAST + GAP))));
  const wide = Math.floor((columns - GAP * (number - 1)) / number);
  // What is heard in fewer places belongs to the place the more.
  const here = (contexts: readonly KeyContext[]) => (contexts.includes(context) ? 1 / contexts.length : 0);
  const found = (title: string, text: string, keys: readonly string[]) =>
    matches(filter, title, text) || keys.some((key) => key === filter);
  const blocks = SECTIONS.toSorted((a, b) => here(b.contexts) - here(a.contexts)).flatMap(({ title, bindings }) => {
    const shown = bindings.filter(({ description, keys }) => found(title, description, keys.map(shownKey)));
    return shown.length ? [sectionLines(title, shown, whyNot, wide)] : [];
  });
  const elsewhere = ELSEWHERE.filter(([key, text]) => found("Elsewhere", text, [key]));
  if (elsewhere.length) {
    blocks.push([heading("Elsewhere"), ...elsewhere.flatMap(([key, text]) => row(key, text, wide)), []]);
  }
  if (!blocks.length) return [[t("No key matches.", "text.dim")]];
  const stacks = inStacks(blocks, number);
  const height = Math.max(...stacks.map((stack) => stack.length));
  return Array.from(
    { length: height },
    (_, index): Line =>
      stacks
        .map((stack) => cellOf(stack[index] ?? [], wide))
        .flatMap((cell, place) => (place ? [t(" ".repeat(GAP)), cell] : [cell])),
  );
}

/** The blocks in order, one stack full before the next begins. */
function inStacks(blocks: readonly (readonly Line[])[], number: number): Line[][] {
  const share = Math.ceil(blocks.flat().length / number);
  const stacks: Line[][] = [[]];
  for (const block of blocks) {
    const last = stacks.at(-1);
    if (last && (last.length === 0 || stacks.length === number || last.length + block.length / 2 <= share)) {
      last.push(...block);
    } else stacks.push([...block]);
  }
  return stacks;
}

function sectionLines(title: string, bindings: readonly Binding[], whyNot: WhyNot, columns: number): Line[] {
  const rows = bindings.flatMap(({ command, contexts, keys, description }) =>
    row(keys.map(shownKey).join(" "), description, columns, contexts.includes("fleet") ? whyNot(command) : undefined),
  );
  return [heading(title), ...rows, []];
}

function heading(title: string): Line {
  return [t(title, "accent.strong")];
}

/** A key and what it does; what it would not do now is dim, with the reason below. */
function row(key: string, description: string, columns: number, reason?: string): Line[] {
  const room = Math.max(1, columns - KEY_COLUMNS);
  const text = flow(description, room).map(
    (part, index): Line => [
      t(pad(index ? "" : key, KEY_COLUMNS - 1), reason ? "text.dim" : "key"),
      t(" "),
      t(part, reason ? "text.dim" : undefined),
    ],
  );
  const why = reason ? flow(`not now: ${reason}`, room) : [];
  return [...text, ...why.map((part): Line => [t(" ".repeat(KEY_COLUMNS)), t(part, "text.dim")])];
}
