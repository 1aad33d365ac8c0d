/** The bytes of a log, in blocks: a file that is written behind the reader's back, or memory where it cannot be. */

import { closeSync, constants, openSync, readSync, writevSync } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

export const BLOCK = 65_536;

/** Blocks that were read last stay at hand: 2 MB. */
const AT_HAND = 32;
/** So much is written at once: 2 MB. */
const WRITTEN_AT_ONCE = 32;
/** So much may wait for the disk before it is waited for: 8 MB. */
const QUEUED = 128;
/** So much of the newest part is kept where there is no disk: 32 MB. */
const KEPT = 512;

const NEWLINE = 10;

/** A block with the places of its line ends, as far as they have been looked for. */
interface Block {
  readonly bytes: Buffer;
  readonly newlines: number[];
  scanned: number;
}

export interface Blocks {
  /** Where the oldest byte stands that is still there: not 0 where the disk failed and memory ran out. */
  readonly start: () => number;
  readonly end: () => number;
  readonly append: (bytes: Uint8Array) => void;
  /** Places of the line ends in a block, counted from its beginning. */
  readonly newlinesOf: (block: number) => readonly number[];
  /** The bytes from `from` to before `to`; a view of them where one block has them all. */
  readonly slice: (from: number, to: number) => Buffer;
  /** Fills `into` with what begins at `from`; not kept at hand. */
  readonly read: (into: Buffer, from: number) => void;
  /** Writes what is left and lets go of the file. It can be read on. */
  readonly close: () => void;
}

