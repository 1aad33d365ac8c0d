/** Searches a log of any length in bounded memory, a piece at a time between which everything else goes on. */

import { setImmediate as turn } from "node:timers/promises";
import { BLOCK, type Blocks } from "./log-blocks.ts";
import type { LogIndex } from "./log-index.ts";

/** The first piece is small, so that what is near is found at once; the largest takes less than a millisecond. */
const SMALLEST = 4096;
const LARGEST = 4 * BLOCK;
const GROWTH = 4;
/** Longer than this, nothing else waits. */
const HOLD_MS = 5;

const PLAIN_QUERY = /^[ -~]+$/;
const CONTROL = /\p{Cc}/u;

/**
 * The number of the first line at or after (`1`), or at or before (`-1`), `from` that has `query` in it, of those that
 * are there when it is called. Capitals count only where the query has some (smartcase). Undefined where there is none,
 * and where `signal` was aborted.
 *
 * Blocks of plain lines are searched as bytes. The others are searched line by line, as they are shown, with every
 * line that reaches into them from a plain block or out of them into one.
 */
export async function findLine(
  blocks: Blocks,
  index: LogIndex,
  query: string,
  from: number,
  direction: 1 | -1,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const [first, count] = [index.first(), index.lines()];
  if (!query || CONTROL.test(query) || (direction === 1 ? from >= count : from < first)) return undefined;
  const search = createSearch(blocks, index, query);
  const begin = Math.max(from, first);
  const last = Math.min(from, count - 1);
  // The line of which the end has not come is looked at by itself.
  const ended = index.openLine();
  const open = index.startOf(count - 1) === ended ? count - 1 : undefined;
  if (direction === -1) {
    if (last === open && search.matches(last)) return last;
    return search.backward(index.startOf(first), last === open ? ended : index.endOf(last), signal);
  }
  const found = begin === open ? undefined : await search.forward(index.startOf(begin), ended, signal);
  if (found !== undefined || signal?.aborted) return found;
  return open !== undefined && search.matches(open) ? open : undefined;
}

function createSearch(blocks: Blocks, index: LogIndex, query: string) {
  const exact = query !== query.toLowerCase();
  const plainQuery = PLAIN_QUERY.test(query);
  const pattern = new RegExp(query.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), exact ? "" : "i");
  const scratch = Buffer.allocUnsafeSlow(LARGEST + query.length);
  const isPlain = (offset: number) => index.isPlain(Math.floor(offset / BLOCK));

  const matches = (line: number) => {
    const text = index.text(line);
    return (exact ? text : text.toLowerCase()).includes(query);
  };
  /** The bytes from `from`, and those after `to` that a match may reach into. */
  const read = async (from: number, to: number, end: number): Promise<string> => {
    const bytes = scratch.subarray(0, Math.min(to + query.length - 1, end) - from);
    await blocks.read(bytes, from);
    return bytes.toString("latin1");
  };
  /** The first line of them, in the order given, that matches. */
  const among = async (from: number, to: number, rest: () => Promise<void>): Promise<number | undefined> => {
    const step = from <= to ? 1 : -1;
    for (let line = from; line !== to + step; line += step) {
      if (matches(line)) return line;
      await rest();
    }
    return undefined;
  };

  /** From the byte at `from` to before `end`. */
  const forward = async (from: number, end: number, signal?: AbortSignal) => {
    const rest = resting();
    let size = SMALLEST;
    for (let at = from; at < end && !signal?.aborted; size = Math.min(LARGEST, size * GROWTH)) {
      const plain = isPlain(at);
      let to = Math.min(end, plain ? at + size : blockEnd(at));
      for (let next = blockEnd(at); plain && next < to; next = blockEnd(next)) if (!isPlain(next)) to = next;
      if (!plain) {
        const found = await among(index.lineAt(at), index.lineAt(to - 1), rest);
        if (found !== undefined) return found;
      } else if (plainQuery) {
        const place = (await read(at, to, end)).search(pattern);
        if (place !== -1) return index.lineAt(at + place);
      }
      await rest();
      at = to;
    }
    return undefined;
  };
  /** From the byte before `end` back to the one at `begin`. */
  const backward = async (begin: number, end: number, signal?: AbortSignal) => {
    const rest = resting();
    let size = SMALLEST;
    for (let to = end; to > begin && !signal?.aborted; size = Math.min(LARGEST, size * GROWTH)) {
      const plain = isPlain(to - 1);
      let at = Math.max(begin, plain ? to - size : blockStart(to - 1));
      for (let next = blockStart(to - 1); plain && next > at; next = blockStart(next - 1)) {
        if (!isPlain(next - 1)) at = next;
      }
      if (!plain) {
        const found = await among(index.lineAt(to - 1), index.lineAt(at), rest);
        if (found !== undefined) return found;
      } else if (plainQuery) {
        const text = await read(at, to, end);
        const place = (exact ? text : text.toLowerCase()).lastIndexOf(query);
        if (place !== -1) return index.lineAt(at + place);
      }
      await rest();
      to = at;
    }
    return undefined;
  };
  return { matches, forward, backward };
}

function blockStart(offset: number): number {
  return offset - (offset % BLOCK);
}

function blockEnd(offset: number): number {
  return blockStart(offset) + BLOCK;
}

/** Lets everything else have its turn where it has waited long enough. */
function resting(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < HOLD_MS) return;
    await turn();
    since = performance.now();
  };
}
