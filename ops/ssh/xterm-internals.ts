/**
 * What xterm 6.0.0 keeps and its public types do not show. The version is pinned, and a property test replays random
 * streams, so that a change of these names cannot pass unseen.
 */

import type { IBufferCell, IDisposable, Terminal } from "@xterm/headless";

interface Internals {
  readonly _core: {
    readonly buffers: {
      readonly active: BufferState;
      readonly normal: BufferState & { readonly addMarker: (row: number) => Marker };
    };
    readonly coreService: {
      readonly isCursorHidden: boolean;
      readonly decPrivateModes: {
        readonly cursorStyle: "block" | "underline" | "bar" | undefined;
        readonly cursorBlink: boolean | undefined;
        readonly reverseWraparound: boolean;
      };
    };
    readonly coreMouseService: { readonly activeEncoding: string };
    readonly _charsetService: {
      readonly glevel: number;
      /** The one in use; a restored cursor can bring another than its level's. */
      readonly charset: Charset;
      readonly _charsets: readonly Charset[];
    };
    readonly _oscLinkService: {
      readonly getLinkData: (id: number) => { readonly id?: string; readonly uri: string } | undefined;
    };
    readonly _inputHandler: {
      readonly _parser: { readonly currentState: number; readonly reset: () => void };
      readonly _curAttrData: Style;
      readonly parse: (bytes: Uint8Array) => void;
      readonly _eraseInBufferLine: (row: number, from: number, to: number, unwrap: boolean) => void;
      readonly _resetBufferLine: (row: number) => void;
    } & Record<(typeof REPEATING)[number], (given: { readonly params: number[] }) => boolean>;
  };
}

/** What InputHandler does as often as it is told to, one by one. */
const REPEATING = [
  "insertLines",
  "deleteLines",
  "scrollUp",
  "scrollDown",
  "cursorForwardTab",
  "cursorBackwardTab",
  "insertChars",
  "deleteChars",
  "eraseChars",
  "scrollLeft",
  "scrollRight",
  "insertColumns",
  "deleteColumns",
  "repeatPrecedingCharacter",
] as const;

type Charset = Readonly<Record<string, string>> | undefined;

/** A row that is followed while rows are added, and forgotten with the row. */
export interface Marker extends IDisposable {
  readonly line: number;
  readonly isDisposed: boolean;
}

export interface BufferState {
  readonly x: number;
  readonly y: number;
  readonly ybase: number;
  readonly lines: { readonly length: number };
  readonly scrollTop: number;
  readonly scrollBottom: number;
  readonly savedX: number;
  readonly savedY: number;
  readonly savedCurAttrData: Style;
}

/** What a cell's look consists of; the emulator's current and saved styles have the same methods. */
export type Style = Pick<
  IBufferCell,
  | "getFgColorMode"
  | "getFgColor"
  | "getBgColorMode"
  | "getBgColor"
  | "isBold"
  | "isDim"
  | "isItalic"
  | "isUnderline"
  | "isBlink"
  | "isInverse"
  | "isInvisible"
  | "isStrikethrough"
  | "isOverline"
> &
  Extended;

/** What a cell's look has beside its flags and colours (ExtendedAttrs in its AttributeData.ts). */
export interface Extended {
  readonly fg: number;
  readonly bg: number;
  readonly extended: { readonly _ext: number; readonly underlineColor: number; readonly urlId: number };
}

const UNDERLINED = 0x10000000;
const HAS_EXTENDED = 0x10000000;
/** What it keeps after "no colour of its own" (SGR 59). */
const NO_COLOUR = 0x3ffffff;
/** The mode of a colour, the highest of which is RGB; of any other one only the lowest byte counts. */
const MODE = 0x3000000;

/**
 * How a cell is underlined, 0 for not, in which colour with its mode, 0 for its own, and the number of its hyperlink, 0
 * for none. The terminal itself calls a linked cell underlined, which nobody asked for.
 */
export function extendedOf({ fg, bg, extended }: Extended): {
  readonly underline: number;
  readonly colour: number;
  readonly link: number;
} {
  const more = (bg & HAS_EXTENDED) !== 0;
  const underline = fg & UNDERLINED ? (more && (extended._ext >> 26) & 7) || 1 : 0;
  const { underlineColor, urlId } = extended;
  const mode = more && underlineColor !== NO_COLOUR ? underlineColor & MODE : 0;
  const colour = mode === MODE ? underlineColor : mode && mode | (underlineColor & 0xff);
  return { underline, colour, link: more ? urlId : 0 };
}

/** States of the parser (ParserState in its Constants.ts). */
export const GROUND = 0;
export const OSC_STRING = 8;

export function internals(terminal: Terminal): Internals["_core"] {
  return (terminal as unknown as Internals)._core;
}

/**
 * Parses at once, and whatever a far side sends, never throws: Terminal.write parses in a timer of its own, where an
 * error of the parser's would end the whole program. After such an error the rest of the bytes is lost.
 */
export function parse(terminal: Terminal, bytes: Uint8Array): void {
  const { _inputHandler } = internals(terminal);
  try {
    _inputHandler.parse(bytes);
  } catch {
    _inputHandler._parser.reset();
  }
}

/**
 * Mends erasing upwards (CSI 1 J) from the last column of the last row, at which xterm 6.0.0 throws: it unwraps the row
 * below (InputHandler.eraseInDisplay), and there is none.
 */
export function mendEraseAbove(terminal: Terminal): IDisposable {
  return terminal.parser.registerCsiHandler({ final: "J" }, ([what]) => {
    const { buffers, _inputHandler } = internals(terminal);
    const { x, y, lines } = buffers.active;
    if (what !== 1 || x + 1 < terminal.cols || y + 1 < lines.length) return false;
    _inputHandler._eraseInBufferLine(y, 0, terminal.cols, true);
    for (let row = 0; row < y; row += 1) _inputHandler._resetBufferLine(row);
    return true;
  });
}

/**
 * Lets nothing be done more often than the screen has cells, which is when it makes no difference any more: xterm 6.0.0
 * counts to whatever it is told, and "delete two thousand million lines" (CSI 2147483647 M) would stop the program.
 */
export function boundRepeats(terminal: Terminal): void {
  const { _inputHandler } = internals(terminal);
  for (const name of REPEATING) {
    const act = _inputHandler[name].bind(_inputHandler);
    _inputHandler[name] = (given) => {
      const [times = 0] = given.params;
      given.params[0] = Math.min(times, terminal.rows * terminal.cols);
      return act(given);
    };
  }
}