/** Opens or begins the file, for its owner only. Never throws: `onTrouble` hears one sentence, once, where the disk fails. */
export async function openBlocks(path: string, onTrouble: (sentence: string) => void): Promise<Blocks> {
  const memory = new Map<number, Block>();
  const atHand = new Map<number, Block>();
  let latest: number | undefined;
  let handle: FileHandle | undefined;
  let start = 0;
  let end = 0;
  let written = 0;
  let writing = false;
  /** Whether a write is under way that looks at blocks, and memory that no block needs any more. */
  let inFlight = false;
  const spare: Buffer[] = [];
  let failed = false;

  const fail = (error: unknown) => {
    if (failed) return;
    failed = true;
    const code = error instanceof Error && "code" in error ? ` (${error.code})` : "";
    onTrouble(`The log cannot be written to disk${code}: its newest ${(KEPT * BLOCK) >> 20} MB are kept in memory.`);
  };
  const newBlock = (): Block => ({ bytes: spare.pop() ?? Buffer.alloc(BLOCK), newlines: [], scanned: 0 });
  const inMemory = (number: number): Block => {
    let block = memory.get(number);
    if (!block) {
      block = newBlock();
      memory.set(number, block);
    }
    return block;
  };
  /** What is on disk now; the newest block stays in memory. */
  const advance = (to: number) => {
    written = Math.max(written, to);
    for (const [number, block] of memory) {
      if ((number + 1) * BLOCK > written) break;
      memory.delete(number);
      keepAtHand(number, block);
    }
  };
  const keepAtHand = (number: number, block: Block) => {
    if (number === latest && atHand.has(number)) return;
    latest = number;
    atHand.delete(number);
    atHand.set(number, block);
    const [oldest] = atHand;
    if (atHand.size <= AT_HAND || !oldest) return;
    atHand.delete(oldest[0]);
    if (!inFlight) spare.push(oldest[1].bytes);
  };
  /** What comes next and is not on disk yet. */
  const next = (): Buffer[] => {
    const views: Buffer[] = [];
    for (let at = written; at < end && views.length < WRITTEN_AT_ONCE; at += views.at(-1)?.length ?? 0) {
      const inside = at % BLOCK;
      views.push(inMemory((at - inside) / BLOCK).bytes.subarray(inside, Math.min(BLOCK, inside + end - at)));
    }
    return views;
  };
  const write = async () => {
    if (writing) return;
    writing = true;
    while (handle && !failed && written < end) {
      const at = written;
      try {
        inFlight = true;
        const { bytesWritten } = await handle.writev(next(), at);
        inFlight = false;
        if (!bytesWritten) throw new Error("nothing was written");
        advance(at + bytesWritten);
      } catch (error) {
        fail(error);
      }
    }
    writing = false;
  };
  /** The same at once. What is just being written is written twice, in its place: a file is never without its middle. */
  const writeAll = () => {
    try {
      while (handle && !failed && written < end) {
        const bytesWritten = writevSync(handle.fd, next(), written);
        if (!bytesWritten) throw new Error("nothing was written");
        advance(written + bytesWritten);
      }
    } catch (error) {
      fail(error);
    }
  };
  const makeRoom = () => {
    if (memory.size > QUEUED && !failed) writeAll();
    for (const number of memory.keys()) {
      if (memory.size <= KEPT) break;
      memory.delete(number);
      start = (number + 1) * BLOCK;
    }
  };
  /** How many bytes of the file were there to read; also when it has been let go of. */
  const readFile = (into: Buffer, from: number): number => {
    try {
      const fd = handle?.fd ?? openSync(path, "r");
      try {
        return readSync(fd, into, 0, into.length, from);
      } finally {
        if (!handle) closeSync(fd);
      }
    } catch {
      return 0;
    }
  };
  const blockOf = (number: number): Block => {
    const waiting = memory.get(number);
    if (waiting) return waiting;
    let block = atHand.get(number);
    if (!block) {
      // What somebody took away from the file is zeros: nothing to see.
      block = newBlock();
      block.bytes.fill(0, readFile(block.bytes, number * BLOCK));
    }
    keepAtHand(number, block);
    return block;
  };

  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const { size } = await handle.stat();
    const inside = size % BLOCK;
    if (inside) await handle.read(inMemory((size - inside) / BLOCK).bytes, 0, inside, size - inside);
    end = size;
    written = size;
  } catch (error) {
    await handle?.close().catch(() => {});
    handle = undefined;
    fail(error);
  }

  return {
    start: () => start,
    end: () => end,
    append: (bytes) => {
      for (let at = 0; at < bytes.length; ) {
        const inside = end % BLOCK;
        const piece = bytes.subarray(at, at + BLOCK - inside);
        inMemory((end - inside) / BLOCK).bytes.set(piece, inside);
        at += piece.length;
        end += piece.length;
        makeRoom();
      }
      void write();
    },
    newlinesOf: (number) => {
      const block = blockOf(number);
      const length = Math.min(BLOCK, end - number * BLOCK);
      const { bytes, newlines } = block;
      if (block.scanned >= length) return newlines;
      for (
        let at = bytes.indexOf(NEWLINE, block.scanned);
        at !== -1 && at < length;
        at = bytes.indexOf(NEWLINE, at + 1)
      ) {
        newlines.push(at);
      }
      block.scanned = length;
      return newlines;
    },
    slice: (from, to) => {
      const first = Math.floor(from / BLOCK);
      const inside = from - first * BLOCK;
      if (inside + to - from <= BLOCK) return blockOf(first).bytes.subarray(inside, inside + to - from);
      const parts: Buffer[] = [];
      for (let at = from; at < to; ) {
        const number = Math.floor(at / BLOCK);
        const until = Math.min(to, (number + 1) * BLOCK);
        parts.push(blockOf(number).bytes.subarray(at - number * BLOCK, until - number * BLOCK));
        at = until;
      }
      return Buffer.concat(parts);
    },
    read: (into, from) => {
      let got = from + into.length <= written ? readFile(into, from) : 0;
      while (got < into.length) {
        const number = Math.floor((from + got) / BLOCK);
        got += blockOf(number).bytes.copy(into, got, from + got - number * BLOCK);
      }
    },
    close: () => {
      writeAll();
      const open = handle;
      handle = undefined;
      void open?.close().catch(() => {});
    },
  };
}
