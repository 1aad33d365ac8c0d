/** What we draw on its way to the terminal: in sequences that every terminal has, and never waited for. */

import { PUT_RIGHT_THERE } from "../../ops/ssh/replay.ts";
import { forConsole } from "./console.ts";

/** CSI E, a row down and to its first column: in no xterm terminfo entry, and so unknown to mosh (mobile-shell/mosh#1164). */
const NEXT_ROW = "\u001b[E";
const DOWN_AND_LEFT = "\u001b[B\r";
/** On it, what another program left on is put right before the first frame. */
const ALTERNATE_SCREEN = "\u001b[?1049h";
const NORMAL_SCREEN = "\u001b[?1049l";
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const HOME = "\u001b[H";
const HOME_AND_ERASE = "\u001b[H\u001b[J";
/** Ink writes a frame between these two, each by itself (synchronized output, mode 2026). */
const FRAME_BEGINS = "\u001b[?2026h";
const FRAME_ENDS = "\u001b[?2026l";
/** Some terminal or its owner is in no hurry: what it has not taken by then is given up. */
const LAST_WORDS_MS = 1000;

export interface Output {
  /** The terminal as Ink sees it; whatever else is asked of it is the real one's. */
  readonly stdout: NodeJS.WriteStream;
  /** Shows a frame on the alternate screen before Ink is there; Ink's first one then takes its place in one write. */
  readonly showFirst: (frame: string) => void;
  /** Takes that down again, where Ink never came. */
  readonly leave: () => void;
  /** Frames were left out, and the terminal reads again: `draw` is to draw the newest. */
  readonly onCaughtUp: (draw: () => void) => void;
  /** Settles when all that was written has been taken, or will not be: to be awaited before the process ends. */
  readonly taken: () => Promise<void>;
}

/**
 * Node writes to a terminal and waits, so that one that stops reading (a hung tmux client, a laptop's lid) would stop all
 * that we do. Here it does not: while it is behind, frames are left out whole.
 */
export function createOutput(real: NodeJS.WriteStream, term: string | undefined): Output {
  setBlocking(real, false);
  let leavingOut = false;
  let missed = false;
  let draw = () => {};
  let isAlternate = false;
  /** Whether a frame stands there that is not Ink's. */
  let standing = false;
  let before: string | Uint8Array = "";
  /** Who is on the alternate screen is not sent there again: some terminals would keep the cursor of this one for the other. */
  const enter = () => {
    const words = isAlternate ? "" : ALTERNATE_SCREEN + PUT_RIGHT_THERE;
    isAlternate = true;
    return words;
  };
  const adapt = (text: string) => {
    const known = text.replaceAll(NEXT_ROW, DOWN_AND_LEFT).replaceAll(ALTERNATE_SCREEN, enter);
    if (known.includes(NORMAL_SCREEN)) isAlternate = false;
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
    const over = standing && before === FRAME_BEGINS;
    if (over) standing = false;
    before = chunk;
    return real.write(typeof chunk === "string" ? (over ? HOME_AND_ERASE : "") + adapt(chunk) : chunk, written);
  };
  real.on("drain", () => {
    if (!missed || leavingOut) return;
    missed = false;
    draw();
  });
  return {
    stdout: new Proxy(real, {
      get: (target, name) => {
        if (name === "write") return write;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
    showFirst: (frame) => {
      if (!frame) return;
      standing = true;
      write(ALTERNATE_SCREEN + HIDE_CURSOR + frame + HOME);
    },
    leave: () => {
      if (isAlternate) write(SHOW_CURSOR + NORMAL_SCREEN);
    },
    onCaughtUp: (newest) => {
      draw = newest;
    },
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
