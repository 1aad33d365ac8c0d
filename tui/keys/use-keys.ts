import { type Key, useInput } from "ink";
import { type Command, type KeyContext, lookup } from "./registry.ts";

/** One name for a key press, whatever escape sequence it came as: "up", "enter", "ctrl+c", "k", "K". */
export function keyName(input: string, key: Key): string {
  if (key.upArrow) return "up";
  if (key.downArrow) return "down";
  if (key.leftArrow) return "left";
  if (key.rightArrow) return "right";
  if (key.pageUp) return "pageup";
  if (key.pageDown) return "pagedown";
  if (key.home) return "home";
  if (key.end) return "end";
  if (key.return) return "enter";
  if (key.escape) return "escape";
  if (key.tab) return key.shift ? "shift+tab" : "tab";
  if (key.backspace) return "backspace";
  if (key.delete) return "delete";
  if (key.ctrl) return `ctrl+${input}`;
  if (key.meta) return `alt+${input}`;
  return input === " " ? "space" : input;
}

type Handlers = Partial<Readonly<Record<Command, () => void>>>;

interface Options {
  /** Only the topmost context hears keys. */
  readonly active: boolean;
  /** For fields: printable text, and "backspace", that are no command here. */
  readonly onText?: (text: string, name: string) => void;
}

/** Hears the keys of one context and calls the handler of the command that the registry gives. */
export function useKeys(context: KeyContext, handlers: Handlers, { active, onText }: Options): void {
  // Ink calls the newest of these functions from the moment that it is drawn: a quick key never meets an old handler.
  useInput(
    (input, key) => {
      if (key.eventType === "release") return;
      const name = keyName(input, key);
      const command = lookup(context, name);
      if (command) handlers[command]?.();
      else onText?.(input, name);
    },
    { isActive: active },
  );
}
