/** This folder: terminals, keys and fakes that tests share. Not here: tests of the product. */
/** Renders a component through Ink's real renderer into a terminal emulator, and reads it from the grid. */

import { PassThrough, Writable } from "node:stream";
import xterm from "@xterm/headless";
import { render } from "ink";
import type { ReactNode } from "react";
import { CUT_LINES } from "../../tui/terminal/modes.ts";
import { gridRows, PATIENCE_MS, waitUntil } from "./grid.ts";
import { keyBytes } from "./keys.ts";

export interface Screen {
  /** The rows of the grid, right-trimmed: always as many as the window has. */
  readonly screen: () => string[];
  /** The rows joined by newlines. */
  readonly text: () => string;
  /** Sends key names ("up", "enter", "escape", "tab", "ctrl+c", "k") one after the other and waits until each is drawn. */
  readonly press: (...keys: string[]) => Promise<void>;
  /** Sends a text one character at a time. */
  readonly type: (text: string) => Promise<void>;
  /** Sends a text as a bracketed paste. */
  readonly paste: (text: string) => Promise<void>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  /** Resolves when the text on the grid satisfies `test` (a string: contains it); rejects with the screen after `ms`. */
  readonly waitFor: (test: string | ((text: string) => boolean), ms?: number) => Promise<void>;
  /** Rows that a frame higher than the window pushed out since the last resize. */
  readonly scrolledAway: () => number;
  /** Everything that was written to the terminal, escape sequences and all. */
  readonly written: () => string;
  readonly rerender: (node: ReactNode) => void;
  readonly unmount: () => Promise<void>;
}

/** `reader`: as with a screen reader, in words and on the normal screen. */
export async function renderScreen(
  node: ReactNode,
  size: { columns: number; rows: number; reader?: boolean },
): Promise<Screen> {
  const terminal = new xterm.Terminal({
    cols: size.columns,
    rows: size.rows,
    allowProposedApi: true,
    scrollback: 1000,
  });
  // As the cockpit does: terminals differ about how wide some letters are, and a row too wide is to be cut.
  if (!size.reader) terminal.write(CUT_LINES);
  const chunks: string[] = [];
  let pending = 0;
  let scrolled = 0;
  let shown = node;
  // The alternate screen has no scrollback: a row too many shows only in the moment in which it pushes another one out.
  terminal.onScroll(() => {
    scrolled += 1;
  });
  // To enter the alternate screen counts as a scroll to the emulator, told just before.
  terminal.buffer.onBufferChange(() => {
    scrolled = 0;
  });
  const stdout = Object.assign(
    new Writable({
      decodeStrings: false,
      write(chunk: string | Buffer, _encoding, done) {
        const text = chunk.toString();
        chunks.push(text);
        pending += 1;
        terminal.write(text.replaceAll(/(?<!\r)\n/g, "\r\n"), () => {
          pending -= 1;
          done();
        });
      },
    }),
    { columns: size.columns, rows: size.rows, isTTY: true },
  );
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: () => stdin,
    ref: () => stdin,
    unref: () => stdin,
  });
  const instance = render(node, {
    stdout,
    stdin,
    stderr: stdout,
    alternateScreen: !size.reader,
    isScreenReaderEnabled: size.reader ?? false,
    incrementalRendering: true,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true,
    maxFps: 200,
  });
  const text = () => gridRows(terminal).join("\n");
  const settled = async () => {
    await instance.waitUntilRenderFlush();
    await waitUntil(() => pending === 0);
  };
  const send = async (bytes: string) => {
    stdin.write(bytes);
    // Ink's own clock for what comes begins when it reads, which on a busy machine is not at once. Some screens hear no keys.
    const read = () => stdin.readableLength === 0 || stdin.listenerCount("readable") === 0;
    while (!read()) await new Promise((resolve) => setImmediate(resolve));
    // A lone Escape is told from a sequence only by time (craft.md).
    await new Promise((resolve) => setTimeout(resolve, bytes === "\u001b" ? 60 : 10));
    await settled();
  };
  await settled();
  return {
    screen: () => gridRows(terminal),
    text,
    press: async (...keys) => {
      for (const key of keys) await send(keyBytes(key));
    },
    type: async (typed) => {
      for (const character of typed) await send(character);
    },
    paste: (pasted) => send(`\u001b[200~${pasted}\u001b[201~`),
    resize: async (columns, rows) => {
      terminal.resize(columns, rows);
      Object.assign(stdout, { columns, rows });
      stdout.emit("resize");
      await settled();
      // Ink draws the old tree once before React has heard of the new size, and reckons from where that left the cursor:
      // what the cockpit does about it (tui/terminal/repaint.ts) is done here, but at once.
      instance.clear();
      stdout.write("\u001b[H\u001b[2J");
      instance.rerender(shown);
      await settled();
      scrolled = 0;
    },
    waitFor: async (test, ms = PATIENCE_MS) => {
      const holds = () => (typeof test === "string" ? text().includes(test) : test(text()));
      await waitUntil(holds, ms, () => `the screen never showed it; it shows:\n${text()}`);
    },
    scrolledAway: () => scrolled,
    written: () => chunks.join(""),
    rerender: (next) => {
      shown = next;
      instance.rerender(next);
    },
    unmount: async () => {
      instance.unmount();
      await instance.waitUntilExit();
      terminal.dispose();
    },
  };
}
