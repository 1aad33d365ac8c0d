/** A build's log on this computer: a file that grows, of which any lines can be read and searched in bounded memory. */

import type { Store } from "../store.ts";

/** How much of it there is; the store changes at most thirty times a second. */
export interface LogExtent {
  readonly lines: number;
  readonly bytes: number;
}

/** Lines are numbered from 0. A carriage return begins its line anew; the last line counts before its end has come. */
export interface BuildLog extends Store<LogExtent> {
  /** The file it is kept in. */
  readonly path: string;
  /** Adds what came over, in pieces of any size; a character may be cut in two between them. */
  readonly append: (bytes: Uint8Array) => void;
  /** The lines from number `from` to before `to`, without control characters, each cut at 4,096 characters. */
  readonly slice: (from: number, to: number) => readonly string[];
  /** The number of the first line at or after (`1`), or at or before (`-1`), `from` that has `query` in it (smartcase). */
  readonly find: (query: string, from: number, direction: 1 | -1, signal?: AbortSignal) => Promise<number | undefined>;
  readonly close: () => void;
}
