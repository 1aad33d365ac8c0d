/** This folder: what we send to the terminal and its desktop beside what Ink sends. Not here: components. */
/** What we change in the person's terminal beside what Ink does, and how it is changed back. */

/** The window's title while the cockpit has it. */
export const TITLE = "snowglobe";

/** xterm's title stack, CSI 22 and 23: the window's title is ours while we run, then what it was. */
export function saveTitle(title: string): string {
  return `\u001b[22;0t${setTitle(title)}`;
}

/** The title alone, on top of what was saved. */
export function setTitle(title: string): string {
  return `\u001b]0;${title}\u0007`;
}

export function restoreTitle(): string {
  return "\u001b[23;0t";
}

/**
 * DECAWM off: what the terminal measures wider than we do is cut at the edge instead of pushing a row out of the window.
 */
export const CUT_LINES = "\u001b[?7l";
/** DECAWM on, as every shell wants it. */
export const WRAP_LINES = "\u001b[?7h";
