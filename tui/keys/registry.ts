/** This folder: every key, what it does and where. Not here: how it is done. */
/** The one place that says which key does what: it feeds dispatch, the footer and the `?` overlay. */

/** Where keys are heard: the topmost overlay's context, or the fleet screen's. */
export type KeyContext =
  | "fleet"
  | "help"
  | "dialog"
  | "typed"
  | "choose"
  | "run"
  | "device-code"
  | "log"
  | "history"
  | "orphans"
  | "plan"
  | "kernel";

export type Command =
  | "up"
  | "down"
  | "left"
  | "right"
  | "pageUp"
  | "pageDown"
  | "top"
  | "bottom"
  | "next"
  | "accept"
  | "back"
  | "open"
  | "session"
  | "newSession"
  | "endSession"
  | "kernel"
  | "swap"
  | "apply"
  | "login"
  | "power"
  | "database"
  | "history"
  | "orphans"
  | "runs"
  | "refresh"
  | "help"
  | "quit"
  | "copy"
  | "browser"
  | "cancel"
  | "wrap"
  | "search"
  | "searchNext"
  | "searchPrevious"
  | "save"
  | "delete"
  | "fold"
  | "foldAll"
  | "nextError"
  | "findings";

type Category = "machines" | "account" | "look" | "cockpit";

export interface Binding {
  readonly command: Command;
  readonly contexts: readonly KeyContext[];
  /** Key names as `keyName` gives them, the first one is shown. */
  readonly keys: readonly string[];
  /** One or two words for the footer; absent: not in the footer. */
  readonly label?: string;
  /** A sentence for the help overlay. */
  readonly description: string;
  readonly category: Category;
}

const MOVES: readonly KeyContext[] = ["help", "run", "log", "history", "orphans", "choose", "plan", "kernel"];

