/** The bytes that give a real terminal the state of an emulated one, and those that give it back to its owner. */

import type { IBuffer, IBufferCell, Terminal } from "@xterm/headless";
import { type Look, moveTo, paint, styleSequence, turn } from "./paint.ts";
import { type BufferState, extendedOf, GROUND, internals, OSC_STRING, type Style } from "./xterm-internals.ts";

/** Whether the parser is between sequences: plain text now can only print. */
export function isAtRest(terminal: Terminal): boolean {
  return internals(terminal)._inputHandler._parser.currentState === GROUND;
}

/** Whether every line feed at the bottom scrolls the whole screen, and nothing can climb back up. */
export function scrollsWhole(terminal: Terminal): boolean {
  const { buffers, coreService } = internals(terminal);
  const buffer = buffers.active;
  return (
    buffer.scrollTop === 0 &&
    buffer.scrollBottom === terminal.rows - 1 &&
    !coreService.decPrivateModes.reverseWraparound
  );
}

/** Style and hyperlink of this terminal's cells. */
export function lookIn(terminal: Terminal): Look {
  const { _oscLinkService } = internals(terminal);
  return (style) => {
    const { link } = extendedOf(style);
    const data = link ? _oscLinkService.getLinkData(link) : undefined;
    const open = data ? `\u001b]8;${data.id ? `id=${data.id}` : ""};${data.uri}\u001b\\` : "";
    return styleSequence(style) + open;
  };
}

/** Keyboard protocols that xterm does not follow but real terminals do; see keyboard.ts. */
export interface KeyboardState {
  /** What sets again what is on for a screen, while the terminal shows that one. */
  readonly restore: (screen: "normal" | "alternate") => string;
}

/** Modes and colours that the emulator does not keep; see unkept.ts. */
interface Unkept {
  readonly restore: () => string;
}

/** Everything from a cleared screen with default modes to the emulator's state, the cursor last. */
export function replay(terminal: Terminal, keyboard: KeyboardState, unkept: Unkept, title: string): string {
  const { buffers, coreService, coreMouseService, _charsetService, _inputHandler } = internals(terminal);
  const { active, normal } = terminal.buffer;
  const { modes } = terminal;
  const buffer = buffers.active;
  const look = lookIn(terminal);
  const parts = [paint(normal, terminal.rows, terminal.cols, look)];
  if (active.type === "alternate") {
    parts.push(keyboard.restore("normal"));
    // Switching saves the cursor that leaving will restore.
    parts.push(savedCursor(buffers.normal, terminal.rows), "\u001b[?1049h\u001b[0m\u001b[2J");
    parts.push(paint(active, terminal.rows, terminal.cols, look));
  }
  parts.push(savedCursor(buffer, terminal.rows), "\u001b7");
  const margins = buffer.scrollTop > 0 || buffer.scrollBottom < terminal.rows - 1;
  if (margins) parts.push(`\u001b[${buffer.scrollTop + 1};${buffer.scrollBottom + 1}r`);
  if (modes.originMode) parts.push("\u001b[?6h");
  parts.push(cursor(active, terminal.cols, modes.originMode ? buffer.scrollTop : 0, look));
  parts.push(look(_inputHandler._curAttrData));
  if (modes.applicationCursorKeysMode) parts.push("\u001b[?1h");
  if (modes.applicationKeypadMode) parts.push("\u001b=");
  if (modes.bracketedPasteMode) parts.push("\u001b[?2004h");
  if (modes.insertMode) parts.push("\u001b[4h");
  if (modes.reverseWraparoundMode) parts.push("\u001b[?45h");
  if (modes.sendFocusMode) parts.push("\u001b[?1004h");
  if (!modes.wraparoundMode) parts.push("\u001b[?7l");
  parts.push(MOUSE[modes.mouseTrackingMode]);
  if (coreMouseService.activeEncoding === "SGR") parts.push("\u001b[?1006h");
  if (coreMouseService.activeEncoding === "SGR_PIXELS") parts.push("\u001b[?1016h");
  const { cursorStyle, cursorBlink } = coreService.decPrivateModes;
  if (cursorStyle) parts.push(`\u001b[${CURSOR[cursorStyle] + (cursorBlink ? 0 : 1)} q`);
  for (const [index, own] of _charsetService._charsets.entries()) {
    const charset = index === _charsetService.glevel ? _charsetService.charset : own;
    // Line drawing is the one set that programs still switch to.
    if (charset?.q === "─" && "()*+"[index]) parts.push(`\u001b${"()*+"[index]}0`);
  }
  if (_charsetService.glevel === 1) parts.push("\u000e");
  parts.push(keyboard.restore(active.type), unkept.restore());
  if (title) parts.push(`\u001b]2;${title}\u0007`);
  parts.push(coreService.isCursorHidden ? "\u001b[?25l" : "\u001b[?25h");
  return parts.join("");
}

