/** A build's log on this computer: a file that grows, and where its lines begin. */

import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { explain } from "../aws/errors.ts";
import { cell, type Store } from "../store.ts";
import { openLogFile, READ } from "./log-file.ts";
import { lineText, RAW_CUT } from "./log-line.ts";

/** How much of it there is. Listeners hear of every piece. */
interface LogExtent {
  readonly lines: number;
  /** All that came, also what was not kept: from where to follow. */
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
  /**
   * The number of the first line at or after (`1`), or at or before (`-1`), `from` that has `query` in it (smartcase).
   * Undefined where there is none, and where `signal` was aborted.
   */
  readonly find: (query: string, from: number, direction: 1 | -1, signal?: AbortSignal) => Promise<number | undefined>;
  /** Lets go of the file; what is there can be read and searched on. */
  readonly close: () => void;
}

const EXTENSION = ".log";
/** Logs of earlier builds that stay. */
const OLDER_KEPT = 4;
/** A host kernel's log is 1.5 MB: what is longer than this, or of more lines, is no log, and not kept. */
const KEPT_BYTES = 128 * 1024 * 1024;
const KEPT_LINES = 4_000_000;
/** So many lines are searched before it is looked whether others wait; so long they do at most. */
const SEARCHED = 128;
const HOLD_MS = 5;

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/**
 * Opens the log of a build, or begins it: `name` (the job's ID) tells it from others in `directory`. What the file
 * already has is handed to `onData`, and counts: `get().bytes` is from where to follow. Older logs are pruned to a few.
 * Never throws: `onTrouble` hears a sentence where the file cannot be written, and what comes is kept in memory then;
 * and one where the log is too long to be kept.
 */
export async function createBuildLog(
  directory: string,
  name: string,
  onTrouble: (sentence: string) => void = () => {},
  onData: (bytes: Uint8Array) => void = () => {},
): Promise<BuildLog> {
  const path = join(directory, `${name.replaceAll(/[^A-Za-z0-9._-]+/g, "-")}${EXTENSION}`);
  const file = openLogFile(path, (error) =>
    onTrouble(`${explain(error).sentence} The log of this build is kept in memory.`),
  );
  prune(directory, path);
  const lines = createLineStarts();
  for (let at = 0; at < file.end(); await turn()) {
    const piece = file.read(at, Math.min(file.end(), at + READ));
    lines.add(piece);
    onData(piece);
    at += piece.length;
  }
  let closed = false;
  let full = false;

  const slice = (from: number, to: number) => {
    const shown: string[] = [];
    for (let line = Math.max(0, from); line < Math.min(to, lines.count()); line += 1) {
      const start = lines.startOf(line);
      shown.push(lineText(file.read(start, Math.min(lines.startOf(line + 1), start + RAW_CUT))));
    }
    return shown;
  };
  /** As grep does: most lines need not be looked at one by one. */
  const mayMatch = (has: (text: string) => boolean, from: number, to: number) => {
    if (to - from > READ) return true;
    const text = file.read(from, to).toString("latin1");
    return has(text) || /[^\n -~]/.test(text);
  };

  const extent = cell<LogExtent>({ lines: lines.count(), bytes: file.end() });
  return {
    path,
    get: extent.get,
    subscribe: extent.subscribe,
    append: (piece) => {
      if (closed || piece.length === 0) return;
      if (file.end() < KEPT_BYTES && lines.count() < KEPT_LINES) {
        file.append(piece);
        lines.add(piece);
      } else if (!full) {
        full = true;
        onTrouble("This log is longer than that of any build: the rest of it is kept on the machine only.");
      }
      extent.set({ lines: lines.count(), bytes: extent.get().bytes + piece.length });
    },
    slice,
    find: async (query, from, direction, signal) => {
      const count = lines.count();
      const exact = query !== query.toLowerCase();
      const has = (text: string) => (exact ? text : text.toLowerCase()).includes(query);
      let since = performance.now();
      const begin = direction === 1 ? Math.max(0, from) : Math.min(from, count - 1);
      for (let at = begin; query && at >= 0 && at < count && !signal?.aborted; at += direction * SEARCHED) {
        const low = direction === 1 ? at : Math.max(0, at - SEARCHED + 1);
        const high = direction === 1 ? Math.min(count, at + SEARCHED) : at + 1;
        if (mayMatch(has, lines.startOf(low), lines.startOf(high))) {
          const shown = slice(low, high);
          const found = direction === 1 ? shown.findIndex(has) : shown.findLastIndex(has);
          if (found !== -1) return low + found;
        }
        if (performance.now() - since < HOLD_MS) continue;
        await turn();
        since = performance.now();
      }
      return undefined;
    },
    close: () => {
      closed = true;
      file.close();
    },
  };
}

/** Where what is shown of each line begins: behind the carriage returns that something follows. */
function createLineStarts() {
  /** The last one is that of the line that is coming. */
  const starts = [0];
  let lineBegan = 0;
  let returned = false;
  let end = 0;
  return {
    add: (bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length; at += 1) {
        const byte = bytes[at];
        if (byte === NEWLINE) {
          lineBegan = end + at + 1;
          starts.push(lineBegan);
          returned = false;
        } else if (byte === CARRIAGE_RETURN) returned = true;
        else if (returned) {
          starts[starts.length - 1] = end + at;
          returned = false;
        }
      }
      end += bytes.length;
    },
    count: () => starts.length - (end > lineBegan ? 0 : 1),
    /** The end, behind the last line. */
    startOf: (line: number) => starts[line] ?? end,
  };
}

/** Leaves the newest few logs of a directory, and `own` in any case. */
function prune(directory: string, own: string): void {
  const at = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  try {
    const logs = readdirSync(directory).filter((name) => name.endsWith(EXTENSION));
    const older = logs.map((name) => join(directory, name)).filter((file) => file !== own);
    for (const file of older.sort((a, b) => at(b) - at(a)).slice(OLDER_KEPT)) rmSync(file, { force: true });
  } catch {
    // Where the folder cannot be read, there is nothing to make room in.
  }
}
