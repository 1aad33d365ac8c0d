/** Modes and colours of a real terminal that the emulator does not keep: followed, so that they can be set again. */

import type { IDisposable, Terminal } from "@xterm/headless";

/** In-band size reports, colour-scheme reports, urxvt's mouse encoding. */
const MODES = [2048, 2031, 1015];
/** Foreground, background and cursor; each is reset by a hundred more. */
const COLOURS = [10, 11, 12];
const PALETTE = 4;
/** No terminal has more. */
const PALETTE_SIZE = 256;

export function followUnkept(terminal: Terminal): { readonly restore: () => string } & IDisposable {
  const modes = new Set<number>();
  const colours = new Map<number, string>();
  const palette = new Map<number, string>();
  const { parser } = terminal;
  const setMode = (on: boolean) => (params: (number | number[])[]) => {
    for (const mode of params) {
      if (typeof mode !== "number" || !MODES.includes(mode)) continue;
      if (on) modes.add(mode);
      else modes.delete(mode);
    }
    return false;
  };
  const handlers = [
    parser.registerCsiHandler({ prefix: "?", final: "h" }, setMode(true)),
    parser.registerCsiHandler({ prefix: "?", final: "l" }, setMode(false)),
    parser.registerEscHandler({ final: "c" }, () => {
      for (const kept of [modes, colours, palette]) kept.clear();
      return false;
    }),
    parser.registerOscHandler(PALETTE, (data) => {
      const fields = data.split(";");
      for (let at = 0; at + 1 < fields.length; at += 2) {
        const index = Number(fields[at]);
        const colour = fields[at + 1] ?? "";
        if (Number.isInteger(index) && index >= 0 && index < PALETTE_SIZE && isColour(colour))
          palette.set(index, colour);
      }
      return false;
    }),
    parser.registerOscHandler(100 + PALETTE, (data) => {
      if (data === "") palette.clear();
      for (const index of data.split(";")) palette.delete(Number(index));
      return false;
    }),
    ...COLOURS.flatMap((which) => [
      parser.registerOscHandler(which, (data) => {
        // One call may set several, each the next one's.
        for (const [offset, colour] of data.split(";").entries()) {
          if (COLOURS.includes(which + offset) && isColour(colour)) colours.set(which + offset, colour);
        }
        return false;
      }),
      parser.registerOscHandler(100 + which, () => {
        colours.delete(which);
        return false;
      }),
    ]),
  ];
  return {
    restore: () =>
      [
        ...[...palette].map(([index, colour]) => `\u001b]${PALETTE};${index};${colour}\u001b\\`),
        ...[...colours].map(([which, colour]) => `\u001b]${which};${colour}\u001b\\`),
        ...[...modes].map((mode) => `\u001b[?${mode}h`),
      ].join(""),
    dispose: () => {
      for (const handler of handlers) handler.dispose();
    },
  };
}

/** As X names them: `#rrggbb`, `rgb:…` or a word; a question mark asks, and anything else is not repeated. */
function isColour(text: string): boolean {
  return /^(#[0-9a-f]{3,12}|rgba?:[0-9a-f/]{1,24}|[a-z][a-z0-9 ]{0,30})$/i.test(text);
}
