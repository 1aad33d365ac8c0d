/** The window's title: ours while we run, then what it was (xterm's title stack, CSI 22 and 23). */

export function saveTitle(title: string): string {
  return `\u001b[22;0t\u001b]0;${title}\u0007`;
}

export function restoreTitle(): string {
  return "\u001b[23;0t";
}
