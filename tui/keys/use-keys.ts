import { useInput } from "ink";
import { useContext } from "react";
import { keyName } from "./key-names.ts";
import { OpenHelp } from "./open-help.ts";
import { type Command, type KeyContext, lookup } from "./registry.ts";

type Handlers = Partial<Readonly<Record<Command, () => void>>>;

interface Options {
  /** Only the topmost context hears keys. */
  readonly active: boolean;
  /** For fields: printable text, and "backspace", that are no command here. */
  readonly onText?: (text: string, name: string) => void;
  /** Asked at every key but the one that goes back: false where it is not to be heard. */
  readonly hears?: () => boolean;
}

/** Hears the keys of one context and calls the handler of the command that the registry gives. Help is the same everywhere. */
export function useKeys(context: KeyContext, handlers: Handlers, { active, onText, hears }: Options): void {
  const openHelp = useContext(OpenHelp);
  // Ink calls the newest of these functions from the moment that it is drawn: a quick key never meets an old handler.
  useInput(
    (input, key) => {
      if (key.eventType === "release") return;
      const hear = (text: string, name: string) => {
        const command = lookup(context, name);
        if (command !== "back" && hears?.() === false) return;
        const handler = command && handlers[command];
        if (handler) handler();
        else if (command === "help") openHelp(context);
        else if (!command) onText?.(text, name);
        return command;
      };
      // Typed faster than it was read: a word and its Enter in one piece. Only a field takes it apart, as what follows a
      // command is meant for what that command opens.
      if (onText && /^[^\r\n]+[\r\n]/.test(input)) {
        const [word = ""] = input.split(/[\r\n]/, 1);
        hear(word, word);
        hear("", "enter");
      } else if (!onText && isHeldDown(context, input)) {
        for (const one of input) hear(one, one);
      } else hear(input, keyName(input, key));
    },
    { isActive: active },
  );
}

const MOVES: readonly (Command | undefined)[] = ["up", "down", "pageUp", "pageDown"];

/** A key that is held down over a slow link comes several times in one piece. It is one that only moves, or it is heard once at most. */
function isHeldDown(context: KeyContext, input: string): boolean {
  return /^(.)\1+$/u.test(input) && MOVES.includes(lookup(context, input.charAt(0)));
}
