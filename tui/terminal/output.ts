/** What we draw on its way to the terminal: in sequences that every terminal has, and never waited for. */

import { PUT_RIGHT_THERE } from "../../ops/ssh/replay.ts";
import { forConsole } from "./console.ts";

/** CSI E, a row down and to its first column: in no xterm terminfo entry, and so unknown to mosh (mobile-shell/mosh#1164). */
const NEXT_ROW = "\u001b[E";
const DOWN_AND_LEFT = "\u001b[B\r";
/** Ink takes the alternate screen: what another program left on there is put right before the first frame. */
const ALTERNATE_SCREEN = "\u001b[?1049h";
/** Ink writes a frame between these two, each by itself (synchronized output, mode 2026). */
const FRAME_BEGINS = "\u001b[?2026h";
const FRAME_ENDS = "\u001b[?2026l";
/** Some terminal or its owner is in no hurry: what it has not taken by then is given up. */
const LAST_WORDS_MS = 1000;

interface Output {
  /** The terminal as Ink sees it; whatever else is asked of it is the real one's. */
  readonly stdout: NodeJS.WriteStream;
  /** Settles when all that was written has been taken, or will not be: to be awaited before the process ends. */
  readonly taken: () => Promise<void>;
}

/**
 * Node writes to a terminal and waits, so that one that stops reading (a hung tmux client, a laptop's lid) would stop all
 * that we do. Here it does not: while it is behind, frames are left out whole, and `onCaughtUp` is to draw the newest.
 */
export function createOutput(real: NodeJS.WriteStream, term: string | undefined, onCaughtUp: () => void): Output {
  setBlocking(real, false);
  let leavingOut = false;
  let missed = false;
  const adapt = (text: string) => {
    const known = text
      .replaceAll(NEXT_ROW, DOWN_AND_LEFT)
      .replaceAll(ALTERNATE_SCREEN, ALTERNATE_SCREEN + PUT_RIGHT_THERE);
    return term === "linux" ? forConsole(known) : known;
  };
  type Done = (error?: Error | null) => void;
  const write = (chunk: string | Uint8Array, encoding?: BufferEncoding | Done, done?: Done): boolean => {
    const written = typeof encoding === "function" ? encoding : done;
    if (chunk === FRAME_BEGINS && real.writableNeedDrain) {
      leavingOut = true;
      missed = true;
    }
    if (leavingOut) {
      leavingOut = chunk !== FRAME_ENDS;
      if (written) queueMicrotask(() => written());
      return true;
    }
    return real.write(typeof chunk === "string" ? adapt(chunk) : chunk, written);
  };
  real.on("drain", () => {
    if (!missed || leavingOut) return;
    missed = false;
    onCaughtUp();
  });
  return {
    stdout: new Proxy(real, {
      get: (target, name) => {
        if (name === "write") return write;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
    taken: () => within(LAST_WORDS_MS, (resolve) => real.write("", () => resolve())),
  };
}

/** libuv's own switch, which no public API has; Node sets it for every terminal (lib/tty.js). */
function setBlocking(stream: NodeJS.WriteStream, blocking: boolean): void {
  const handle: unknown = "_handle" in stream ? stream._handle : undefined;
  if (typeof handle !== "object" || handle === null || !("setBlocking" in handle)) return;
  if (typeof handle.setBlocking === "function") handle.setBlocking(blocking);
}

function within(ms: number, act: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    act(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
