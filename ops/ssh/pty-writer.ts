/** What is typed or pasted on its way into a pseudo-terminal, in order, and never waited for. */

import { writeSync } from "node:fs";

/** A pty takes some KB and then nothing until its reader has read: so long until it is asked again, at first and at most. */
const AGAIN_MS = [1, 2, 4, 8, 16];
/** More at once would only be refused. */
const PIECE = 16 * 1024;

interface PtyWriter {
  readonly write: (bytes: Buffer) => void;
  /** Forgets what is left: the descriptor is about to be closed, and its number may be somebody else's next. */
  readonly stop: () => void;
}

/**
 * Writes to the master `descriptor`, which node-pty has made non-blocking. Its own write goes through libuv, which takes a
 * pty's master for one that blocks, and spins when it does not take any more (microsoft/node-pty#831): for ever, where the
 * far side waits for us to read its echo.
 */
export function createPtyWriter(descriptor: number): PtyWriter {
  let queue: Buffer[] = [];
  let refused = 0;
  let timer: NodeJS.Timeout | undefined;

  const take = () => {
    timer = undefined;
    for (let [first] = queue; first; [first] = queue) {
      const taken = written(descriptor, first.subarray(0, PIECE));
      if (taken === undefined) {
        queue = [];
        return;
      }
      if (taken === 0) {
        timer = setTimeout(take, AGAIN_MS[Math.min(refused, AGAIN_MS.length - 1)]);
        refused += 1;
        return;
      }
      refused = 0;
      if (taken < first.length) queue[0] = first.subarray(taken);
      else queue.shift();
    }
  };
  return {
    write: (bytes) => {
      // Whoever gave them may use their store again.
      queue.push(Buffer.from(bytes));
      if (!timer) take();
    },
    stop: () => {
      clearTimeout(timer);
      queue = [];
    },
  };
}

/** How many bytes were taken, 0 where none can be just now; undefined where nobody is there any more. */
function written(descriptor: number, bytes: Buffer): number | undefined {
  try {
    return writeSync(descriptor, bytes);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EAGAIN" ? 0 : undefined;
  }
}
