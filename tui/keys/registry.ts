/** This folder: every key, what it does and where. Not here: how it is done. */
/** The one place that says which key does what: it feeds dispatch, the footer and the `?` overlay. */

import { actions } from "./action-rows.ts";
import { shownKey } from "./key-names.ts";

/** Where keys are heard: the topmost overlay's context, or the fleet screen's. */
export type KeyContext =
  | "fleet"
  | "help"
  | "dialog"
  | "typed"
  | "choose"
  | "run"
  | "device-code"
  | "history"
  | "orphans"
  | "notices"
  | "plan"
  | "kernel";

/**
 * A row of the table: the command; its keys by the names that `keyName` gives them, the first one is shown; what it does;
 * a word or two for the footer, where it stands there (`minor`: in room that is left over); and where else than in its section it is heard, or instead.
 */
type Row<C extends string = string> = readonly [
  command: C,
  keys: string,
  description: string,
  more?: { readonly label?: string; readonly minor?: boolean; readonly in?: readonly KeyContext[] },
];

interface Section<C extends string = string> {
  /** The heading in the help. */
  readonly title: string;
  readonly contexts: readonly KeyContext[];
  readonly rows: readonly Row<C>[];
}

const LOGS = ["run", "kernel"] as const;
const FILTERED = ["help", "history", "orphans"] as const;
const LISTS = ["help", "choose", "history", "orphans", "notices"] as const;
const MOVES = [...LISTS, ...LOGS, "plan"] as const;
const BUTTONS = ["dialog", "typed"] as const;

