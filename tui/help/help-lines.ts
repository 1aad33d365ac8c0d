/** Every key of the registry by where it is heard, in as many columns as there is room for. Pure. */

import { flow } from "../format/flow.ts";
import { cellOf, type Line, t } from "../format/line.ts";
import { pad } from "../format/text.ts";
import type { Availability } from "../keys/availability.ts";
import { BINDINGS, type Binding, type Command, type KeyContext, shownKey } from "../keys/registry.ts";

interface Group {
  readonly title: string;
  /** Where its keys are heard that are no fleet screen's. */
  readonly contexts: readonly KeyContext[];
  readonly has: (binding: Binding) => boolean;
}

const onFleet = (title: string, category: Binding["category"]): Group => ({
  title,
  contexts: ["fleet"],
  has: (binding) => binding.contexts.includes("fleet") && binding.category === category,
});
const onlyIn = (title: string, ...contexts: readonly KeyContext[]): Group => ({
  title,
  contexts,
  has: (binding) =>
    !binding.contexts.includes("fleet") && contexts.some((context) => binding.contexts.includes(context)),
});

/** A binding belongs to the first group that has it. */
const GROUPS: readonly Group[] = [
  onFleet("The chosen machine", "machines"),
  onFleet("The account", "account"),
  onFleet("To look at", "look"),
  onFleet("The cockpit", "cockpit"),
  onlyIn("In a run or its log", "run", "log"),
  onlyIn("In a plan", "plan"),
  onlyIn("When signing in", "device-code"),
  onlyIn("Among orphans", "orphans"),
  onlyIn("In lists and dialogs", "dialog", "typed", "choose", "history"),
  // What it shares with logs and lists stands there.
  onlyIn("In a kernel build", "kernel"),
];

/** What is heard by no context of the registry: the far side has the keyboard, or every context does. */
const ELSEWHERE: readonly (readonly [key: string, description: string])[] = [
  ["Ctrl+]", "In a session: leave it; what runs in it goes on"],
  ["Ctrl+C", "Anywhere: cancel what is looked at; twice: quit"],
];

/** Below this the sentences no longer read well. */
const COLUMN_LEAST = 56;
const GAP = 3;
const KEY_COLUMNS = 12;

/** The whole of the help, `columns` wide: the keys of `context` first. */
export function helpLines(
  availability: (command: Command) => Availability,
  context: KeyContext,
  columns: number,
): Line[] {
  const number = Math.max(1, Math.min(3, Math.floor((columns + GAP) / (COLUMN_LEAST + GAP))));
  const wide = Math.floor((columns - GAP * (number - 1)) / number);
  const here = ({ contexts }: Group) => Number(contexts.includes(context));
  const groups = GROUPS.toSorted((a, b) => here(b) - here(a));
  const blocks = groups
    .map((group) =>
      groupLines(
        group.title,
        BINDINGS.filter((binding) => groups.find((one) => one.has(binding)) === group),
        availability,
        wide,
      ),
    )
    .filter((lines) => lines.length > 0);
  blocks.push([heading("Elsewhere"), ...ELSEWHERE.flatMap(([key, text]) => row(key, text, wide)), []]);
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

function groupLines(
  title: string,
  bindings: readonly Binding[],
  availability: (command: Command) => Availability,
  columns: number,
): Line[] {
  if (bindings.length === 0) return [];
  const rows = bindings.flatMap((binding) => {
    const answer = binding.contexts.includes("fleet") ? availability(binding.command) : ({ ok: true } as const);
    return row(
      binding.keys.map(shownKey).join(" "),
      binding.description,
      columns,
      answer.ok ? undefined : answer.reason,
    );
  });
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
