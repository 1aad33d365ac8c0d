/** A session's screen, kept while nobody looks: parses what came in, in its own time, and can be replayed exactly. */

import type { Terminal } from "@xterm/headless";
import { followKeyboard } from "./keyboard.ts";
import { paintAbove } from "./paint.ts";
import { forgottenOpening, isAtRest, lookIn, replay, scrollsWhole } from "./replay.ts";
import { onlyPrints, shorten, splitOpenEnd } from "./shorten.ts";
import { followUnkept } from "./unkept.ts";
import { currentWidths } from "./widths.ts";
import { boundRepeats, internals, type Marker, mendEraseAbove, parse } from "./xterm-internals.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Emulator {
  /** Takes output. While `watched`, a real terminal sees it too: it answers queries, and parsing waits for a quiet moment. */
  readonly push: (chunk: Buffer, watched: boolean) => void;
  /** A new size, in its place in the stream. */
  readonly resize: (size: Size) => void;
  /** Resolves when all that was pushed is on the screen. */
  readonly settle: () => Promise<void>;
  /**
   * What makes a cleared terminal of the same size show this screen, in this state, with what has scrolled away since it
   * was looked at last above it. Only after `settle`.
   */
  readonly replay: () => Buffer;
  /** Nobody looks any more, from this place in the stream on. */
  readonly leave: () => void;
  /** The last lines that hold text, as far as parsed. */
  readonly lastLines: (count: number) => readonly string[];
  readonly title: () => string;
  readonly dispose: () => void;
}

interface EmulatorEvents {
  /** The emulator's answer to a query of the far side that no real terminal saw. */
  readonly onAnswer: (answer: string) => void;
  /** True when more waits than may: hold the source until it is false again. */
  readonly onCrowded: (crowded: boolean) => void;
  /** All that was pushed is on the screen: title and last lines are those of now. */
  readonly onCaughtUp?: () => void;
}

/** Lines above the screen: what growing the window brings back. */
const SCROLLBACK = 500;
const HIGH = 8 * 1024 * 1024;
const LOW = 2 * 1024 * 1024;
/** Printing output beyond this is worth shortening before it is parsed. */
const SKIP_FROM = 512 * 1024;
/** What a flood gathers in while it waits: chunks that were kept themselves would take half of the time to collect as garbage. */
const STORE = 1024 * 1024;
/** How many of them are used again: fresh ones would be half of the garbage of a flood. */
const SPARE = 2;
/** How much is parsed at once: about 2 ms (36 MB/s, craft.md). */
const SLICE = 64 * 1024;
/** Pauses between slices: nobody waits for them, so the cockpit's own screen goes first. */
const REST_MS = 6;
/** Output that stopped for this long is a quiet moment. */
const QUIET_MS = 20;
/** What is kept of the stream's end, to find a sequence that is only half there. */
const TAIL = 64 * 1024;

const NOTHING: Buffer = Buffer.alloc(0);

interface Bytes {
  readonly kind: "bytes";
  readonly bytes: Buffer;
  readonly plain: boolean;
  readonly watched: boolean;
  /** What is free in memory behind `bytes`, for more of the same kind. */
  readonly room: Buffer;
}

type Item = Bytes | { readonly kind: "size"; readonly size: Size } | { readonly kind: "left" };