function savedCursor(buffer: BufferState, rows: number): string {
  const row = Math.max(0, Math.min(rows - 1, buffer.savedY - buffer.ybase));
  return moveTo(row, buffer.savedX) + styleSequence(buffer.savedCurAttrData);
}

/** The cursor at its place; one that waits beyond the last column gets there only by printing there. */
function cursor(buffer: IBuffer, columns: number, top: number, look: Look): string {
  const row = buffer.cursorY - top;
  if (buffer.cursorX < columns) return moveTo(row, buffer.cursorX);
  const line = buffer.getLine(buffer.baseY + buffer.cursorY);
  for (let column = columns - 1; column >= Math.max(0, columns - 2); column -= 1) {
    const last = line?.getCell(column);
    if (last?.getChars()) {
      const style = look(last as IBufferCell & Style);
      return moveTo(row, column) + style + last.getChars() + turn(style, "");
    }
  }
  const erased = line?.getCell(columns - 1);
  return `${moveTo(row, columns - 1)}${erased ? styleSequence(erased as IBufferCell & Style) : ""} `;
}

/** The opening of a sequence that is so long that its own is forgotten: swallows the rest of it, as the emulator does. */
export function forgottenOpening(terminal: Terminal): string {
  return internals(terminal)._inputHandler._parser.currentState === OSC_STRING ? "\u001b]9999;" : "\u001b_";
}

const MOUSE = {
  none: "",
  x10: "\u001b[?9h",
  vt200: "\u001b[?1000h",
  drag: "\u001b[?1002h",
  any: "\u001b[?1003h",
} as const;

/** DECSCUSR's blinking variants; the steady ones are one higher. */
const CURSOR = { block: 1, underline: 3, bar: 5 } as const;

/**
 * What other programs leave behind and a shell does not expect, as far as the cursor can stay where it is: left and right
 * margins, newline mode, insert mode, what Backspace sends, tab stops, character sets, style, hyperlink, mouse, focus,
 * paste, cursor keys, keypad.
 */
const LEFT_OVER = [
  "\u001b[?69l\u001b[20l\u001b[4l\u001b[?67l\u001b[?5W\u000f\u001b(B\u001b)B\u001b[0m\u001b]8;;\u001b\\",
  "\u001b[?9l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1005l\u001b[?1006l\u001b[?1015l\u001b[?1016l",
  "\u001b[?1004l\u001b[?2004l\u001b[?1l\u001b>",
].join("");
/** And what moves the cursor: to be written where that does not matter, on the alternate screen. */
const MARGINS_AND_ORIGIN = "\u001b[r\u001b[?6l";

/** Before the cockpit's first frame: whatever an interrupted program left on is off. */
export const PUT_RIGHT = LEFT_OVER;
/** On the alternate screen, before the frame. */
export const PUT_RIGHT_THERE = MARGINS_AND_ORIGIN;

/**
 * Puts every mode that a program may have set back to what a shell expects, whatever was on. The string terminator
 * comes first: the stream may have been cut in the middle of a sequence.
 */
const RESTORE_MODES = [
  "\u001b\\",
  // Synchronised output off, so that what follows is drawn; out of the alternate screen, kitty keys off on both.
  "\u001b[?2026l\u001b[<99u\u001b[?1049l\u001b[<99u\u001b[>4m",
  // Margins, origin, insert, wrap, reverse wrap, reverse video, cursor keys, keypad, character sets, hyperlink, style.
  `${LEFT_OVER}${MARGINS_AND_ORIGIN}\u001b[?7h\u001b[?45l\u001b[?5l`,
  // Colour-scheme and size reports.
  "\u001b[?2031l\u001b[?2048l",
  // Palette and default colours, cursor shape and visibility.
  "\u001b]104\u001b\\\u001b]110\u001b\\\u001b]111\u001b\\\u001b]112\u001b\\\u001b[0 q\u001b[?25h",
].join("");

const CLEAR = "\u001b[H\u001b[2J";

/**
 * Before a session's screen: the owner's title is put aside, modes are at their defaults, the screen is clear. What stood
 * on it (`theirs`) is scrolled away and not erased: it is the person's, and stays to be scrolled back to.
 */
export function enter(rows: number, theirs: boolean): string {
  const away = theirs && rows > 0 ? moveTo(rows - 1, 0) + "\n".repeat(rows) : "";
  return `\u001b[22;0t${RESTORE_MODES}${away}${CLEAR}`;
}

/** In the middle of it, before the screen is painted anew. */
export const AGAIN = RESTORE_MODES + CLEAR;

/** After it: the same, with the owner's title back. Nothing of the session stays on the screen. */
export const LEAVE = `${RESTORE_MODES}${CLEAR}\u001b[23;0t`;
