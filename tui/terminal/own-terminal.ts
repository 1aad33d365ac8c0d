/** The person's terminal while the cockpit has it: raw from start to end, read by one reader, lent and taken back. */

import { PassThrough } from "node:stream";
import type { AttachedTerminal } from "../../ops/ssh/types.ts";
import { createKeyGate } from "./key-gate.ts";

export interface OwnTerminal {
  /** What Ink reads: keys, and nothing but ours. Its raw mode is not Ink's to change. */
  readonly stdin: NodeJS.ReadableStream;
  /** Gives every byte to `during`; raw all the while, so that nothing is echoed or becomes a signal between two screens. */
  readonly lendBytes: (during: (terminal: AttachedTerminal) => Promise<void>) => Promise<void>;
  /** Gives the whole of it away, as a shell has it: to a program that we start, or while we are stopped. */
  readonly lendWhole: (during: () => Promise<void>) => Promise<void>;
  /** What was on its way to somebody who is gone is nobody's. */
  readonly dropKeys: () => void;
  /** As it was before us. */
  readonly giveBack: () => void;
}

export function takeTerminal(input: NodeJS.ReadStream, output: NodeJS.WriteStream): OwnTerminal {
  const keys = new PassThrough();
  const gate = createKeyGate((text) => keys.write(text));
  const stdin = Object.assign(keys, {
    isTTY: true,
    setRawMode: () => stdin,
    ref: () => stdin,
    unref: () => stdin,
  });
  const hear = (chunk: string | Buffer) => gate.push(chunk.toString());
  const read = () => {
    input.setEncoding("utf8");
    input.on("data", hear);
    input.resume();
  };
  const leave = () => {
    input.off("data", hear);
    gate.reset();
  };
  input.setRawMode(true);
  read();
  return {
    stdin,
    lendBytes: async (during) => {
      leave();
      try {
        await during({ input, output });
      } finally {
        read();
      }
    },
    lendWhole: async (during) => {
      leave();
      input.pause();
      input.setRawMode(false);
      try {
        await during();
      } finally {
        input.setRawMode(true);
        read();
      }
    },
    dropKeys: gate.dropUntilQuiet,
    giveBack: () => {
      leave();
      input.setRawMode(false);
    },
  };
}
