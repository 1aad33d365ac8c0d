/** A screen's cells as the bytes that print them on a cleared terminal with default modes. */

import type { IBuffer, IBufferCell, IBufferLine } from "@xterm/headless";
import { extendedOf, type Style } from "./xterm-internals.ts";

/** Colour modes of xterm's cells (Attributes in its Constants.ts): default, 16 colours, 256 colours, RGB. */
const PALETTE_16 = 0x1000000;
const PALETTE_256 = 0x2000000;
const RGB = 0x3000000;

function colour(mode: number, value: number, base: 30 | 40): string {
  if (mode === PALETTE_16) return `;${value < 8 ? base + value : base + 60 + value - 8}`;
  if (mode === PALETTE_256) return `;${base + 8};5;${value}`;
  if (mode === RGB) return `;${base + 8};2;${value >> 16};${(value >> 8) & 255};${value & 255}`;
  return "";
}

/** As SGR 4 tells them apart: 1 single, 2 double, 3 curly, 4 dotted, 5 dashed. */
function underlineOf(style: Style): string {
  const { underline, colour: value } = extendedOf(style);
  if (!underline) return "";
  const rgb = value >= RGB ? `;58:2::${(value >> 16) & 255}:${(value >> 8) & 255}:${value & 255}` : "";
  // Only for who asked for it: not every terminal knows the colons.
  return `${underline === 1 ? ";4" : `;4:${underline}`}${value > 0 && value < RGB ? `;58:5:${value & 255}` : rgb}`;
}

/** The sequence that selects a style, from any other. */
export function styleSequence(style: Style): string {
  const flags =
    (style.isBold() ? ";1" : "") +
    (style.isDim() ? ";2" : "") +
    (style.isItalic() ? ";3" : "") +
    underlineOf(style) +
    (style.isBlink() ? ";5" : "") +
    (style.isInverse() ? ";7" : "") +
    (style.isInvisible() ? ";8" : "") +
    (style.isStrikethrough() ? ";9" : "") +
    (style.isOverline() ? ";53" : "");
  const front = colour(style.getFgColorMode(), style.getFgColor(), 30);
  return `\u001b[0${flags}${front}${backgroundOf(style)}m`;
}

function backgroundOf(style: Pick<IBufferCell, "getBgColorMode" | "getBgColor">): string {
  return colour(style.getBgColorMode(), style.getBgColor(), 40);
}

/** Of a cell, what selects its look: its style, and where it links to. */
export type Look = (style: Style) => string;

/** Ends a hyperlink (OSC 8), and what one begins with. */
const NO_LINK = "\u001b]8;;\u001b\\";
const LINK = "\u001b]8;";

/** From one look to the next: a link that the next one does not have is ended. */
export function turn(from: string, to: string): string {
  return from.includes(LINK) && !to.includes(LINK) ? NO_LINK + to : to;
}

/** To a place on the screen, both counted from 0. */
export function moveTo(row: number, column: number): string {
  return `\u001b[${row + 1};${column + 1}H`;
}

/**
 * Prints the rows from `from` up to the screen of a buffer, on a cleared terminal, and scrolls each of them away: what
 * has come while nobody looked is there to be scrolled back to.
 */
export function paintAbove(buffer: IBuffer, from: number, rows: number, columns: number, look: Look): string {
  const cell = buffer.getNullCell();
  const parts: string[] = [];
  for (let row = from; row < buffer.baseY; row += 1) {
    const line = buffer.getLine(row);
    const next = row + 1 < buffer.baseY ? buffer.getLine(row + 1) : undefined;
    parts.push(line ? printed(line, columns, cell, look) : "");
    // A line that was too long goes on in the next row by itself, and is one line when it is copied.
    if (!next?.isWrapped) parts.push("\u001b[0m\r\n");
  }
  const left = Math.min(buffer.baseY - from, rows - 1);
  if (left > 0) parts.push(moveTo(rows - 1, 0), "\n".repeat(left));
  return parts.join("");
}

/** A row's characters with their styles, without what is empty at its end. */
function printed(line: IBufferLine, columns: number, cell: IBufferCell, look: Look): string {
  const parts: string[] = [];
  let style = "";
  let gap = 0;
  for (let column = 0; column < columns && line.getCell(column, cell); column += 1) {
    const characters = cell.getChars();
    if (!characters) {
      gap += cell.getWidth();
      continue;
    }
    const next = look(cell as IBufferCell & Style);
    parts.push(" ".repeat(gap), next === style ? "" : turn(style, next), characters);
    style = next;
    gap = 0;
  }
  parts.push(turn(style, ""));
  return parts.join("");
}

/**
 * Paints the visible rows of a buffer. A row that the one above wrapped into is printed on from it, so that the terminal
 * too knows them as one line when its window is resized or text is copied.
 */
export function paint(buffer: IBuffer, rows: number, columns: number, look: Look): string {
  const cell = buffer.getNullCell();
  const parts: string[] = [];
  let selected = "";
  let atEdge = false;
  const select = (sequence: string) => {
    if (sequence !== selected) parts.push(turn(selected, sequence));
    selected = sequence;
  };
  for (let row = 0; row < rows; row += 1) {
    const line = buffer.getLine(buffer.baseY + row);
    if (!line) break;
    const goesOn = line.isWrapped && atEdge && line.getCell(0)?.getChars();
    if (!goesOn) parts.push(moveTo(row, 0));
    atEdge = false;
    let empty = 0;
    let emptyLook = "";
    // Cells that hold nothing have a background all the same, which erasing gives them.
    const passEmpty = (atEnd: boolean) => {
      if (empty === 0) return;
      if (emptyLook) {
        select(`\u001b[0${emptyLook}m`);
        parts.push(`\u001b[${empty}X`);
      }
      if (!atEnd) parts.push(`\u001b[${empty}C`);
      empty = 0;
    };
    for (let column = 0; column < columns; column += 1) {
      if (!line.getCell(column, cell)) break;
      const width = cell.getWidth();
      const characters = cell.getChars();
      if (!characters && width > 0) {
        const look = backgroundOf(cell);
        if (look !== emptyLook) passEmpty(false);
        emptyLook = look;
        empty += 1;
      } else if (characters) {
        passEmpty(false);
        select(look(cell as IBufferCell & Style));
        // Half of a wide character can stand at the edge, where wrapping was off.
        const fits = column + width <= columns;
        parts.push(fits ? characters : `\u001b[?7l${characters}\u001b[?7h`);
        atEdge = column + width === columns;
      }
    }
    passEmpty(true);
  }
  parts.push(turn(selected, ""));
  return parts.join("");
}