export async function createEmulator(size: Size, events: EmulatorEvents): Promise<Emulator> {
  const { default: xterm } = await import("@xterm/headless");
  const terminal: Terminal = new xterm.Terminal({
    cols: size.columns,
    rows: size.rows,
    scrollback: SCROLLBACK,
    allowProposedApi: true,
    // It would write what it cannot parse to the console, over the cockpit.
    logLevel: "off",
  });
  terminal.unicode.register(currentWidths);
  terminal.unicode.activeVersion = currentWidths.version;
  mendEraseAbove(terminal);
  boundRepeats(terminal);
  const keyboard = followKeyboard(terminal);
  const unkept = followUnkept(terminal);
  /** The first row that no real terminal has scrolled away yet. */
  let unseen: Marker | undefined;

  const queue: Item[] = [];
  const stores = new WeakSet<ArrayBufferLike>();
  const spare: Buffer[] = [];
  let waiting = 0;
  let crowded = false;
  let disposed = false;
  let answersMatter = false;
  let lastPush = 0;
  let title = "";
  let tail = NOTHING;
  let openEnd = NOTHING;
  let openEndWatched = false;
  let timer: NodeJS.Timeout | undefined;
  const settled: (() => void)[] = [];

  terminal.onTitleChange((text) => {
    title = printable(text);
  });
  terminal.onData((answer) => {
    if (answersMatter) events.onAnswer(answer);
  });

  const setCrowded = () => {
    const now = crowded ? waiting > LOW : waiting > HIGH;
    if (now === crowded) return;
    crowded = now;
    events.onCrowded(now);
  };

  /** Somebody waits: for the screen, or for a flood to go on that they watch. A flood that nobody watches may take its time. */
  const urgent = () => {
    const first = queue[0];
    return settled.length > 0 || (crowded && first?.kind === "bytes" && first.watched);
  };

  const schedule = () => {
    if (disposed || timer) return;
    if (queue.length === 0) {
      for (const resolve of settled.splice(0)) resolve();
      events.onCaughtUp?.();
      return;
    }
    timer = setTimeout(turn, urgent() ? 0 : REST_MS);
  };

  const turn = () => {
    timer = undefined;
    skipPrinting();
    const first = queue[0];
    if (!first) return schedule();
    if (first.kind === "size") {
      queue.shift();
      terminal.resize(first.size.columns, first.size.rows);
      return schedule();
    }
    if (first.kind === "left") {
      queue.shift();
      unseen?.dispose();
      const { normal } = internals(terminal).buffers;
      unseen = normal.addMarker(normal.ybase);
      return schedule();
    }
    // A stream that somebody watches is not parsed while it flows, unless it must be: that would slow it down.
    if (first.watched && !urgent() && performance.now() - lastPush < QUIET_MS) {
      timer = setTimeout(turn, QUIET_MS);
      return;
    }
    const slice = takeSlice(first);
    answersMatter = !first.watched;
    parse(terminal, slice);
    waiting -= slice.length;
    tail = slice.length >= TAIL ? slice.subarray(-TAIL) : Buffer.concat([tail, slice]).subarray(-TAIL);
    setCrowded();
    schedule();
  };

  const takeSlice = (item: Bytes): Buffer => {
    if (item.bytes.length <= SLICE) {
      queue.shift();
      return item.bytes;
    }
    queue[0] = { ...item, bytes: item.bytes.subarray(SLICE) };
    return item.bytes.subarray(0, SLICE);
  };

  /** Drops what a long run of printing output has scrolled away by itself; see shorten.ts. */
  const skipPrinting = () => {
    const run: Buffer[] = [];
    let length = 0;
    for (const item of queue) {
      if (item.kind !== "bytes" || !item.plain) break;
      run.push(item.bytes);
      length += item.bytes.length;
    }
    if (length < SKIP_FROM || !isAtRest(terminal) || !scrollsWhole(terminal)) return;
    const kept = shorten(run, SCROLLBACK + 2 * terminal.rows);
    const last = queue[run.length - 1];
    if (!kept || last?.kind !== "bytes") return;
    const dropped = queue.splice(0, run.length, { ...last, bytes: kept, room: NOTHING });
    for (const item of dropped) giveBack(item);
    waiting += kept.length - length;
    setCrowded();
  };

  const takeStore = (length: number): Buffer => {
    const known = length <= STORE ? spare.pop() : undefined;
    if (known) return known;
    const made = Buffer.allocUnsafeSlow(Math.max(STORE, length));
    stores.add(made.buffer);
    return made;
  };

  /** A store of which nothing was parsed is nobody else's: the end that is kept may lie in any other. */
  const giveBack = (item: Item) => {
    if (item.kind !== "bytes" || !stores.has(item.bytes.buffer) || item.bytes.byteOffset !== 0) return;
    if (spare.length < SPARE) spare.push(Buffer.from(item.bytes.buffer));
  };

  const enqueue = (bytes: Buffer, watched: boolean) => {
    if (bytes.length === 0) return;
    const plain = onlyPrints(bytes);
    const last = queue.at(-1);
    if (!plain || last?.kind !== "bytes" || !last.plain || last.watched !== watched) {
      queue.push({ kind: "bytes", bytes, plain, watched, room: NOTHING });
    } else if (last.room.length < bytes.length) {
      const store = takeStore(bytes.length);
      bytes.copy(store);
      queue.push({ ...last, bytes: store.subarray(0, bytes.length), room: store.subarray(bytes.length) });
    } else {
      bytes.copy(last.room);
      const joined = Buffer.from(last.bytes.buffer, last.bytes.byteOffset, last.bytes.length + bytes.length);
      queue.splice(-1, 1, { ...last, bytes: joined, room: last.room.subarray(bytes.length) });
    }
  };

  /** What was held back of the last chunk, as it may be the beginning of a sequence. */
  const releaseOpenEnd = () => {
    enqueue(openEnd, openEndWatched);
    openEnd = NOTHING;
  };

  return {
    push: (chunk, watched) => {
      if (disposed || chunk.length === 0) return;
      if (openEnd.length > 0 && openEndWatched !== watched) releaseOpenEnd();
      const [whole, open] = splitOpenEnd(openEnd.length > 0 ? Buffer.concat([openEnd, chunk]) : chunk);
      openEnd = open;
      openEndWatched = watched;
      enqueue(whole, watched);
      waiting += chunk.length;
      lastPush = performance.now();
      if (waiting > 2 * SKIP_FROM) skipPrinting();
      setCrowded();
      schedule();
    },
    resize: (next) => {
      releaseOpenEnd();
      queue.push({ kind: "size", size: next });
      schedule();
    },
    settle: () =>
      new Promise((resolve) => {
        if (disposed) return resolve();
        releaseOpenEnd();
        settled.push(resolve);
        clearTimeout(timer);
        timer = undefined;
        schedule();
      }),
    replay: () => {
      const { normal } = terminal.buffer;
      // A marker whose row is forgotten is gone: then all that is kept has not been seen.
      const from = unseen && !unseen.isDisposed ? unseen.line : 0;
      const above = paintAbove(normal, from, terminal.rows, terminal.cols, lookIn(terminal));
      const screen = replay(terminal, keyboard, unkept, title);
      return Buffer.concat([Buffer.from(above + screen), unfinished(terminal, tail)]);
    },
    leave: () => {
      releaseOpenEnd();
      queue.push({ kind: "left" });
      schedule();
    },
    lastLines: (count) => {
      const buffer = terminal.buffer.active;
      const lines: string[] = [];
      for (let row = buffer.baseY + terminal.rows - 1; row >= 0 && lines.length < count; row -= 1) {
        const text = buffer.getLine(row)?.translateToString(true).trimEnd() ?? "";
        if (text || lines.length > 0) lines.unshift(printable(text));
      }
      return lines;
    },
    title: () => title,
    dispose: () => {
      disposed = true;
      clearTimeout(timer);
      queue.length = 0;
      for (const resolve of settled.splice(0)) resolve();
      keyboard.dispose();
      unkept.dispose();
      terminal.dispose();
    },
  };
}

/** The bytes at the end of the stream that are only the beginning of a sequence or of a character. */
function unfinished(terminal: Terminal, tail: Buffer): Buffer {
  if (!isAtRest(terminal)) {
    const opening = tail.lastIndexOf(0x1b);
    return opening < 0 ? Buffer.from(forgottenOpening(terminal)) : tail.subarray(opening);
  }
  for (let back = 1; back <= Math.min(3, tail.length); back += 1) {
    const byte = tail[tail.length - back] ?? 0;
    if (byte < 0x80) break;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
    if (length > 0) return length > back ? tail.subarray(-back) : Buffer.alloc(0);
  }
  return Buffer.alloc(0);
}

/** A far side's text may be shown anywhere, so nothing in it may steer a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, " ").slice(0, 400);
}
