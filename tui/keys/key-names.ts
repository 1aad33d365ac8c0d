/** Keys by name: from what a terminal sends, and to what a person reads. Pure. */

import type { Key } from "ink";

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
  "ctrl+d": "Ctrl+D",
  "ctrl+u": "Ctrl+U",
};

/** A key's name as a person reads it. */
export function shownKey(key: string): string {
  return SHOWN[key] ?? key;
}