const TABLE = [
  {
    title: "The chosen machine",
    contexts: ["fleet"],
    rows: [
      ...actions("machine"),
      ["session", "tab", "Choose among the machine's sessions", { label: "next session", minor: true }],
      ["newSession", "n", "Open one more shell on the machine", { label: "new shell", minor: true }],
      ["endSession", "x", "End the chosen session", { label: "end session", minor: true }],
    ],
  },
  {
    title: "The account",
    contexts: ["fleet"],
    rows: [...actions("account"), ["orphans", "o", "Look at unattached volumes", { label: "unattached", minor: true }]],
  },
  {
    title: "To look at",
    contexts: ["fleet"],
    rows: [
      ["notices", "m", "More: every notice in full"],
      ["runs", "v", "View the run that is under way", { label: "run", minor: true }],
      ["history", "h", "Past runs, each can be opened again", { label: "history", minor: true }],
      ["refresh", "r", "Look at the account now", { label: "look now", minor: true }],
      ["copyMenu", "c", "Copy a machine's ID, address, ssh command or volumes", { label: "copy", minor: true }],
      ["console", "w", "The machine's page at AWS, in a browser here; copied where there is none"],
      // k is the kernel's key here.
      ["up", "up", "Up", { in: ["fleet", "typed"] }],
      ["down", "down", "Down", { in: ["fleet", "typed"] }],
    ],
  },
  {
    title: "The cockpit",
    contexts: ["fleet"],
    rows: [
      ["help", "?", "Every key", { label: "help", in: ["fleet", ...LOGS, "history", "orphans", "plan"] }],
      ["quit", "q", "Quit", { label: "quit" }],
    ],
  },
  {
    title: "In every list",
    contexts: [...MOVES, "dialog"],
    rows: [
      ["up", "up k", "Up"],
      ["down", "down j", "Down"],
      ["pageUp", "pageup b ctrl+u", "A page up", { in: MOVES }],
      ["pageDown", "pagedown space ctrl+d", "A page down", { in: MOVES }],
      ["top", "g home", "To the first line", { in: MOVES }],
      ["bottom", "G end", "To the last line, and follow", { in: MOVES }],
      ["back", "escape q", "Back; what runs goes on", { in: MOVES }],
      ["back", "?", "Back", { in: ["help"] }],
    ],
  },
  {
    title: "In a run or its log",
    contexts: LOGS,
    rows: [
      ["wrap", "w", "Wrap long lines, or cut them"],
      ["search", "/", "Search"],
      ["searchNext", "n", "Next match"],
      ["searchPrevious", "N", "Previous match"],
      ["copy", "c", "Copy by the terminal (OSC 52)", { in: [...LOGS, "device-code", "orphans", "plan"] }],
      ["save", "s", "Save the log as a file"],
      ["next", "tab", "What else there is of a run: its plan, a build, the steps", { in: [...LOGS, "plan"] }],
      ["shell", "enter", "A shell on the machine, once it was started or has your disk again", { in: ["run"] }],
      ["cancel", "ctrl+c", "Ask whether to stop what runs, after its current call", { in: ["run"] }],
    ],
  },
  {
    title: "In a plan",
    contexts: ["plan"],
    rows: [
      ["apply", "a", "Answer whether to apply exactly this plan"],
      ["fold", "enter right left", "Unfold what changes of a resource, or fold it"],
      ["foldAll", "e", "Unfold every resource, or fold them all"],
      ["search", "/", "Show only what has this in it; Escape: all of it again", { in: ["plan", ...FILTERED] }],
    ],
  },
  {
    title: "When signing in",
    contexts: ["device-code"],
    rows: [
      ["browser", "o", "Open the address in a browser here"],
      ["cancel", "escape", "Give up signing in"],
    ],
  },
  {
    title: "Among unattached volumes",
    contexts: ["orphans"],
    rows: [["delete", "x", "Delete the volume, after its ID is typed"]],
  },
  {
    title: "In questions",
    contexts: [...BUTTONS, "choose", "history"],
    rows: [
      ["left", "left", "The button on the left", { in: ["dialog"] }],
      ["right", "right", "The button on the right", { in: ["dialog"] }],
      ["next", "tab", "Next button", { in: BUTTONS }],
      ["accept", "enter", "Choose", { in: [...BUTTONS, "choose", "history", "kernel"] }],
      ["yes", "y", "Yes, without going to its button", { in: ["dialog"] }],
      ["no", "n", "No", { in: ["dialog"] }],
      ["back", "escape", "Back: that is no", { in: BUTTONS }],
    ],
  },
  {
    title: "In a kernel build",
    contexts: ["kernel"],
    rows: [
      ["nextError", "e", "To the compiler's first error, and from there to the next"],
      ["findings", "W", "List the errors and warnings: Enter goes to one in the log"],
    ],
  },
] as const satisfies readonly Section[];

export type Command = (typeof TABLE)[number]["rows"][number][0];

export interface Binding {
  readonly command: Command;
  readonly contexts: readonly KeyContext[];
  readonly keys: readonly string[];
  /** One or two words for the footer; absent: not in the footer. */
  readonly label: string | undefined;
  readonly minor: boolean;
  readonly description: string;
}

export const SECTIONS = (TABLE as readonly Section<Command>[]).map(({ title, contexts, rows }) => ({
  title,
  contexts,
  bindings: rows.map(
    ([command, keys, description, { label, minor = false, in: where = contexts } = {}]): Binding => ({
      command,
      contexts: where,
      keys: keys.split(" "),
      label,
      minor,
      description,
    }),
  ),
}));

const BINDINGS = SECTIONS.flatMap(({ bindings }) => bindings);

/** The command that `key` means in `context`. */
export function lookup(context: KeyContext, key: string): Command | undefined {
  return BINDINGS.find((binding) => binding.contexts.includes(context) && binding.keys.includes(key))?.command;
}

/** All bindings that are heard in a context, in the order of the table. */
export function bindingsOf(context: KeyContext): readonly Binding[] {
  return BINDINGS.filter((binding) => binding.contexts.includes(context));
}

/** The key to show for a command in a context, as a person reads it; a command that is not heard there shows none. */
export function keyOf(context: KeyContext, command: Command): string {
  return shownKey(bindingsOf(context).find((one) => one.command === command)?.keys[0] ?? "");
}
