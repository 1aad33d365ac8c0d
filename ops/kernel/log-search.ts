/** Searches a log of any length in bounded memory, a block at a time, between which everything else goes on. */

import { setImmediate as turn } from "node:timers/promises";
import { BLOCK, type Blocks } from "./log-blocks.ts";
import type { LogIndex } from "./log-index.ts";

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
  const scratch = Buffer.allocUnsafeSlow(BLOCK + query.length);
  const isPlain = (offset: number) => index.isPlain(Math.floor(offset / BLOCK));

  const matches = (line: number) => {
    const text = index.text(line);
    return (exact ? text : text.toLowerCase()).includes(query);
  };
  /** The bytes from `from`, and those after `to` that a match may reach into. */
  const read = (from: number, to: number, end: number): string => {
    const bytes = scratch.subarray(0, Math.min(to + query.length - 1, end) - from);
    blocks.read(bytes, from);
    return bytes.toString("latin1");
  };
  /** The first line of them, in the order given, that matches. */
  const among = async (from: number, to: number, rest: () => Promise<void>, signal?: AbortSignal) => {
    const step = from <= to ? 1 : -1;
    for (let line = from; line !== to + step && !signal?.aborted; line += step) {
      if (matches(line)) return line;
      await rest();
    }
    return undefined;
  };

  /** From the byte at `from` to before `end`. */
  const forward = async (from: number, end: number, signal?: AbortSignal) => {
    const rest = resting();
    for (let at = from; at < end && !signal?.aborted; ) {
      const to = Math.min(end, blockStart(at) + BLOCK);
      if (!isPlain(at)) {
        const found = await among(index.lineAt(at), index.lineAt(to - 1), rest, signal);
        if (found !== undefined) return found;
      } else if (plainQuery) {
        const place = read(at, to, end).search(pattern);
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
    for (let to = end; to > begin && !signal?.aborted; ) {
      const at = Math.max(begin, blockStart(to - 1));
      if (!isPlain(at)) {
        const found = await among(index.lineAt(to - 1), index.lineAt(at), rest, signal);
        if (found !== undefined) return found;
      } else if (plainQuery) {
        const text = read(at, to, end);
        if (pattern.test(text)) return index.lineAt(at + (exact ? text : text.toLowerCase()).lastIndexOf(query));
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

/** Lets everything else have its turn where it has waited long enough. */
export function resting(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < HOLD_MS) return;
    await turn();
    since = performance.now();
  };
}
