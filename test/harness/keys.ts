/** What a terminal sends when a key is pressed. */

const SEQUENCES: Readonly<Record<string, string>> = {
  up: "\u001b[A",
  down: "\u001b[B",
  right: "\u001b[C",
  left: "\u001b[D",
  home: "\u001b[H",
  end: "\u001b[F",
  pageup: "\u001b[5~",
  pagedown: "\u001b[6~",
  delete: "\u001b[3~",
  enter: "\r",
  escape: "\u001b",
  tab: "\t",
  "shift+tab": "\u001b[Z",
  backspace: "\u007f",
  space: " ",
};

/** The bytes that a terminal sends for a key of this name. */
export function keyBytes(name: string): string {
  const ctrl = /^ctrl\+(.)$/.exec(name)?.[1];
  return ctrl ? String.fromCharCode(ctrl.charCodeAt(0) & 0x1f) : (SEQUENCES[name] ?? name);
}
