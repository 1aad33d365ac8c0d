/** A build's log on this computer: a file that grows, of which any lines can be read and searched in bounded memory. */

import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../store.ts";
import { BLOCK, openBlocks } from "./log-blocks.ts";
import { createLogIndex } from "./log-index.ts";
import { findLine, resting } from "./log-search.ts";

/** How much of it there is; listeners hear of it 25 times a second at most, `get` is exact. */
interface LogExtent {
  readonly lines: number;
  readonly bytes: number;
  /** The number of the oldest line that is still there: 0, but where the disk failed and memory ran out. */
  readonly first: number;
}

/** Lines are numbered from 0. A carriage return begins its line anew; the last line counts before its end has come. */
export interface BuildLog extends Store<LogExtent> {
  /** The file it is kept in. */
  readonly path: string;
  /** Adds what came over, in pieces of any size; a character may be cut in two between them. */
  readonly append: (bytes: Uint8Array) => void;
  /** The lines from number `from` to before `to`, without control characters, each cut at 4,096 characters. */
  readonly slice: (from: number, to: number) => readonly string[];
  /**
   * The number of the first line at or after (`1`), or at or before (`-1`), `from` that has `query` in it (smartcase).
   * Undefined where there is none, and where `signal` was aborted.
   */
  readonly find: (query: string, from: number, direction: 1 | -1, signal?: AbortSignal) => Promise<number | undefined>;
  /** Ends the writing, and lets go of the file; what is there can be read and searched on. */
  readonly close: () => void;
}

const EXTENSION = ".log";
/** Logs of earlier builds that stay. */
const OLDER_KEPT = 4;
/** Longer than the 34 ms between two frames of a screen: what comes just then is put off, and every other frame lost. */
const TOLD_EVERY_MS = 40;

/**
 * Opens the log of a build, or begins it: `name` (the job's ID) tells it from others in `directory`. What the file
 * already has counts: `get().bytes` is from where to follow. Older logs are pruned to a few. Never throws: where the
 * file cannot be written, `onTrouble` hears one sentence, once, and the newest part is kept in memory.
 */
export async function createBuildLog(
  directory: string,
  name: string,
  onTrouble: (sentence: string) => void = () => {},
): Promise<BuildLog> {
  const path = join(directory, `${name.replaceAll(/[^A-Za-z0-9._-]+/g, "-")}${EXTENSION}`);
  const blocks = await openBlocks(path, onTrouble);
  const index = createLogIndex(blocks);
  await prune(directory, path);
  const rest = resting();
  const bytes = Buffer.allocUnsafeSlow(Math.min(BLOCK, blocks.end()));
  for (let at = 0, end = blocks.end(); at < end; at += bytes.length) {
    const piece = bytes.subarray(0, end - at);
    blocks.read(piece, at);
    index.add(piece);
    await rest();
  }

  const listeners = new Set<() => void>();
  let extent: LogExtent | undefined;
  let waiting = false;
  let toldAt = 0;
  let closed = false;
  const tell = () => {
    waiting = false;
    toldAt = performance.now();
    for (const listener of [...listeners]) listener();
  };
  return {
    path,
    get: () => {
      extent ??= { lines: index.lines(), bytes: blocks.end(), first: index.first() };
      return extent;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    append: (piece) => {
      if (closed || piece.length === 0) return;
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      blocks.append(bytes);
      index.add(bytes);
      extent = undefined;
      if (!waiting) setTimeout(tell, Math.max(0, toldAt + TOLD_EVERY_MS - performance.now()));
      waiting = true;
    },
    slice: (from, to) => {
      const lines: string[] = [];
      const end = Math.min(to, index.lines());
      for (let line = Math.max(from, index.first()); line < end; line += 1) lines.push(index.text(line));
      return lines;
    },
    find: (query, from, direction, signal) => findLine(blocks, index, query, from, direction, signal),
    close: () => {
      closed = true;
      blocks.close();
    },
  };
}

/** Leaves the newest few logs of a directory, and `own` in any case. */
async function prune(directory: string, own: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const files = await Promise.all(
    names
      .filter((name) => name.endsWith(EXTENSION))
      .map(async (name) => {
        const file = join(directory, name);
        return {
          file,
          at: await stat(file).then(
            (found) => found.mtimeMs,
            () => 0,
          ),
        };
      }),
  );
  const older = files.filter(({ file }) => file !== own).sort((a, b) => b.at - a.at);
  await Promise.all(older.slice(OLDER_KEPT).map(({ file }) => unlink(file).catch(() => {})));
}
