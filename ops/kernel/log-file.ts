/** The bytes of a log: a file that grows, and memory for what a full disk does not take. */

import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";

interface LogFile {
  readonly end: () => number;
  readonly append: (bytes: Uint8Array) => void;
  /** The bytes from `from` to before `to`: a view, good until the next call. */
  readonly read: (from: number, to: number) => Buffer;
  /** Lets go of the file. It can be read on. */
  readonly close: () => void;
}

/** So much is read at once. */
export const READ = 256 * 1024;

/** Opens or begins the file, for its owner only. Never throws: `onTrouble` hears once why it cannot be written. */
export function openLogFile(path: string, onTrouble: (error: unknown) => void): LogFile {
  let fd: number | undefined;
  /** How much of it is in the file; what came after that is in memory. */
  let written = 0;
  let memory = Buffer.alloc(0);
  let end = 0;
  /** What was read last. Bytes once written stay as they are. */
  let chunk = Buffer.alloc(0);
  let chunkAt = 0;

  const close = () => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  const giveUp = (error: unknown) => {
    close();
    onTrouble(error);
  };
  const readFile = (into: Buffer, from: number) => {
    try {
      const file = fd ?? openSync(path, "r");
      readSync(file, into, 0, into.length, from);
      if (file !== fd) closeSync(file);
    } catch {
      // What somebody took away is zeros: nothing to see.
    }
  };

  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    written = fstatSync(fd).size;
    end = written;
  } catch (error) {
    giveUp(error);
  }
  return {
    end: () => end,
    append: (bytes) => {
      let done = 0;
      try {
        while (fd !== undefined && done < bytes.length)
          done += writeSync(fd, bytes, done, bytes.length - done, end + done);
      } catch (error) {
        giveUp(error);
      }
      written += done;
      end += bytes.length;
      const used = end - written;
      if (used > memory.length) memory = Buffer.concat([memory], Math.max(used, 2 * memory.length));
      memory.set(bytes.subarray(done), used - (bytes.length - done));
    },
    read: (from, to) => {
      if (from < chunkAt || to > chunkAt + chunk.length) {
        // Whoever goes back goes on back.
        chunkAt = from < chunkAt ? Math.max(0, Math.min(from, to - READ)) : from;
        chunk = Buffer.alloc(Math.min(end, Math.max(to, chunkAt + READ)) - chunkAt);
        if (chunkAt < written) readFile(chunk.subarray(0, written - chunkAt), chunkAt);
        memory.copy(chunk, Math.max(0, written - chunkAt), Math.max(0, chunkAt - written), end - written);
      }
      return chunk.subarray(from - chunkAt, to - chunkAt);
    },
    close,
  };
}
