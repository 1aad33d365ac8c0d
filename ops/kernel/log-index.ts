/** Where the lines of a log begin: one number a block, however long the log is. */

import { BLOCK, type Blocks } from "./log-blocks.ts";
import { CARRIAGE_RETURN, isPlain, LINE_CUT, lineText, RAW_CUT, textStart } from "./log-line.ts";

const NEWLINE = 10;

export interface LogIndex {
  /** Takes note of bytes, in the order in which they stand in the blocks. */
  readonly add: (bytes: Buffer) => void;
  /** How many lines there ever were, and the number of the oldest that is still there. */
  readonly lines: () => number;
  readonly first: () => number;
  /** Where a line begins, and the place behind its last byte. */
  readonly startOf: (line: number) => number;
  readonly endOf: (line: number) => number;
  /** The number of the line that the byte at `offset` belongs to. */
  readonly lineAt: (offset: number) => number;
  /** The line as it is shown. */
  readonly text: (line: number) => string;
  /** Where the line begins of which the end has not come. */
  readonly openLine: () => number;
  /** Whether every line that has a byte in the block is shown as it stands there; holds for lines that have ended. */
  readonly isPlain: (block: number) => boolean;
}

export function createLogIndex(blocks: Blocks): LogIndex {
  /** Line ends before each block, as far as there are any behind it. */
  const before: number[] = [];
  const special = new Set<number>();
  /** Where the text of a line begins that is longer than a block: nobody looks for it again. */
  const longStarts = new Map<number, number>();
  let newlines = 0;
  let end = 0;
  // The line that is coming: where it and its text begin, and where they do if more comes after a carriage return.
  let lineStart = 0;
  let begins = 0;
  let again: number | undefined;
  let lineIsPlain = true;

  const endLine = (at: number) => {
    while (before.length * BLOCK <= at) before.push(newlines);
    const length = at - lineStart;
    if (!lineIsPlain || length > LINE_CUT) {
      for (let block = Math.floor(lineStart / BLOCK); block * BLOCK <= at; block += 1) special.add(block);
    }
    if (length > BLOCK) longStarts.set(newlines, begins);
    newlines += 1;
    lineStart = at + 1;
    begins = lineStart;
    again = undefined;
    lineIsPlain = true;
  };
  /** A piece of the coming line that is not plain. */
  const addSpecial = (piece: Buffer, at: number) => {
    lineIsPlain = false;
    const inside = textStart(piece);
    const more = piece.some((byte) => byte !== CARRIAGE_RETURN);
    if (more) begins = inside > 0 ? at + inside : (again ?? begins);
    again = piece.at(-1) === CARRIAGE_RETURN ? at + piece.length : undefined;
  };
  const addPiece = (bytes: Buffer, from: number, to: number, plain: boolean) => {
    if (to <= from) return;
    if (!plain && !isPlain(bytes, from, to)) return addSpecial(bytes.subarray(from, to), end + from);
    if (again !== undefined) begins = again;
    again = undefined;
  };
  const beforeBlock = (block: number) => before[block] ?? newlines;
  /** Where the end of the line with this number stands. */
  const newlineAt = (line: number): number => {
    let low = 0;
    let high = before.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (beforeBlock(middle) <= line) low = middle;
      else high = middle - 1;
    }
    return low * BLOCK + (blocks.newlinesOf(low)[line - beforeBlock(low)] ?? 0);
  };
  const startOf = (line: number) => (line === 0 ? 0 : line === newlines ? lineStart : newlineAt(line - 1) + 1);
  const endOf = (line: number) => (line < newlines ? newlineAt(line) : end);
  const lines = () => newlines + (end > lineStart ? 1 : 0);

  return {
    add: (bytes) => {
      const plain = isPlain(bytes);
      let from = 0;
      for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
        addPiece(bytes, from, at, plain);
        endLine(end + at);
        from = at + 1;
      }
      addPiece(bytes, from, bytes.length, plain);
      end += bytes.length;
    },
    lines,
    first: () => {
      const start = blocks.start();
      return start === 0 ? 0 : Math.max(0, Math.min(lines() - 1, beforeBlock(start / BLOCK) + 1));
    },
    startOf,
    endOf,
    lineAt: (offset) => {
      const block = Math.floor(offset / BLOCK);
      const places = blocks.newlinesOf(block);
      const inside = offset - block * BLOCK;
      let low = 0;
      let high = places.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((places[middle] ?? 0) < inside) low = middle + 1;
        else high = middle;
      }
      return beforeBlock(block) + low;
    },
    text: (line) => {
      const from = startOf(line);
      const to = endOf(line);
      if (to - from <= BLOCK) return lineText(blocks.slice(from, to));
      const begin = line === newlines ? begins : (longStarts.get(line) ?? from);
      return lineText(blocks.slice(begin, Math.min(to, begin + RAW_CUT)));
    },
    openLine: () => lineStart,
    isPlain: (block) => !special.has(block),
  };
}
