/** The ends between which ssh is measured: a program under a pty, and a session of this process. */

import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { spawn } from "node-pty";
import type { Sessions } from "../../ops/ssh/types.ts";

export interface BenchTerminal {
  /** The program under the pty; our own for a session of this process. */
  readonly pid: number;
  readonly write: (text: string) => void;
  /** Resolves when this has been shown since the last call, with the bytes that came until then. */
  readonly shown: (mark: string) => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Nothing that is measured takes longer. */
const LIMIT_MS = 120_000;

/** Counts what is shown and finds marks in it: the same work for either end. */
function reader() {
  let tail = "";
  let bytes = 0;
  let wanted: { readonly mark: string; readonly done: (bytes: number) => void } | undefined;
  const look = () => {
    if (!wanted || !tail.includes(wanted.mark)) return;
    const { done } = wanted;
    wanted = undefined;
    tail = "";
    done(bytes);
    bytes = 0;
  };
  return {
    take: (chunk: Buffer) => {
      bytes += chunk.length;
      tail = (tail + chunk.subarray(-2000).toString("latin1")).slice(-2100);
      look();
    },
    shown: (mark: string) =>
      new Promise<number>((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`${mark} was not shown; but ${tail.slice(-500)}`)), LIMIT_MS);
        wanted = {
          mark,
          done: (count) => {
            clearTimeout(late);
            resolve(count);
          },
        };
        look();
      }),
  };
}

export function underPty(
  file: string,
  args: string[],
  env: Readonly<Record<string, string | undefined>>,
): BenchTerminal {
  const pty = spawn(file, args, { cols: 80, rows: 24, env: { ...env }, encoding: null });
  const { take, shown } = reader();
  pty.onData((chunk) => take(chunk as unknown as Buffer));
  const exited = new Promise<void>((resolve) => pty.onExit(() => resolve()));
  return {
    pid: pty.pid,
    write: (text) => pty.write(text),
    shown,
    close: async () => {
      pty.kill("SIGKILL");
      await exited;
    },
  };
}

/** A session attached to a terminal that is always ready, as the reader of a pty is. */
export function attachedHere(sessions: Sessions, address: string): BenchTerminal {
  const { take, shown } = reader();
  const input = new PassThrough();
  const output = Object.assign(new EventEmitter(), {
    columns: 80,
    rows: 24,
    write: (chunk: string | Buffer) => {
      take(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
      return true;
    },
  });
  const id = sessions.open("fcvm-metal-arm", address, "new");
  const done = sessions.attach(id, {
    input: input as unknown as NodeJS.ReadStream,
    output: output as unknown as NodeJS.WriteStream,
  });
  return {
    pid: process.pid,
    write: (text) => input.write(text),
    shown,
    close: async () => {
      await sessions.close(id);
      await done;
    },
  };
}