export const BINDINGS: readonly Binding[] = [
  {
    command: "open",
    contexts: ["fleet"],
    keys: ["enter", "right"],
    label: "ssh",
    description: "Open a shell on the machine, whatever has to happen first",
    category: "machines",
  },
  {
    command: "swap",
    contexts: ["fleet"],
    keys: ["s"],
    label: "swap",
    description: "Swap the machine's persistent root volume back",
    category: "machines",
  },
  {
    command: "power",
    contexts: ["fleet"],
    keys: ["p"],
    label: "start/stop",
    description: "Start the machine, or stop it",
    category: "machines",
  },
  {
    command: "kernel",
    contexts: ["fleet"],
    keys: ["k"],
    label: "kernel",
    description: "Build a patched kernel on the machine",
    category: "machines",
  },
  {
    command: "session",
    contexts: ["fleet"],
    keys: ["tab"],
    description: "Choose among the machine's sessions",
    category: "machines",
  },
  {
    command: "newSession",
    contexts: ["fleet"],
    keys: ["n"],
    description: "Open one more shell on the machine",
    category: "machines",
  },
  {
    command: "endSession",
    contexts: ["fleet"],
    keys: ["x"],
    description: "End the chosen session",
    category: "machines",
  },
  {
    command: "apply",
    contexts: ["fleet"],
    keys: ["a"],
    label: "apply",
    description: "Plan and apply Terraform",
    category: "account",
  },
  {
    command: "login",
    contexts: ["fleet"],
    keys: ["l"],
    label: "sign in",
    description: "Sign in by device code",
    category: "account",
  },
  {
    command: "database",
    contexts: ["fleet"],
    keys: ["d"],
    label: "database",
    description: "Connect to the database",
    category: "account",
  },
  {
    command: "orphans",
    contexts: ["fleet"],
    keys: ["o"],
    description: "Look at volumes that belong to nothing",
    category: "account",
  },
  {
    command: "runs",
    contexts: ["fleet"],
    keys: ["v"],
    description: "View the run that is under way",
    category: "look",
  },
  {
    command: "history",
    contexts: ["fleet"],
    keys: ["h"],
    description: "Past runs, each can be opened again",
    category: "look",
  },
  {
    command: "refresh",
    contexts: ["fleet"],
    keys: ["r"],
    description: "Look at the account now",
    category: "look",
  },
  {
    command: "up",
    contexts: ["fleet", "dialog", "typed", ...MOVES],
    keys: ["up"],
    description: "Up",
    category: "look",
  },
  {
    command: "down",
    contexts: ["fleet", "dialog", "typed", ...MOVES],
    keys: ["down"],
    description: "Down",
    category: "look",
  },
  { command: "pageUp", contexts: MOVES, keys: ["pageup", "b"], description: "A page up", category: "look" },
  {
    command: "pageDown",
    contexts: MOVES,
    keys: ["pagedown", "space"],
    description: "A page down",
    category: "look",
  },
  {
    command: "top",
    contexts: ["run", "log", "plan", "kernel"],
    keys: ["g", "home"],
    label: "top",
    description: "To the first line",
    category: "look",
  },
  {
    command: "bottom",
    contexts: ["run", "log", "plan", "kernel"],
    keys: ["G", "end"],
    label: "bottom",
    description: "To the last line, and follow",
    category: "look",
  },
  {
    command: "wrap",
    contexts: ["run", "log", "kernel"],
    keys: ["w"],
    label: "wrap",
    description: "Wrap long lines, or cut them",
    category: "look",
  },
  {
    command: "search",
    contexts: ["run", "log", "kernel"],
    keys: ["/"],
    label: "search",
    description: "Search",
    category: "look",
  },
  {
    command: "searchNext",
    contexts: ["run", "log", "kernel"],
    keys: ["n"],
    description: "Next match",
    category: "look",
  },
  {
    command: "searchPrevious",
    contexts: ["run", "log", "kernel"],
    keys: ["N"],
    description: "Previous match",
    category: "look",
  },
  {
    command: "copy",
    contexts: ["device-code", "run", "log", "orphans", "plan", "kernel"],
    keys: ["c"],
    label: "copy",
    description: "Copy by the terminal (OSC 52)",
    category: "look",
  },
  {
    command: "save",
    contexts: ["run", "log", "kernel"],
    keys: ["s"],
    label: "save",
    description: "Save the log as a file",
    category: "look",
  },
  {
    command: "browser",
    contexts: ["device-code"],
    keys: ["o"],
    label: "browser",
    description: "Open the address in a browser here",
    category: "account",
  },
  {
    command: "delete",
    contexts: ["orphans"],
    keys: ["x"],
    label: "delete",
    description: "Delete the volume, after its ID is typed",
    category: "account",
  },
  {
    command: "apply",
    contexts: ["plan"],
    keys: ["a"],
    label: "answer",
    description: "Answer whether to apply exactly this plan",
    category: "account",
  },
  {
    command: "fold",
    contexts: ["plan"],
    keys: ["enter", "right", "left"],
    label: "fold",
    description: "Unfold what changes of a resource, or fold it",
    category: "look",
  },
  {
    command: "foldAll",
    contexts: ["plan"],
    keys: ["e"],
    label: "all",
    description: "Unfold every resource, or fold them all",
    category: "look",
  },
  {
    command: "search",
    contexts: ["plan"],
    keys: ["/"],
    label: "filter",
    description: "Show only resources with this in their address",
    category: "look",
  },
  {
    command: "next",
    contexts: ["plan", "run", "kernel"],
    keys: ["tab"],
    label: "other view",
    description: "What else there is of a run: its plan or apply, a build, the steps and the log",
    category: "look",
  },
  {
    command: "nextError",
    contexts: ["kernel"],
    keys: ["e"],
    label: "first error",
    description: "To the compiler's first error, and from there to the next",
    category: "look",
  },
  {
    command: "findings",
    contexts: ["kernel"],
    keys: ["W"],
    label: "warnings",
    description: "List the errors and warnings: Enter goes to one in the log",
    category: "look",
  },
  {
    command: "left",
    contexts: ["dialog"],
    keys: ["left"],
    description: "The other button",
    category: "cockpit",
  },
  {
    command: "right",
    contexts: ["dialog"],
    keys: ["right"],
    description: "The other button",
    category: "cockpit",
  },
  {
    command: "next",
    contexts: ["dialog", "typed"],
    keys: ["tab"],
    label: "other button",
    description: "The other button",
    category: "cockpit",
  },
  {
    command: "accept",
    contexts: ["dialog", "typed", "choose", "history", "kernel"],
    keys: ["enter"],
    label: "choose",
    description: "Take what is marked",
    category: "cockpit",
  },
  {
    command: "cancel",
    contexts: ["device-code"],
    keys: ["escape"],
    label: "cancel",
    description: "Give up signing in",
    category: "account",
  },
  {
    command: "cancel",
    contexts: ["run"],
    keys: ["ctrl+c"],
    label: "stop",
    description: "Ask whether to stop what runs, after its current call",
    category: "cockpit",
  },
  {
    command: "back",
    contexts: ["dialog", "typed", "choose", "help", "run", "log", "history", "orphans", "plan", "kernel"],
    keys: ["escape"],
    label: "back",
    description: "Back; what runs goes on",
    category: "cockpit",
  },
  { command: "back", contexts: ["help"], keys: ["?", "q"], description: "Back", category: "cockpit" },
  {
    command: "help",
    contexts: ["fleet", "run", "log", "history", "orphans", "plan", "kernel"],
    keys: ["?"],
    label: "help",
    description: "Every key",
    category: "cockpit",
  },
  { command: "quit", contexts: ["fleet"], keys: ["q"], label: "quit", description: "Quit", category: "cockpit" },
];

/** The command that `key` means in `context`. */
export function lookup(context: KeyContext, key: string): Command | undefined {
  return BINDINGS.find((binding) => binding.contexts.includes(context) && binding.keys.includes(key))?.command;
}

/** All bindings that are heard in a context, in the order of the registry. */
export function bindingsOf(context: KeyContext): readonly Binding[] {
  return BINDINGS.filter((binding) => binding.contexts.includes(context));
}

const SHOWN: Readonly<Record<string, string>> = {
  enter: "Enter",
  escape: "Esc",
  up: "↑",
  down: "↓",
  left: "←",
  right: "→",
  tab: "Tab",
  space: "Space",
  pageup: "PgUp",
  pagedown: "PgDn",
  home: "Home",
  end: "End",
  "ctrl+c": "Ctrl+C",
};

/** The key to show for a command in a context, as a person reads it; a command that is not heard there shows none. */
export function keyOf(context: KeyContext, command: Command): string {
  const binding = bindingsOf(context).find((one) => one.command === command);
  return shownKey(binding?.keys[0] ?? "");
}

/** A key's name as a person reads it. */
export function shownKey(key: string): string {
  return SHOWN[key] ?? key;
}
