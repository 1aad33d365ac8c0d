/** Runs a program under a pty and reads its screen from a terminal emulator, as its owner would see it. */

import xterm from "@xterm/headless";
import { spawn } from "node-pty";
import { gridRows, PATIENCE_MS, waitUntil } from "./grid.ts";
import { keyBytes } from "./keys.ts";

const DRAIN_MS = 50;
/** A marked button, or the keys of a list or a field (tui/dialogs). */
export const TAKES_ANSWERS = /\[ [^\]\n]+ \]|Enter choose|Enter go on|, when it matches/;

export interface Program {
  readonly pid: number;
  /** The emulator that it writes to, cells, colours and all. */
  readonly terminal: xterm.Terminal;
  readonly screen: () => string[];
  readonly text: () => string;
  /** Key names as in keys.ts, each sent on its own with time for a lone Escape to be told apart. */
  readonly press: (...keys: string[]) => Promise<void>;
  readonly write: (bytes: string) => void;
  readonly resize: (columns: number, rows: number) => void;
  readonly waitFor: (test: string | RegExp | ((text: string) => boolean), ms?: number) => Promise<void>;
  /** Resolves when the question on the screen takes an answer: its buttons or keys are named. */
  readonly takesAnswers: () => Promise<void>;
  /** Resolves when it has written nothing for a moment: what it was doing is done. */
  readonly quiet: () => Promise<void>;
  readonly kill: (signal?: string) => void;
  /** Closes the terminal, as its window is closed: the program hears SIGHUP, and can write to nobody any more. */
  readonly hangUp: () => void;
  /** Resolves with how the program ended. */
  readonly exited: Promise<{ readonly exitCode: number; readonly signal: number | undefined }>;
  /** All bytes it wrote so far. */
  readonly written: () => string;
  readonly bytes: () => number;
  /** Whether the terminal is on its normal screen with a visible cursor: as a shell wants it back. */
  readonly restored: () => boolean;
  /**
   * Rows that scrolled off the alternate screen since the last resize: more than zero means that a frame was higher than
   * the window. What a program draws before it has heard of a resize does not count, so call it when all has settled.
   */
  readonly scrolledAway: () => number;
  /** Begins to count anew. */
  readonly forgetScrolls: () => void;
}

export function runProgram(
  file: string,
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly cwd?: string;
    readonly columns?: number;
    readonly rows?: number;
  },
): Program {
  const columns = options.columns ?? 80;
  const rows = options.rows ?? 24;
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 5000 });
  const chunks: string[] = [];
  let scrolled = 0;
  const pty = spawn(file, [...args], {
    cols: columns,
    rows,
    env: { TERM: "xterm-256color", ...options.env },
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  // A terminal answers what programs ask it.
  terminal.onData((answer) => {
    if (!ended) pty.write(answer);
  });
  let ended = false;
  pty.onData((chunk) => {
    chunks.push(chunk);
    terminal.write(chunk);
  });
  // The alternate screen has no scrollback: a row too many shows only in the moment in which it pushes another one out.
  terminal.onScroll(() => {
    if (terminal.buffer.active.type === "alternate") scrolled += 1;
  });
  // To enter the alternate screen counts as a scroll to the emulator, told just before.
  terminal.buffer.onBufferChange(() => {
    scrolled = 0;
  });
  const exited = new Promise<{ exitCode: number; signal: number | undefined }>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      ended = true;
      // What it wrote last may still be on its way through the pty, and through the emulator.
      setTimeout(() => terminal.write("", () => resolve({ exitCode, signal })), DRAIN_MS);
    });
  });
  const text = () => gridRows(terminal).join("\n");
  const waitFor: Program["waitFor"] = async (test, ms = PATIENCE_MS) => {
    const holds = () =>
      typeof test === "string" ? text().includes(test) : test instanceof RegExp ? test.test(text()) : test(text());
    await waitUntil(holds, ms, () => `the screen never showed ${test}; it shows:\n${text()}`);
  };
  return {
    pid: pty.pid,
    terminal,
    screen: () => gridRows(terminal),
    text,
    press: async (...keys) => {
      for (const key of keys) {
        pty.write(keyBytes(key));
        await new Promise((resolve) => setTimeout(resolve, key === "escape" ? 60 : 15));
      }
    },
    write: (bytes) => pty.write(bytes),
    resize: (newColumns, newRows) => {
      terminal.resize(newColumns, newRows);
      pty.resize(newColumns, newRows);
    },
    waitFor,
    takesAnswers: () => waitFor(TAKES_ANSWERS),
    quiet: async () => {
      let before = -1;
      for (let now = chunks.length; now !== before; now = chunks.length) {
        before = now;
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    },
    kill: (signal) => {
      if (!ended) process.kill(pty.pid, signal ?? "SIGKILL");
    },
    hangUp: () => {
      // Not in the published types.
      if (!ended && "destroy" in pty && typeof pty.destroy === "function") pty.destroy();
    },
    exited,
    written: () => chunks.join(""),
    bytes: () => chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0),
    restored: () => {
      const all = chunks.join("");
      const shown = all.lastIndexOf("\u001b[?25h") > all.lastIndexOf("\u001b[?25l");
      const { bracketedPasteMode, wraparoundMode } = terminal.modes;
      return terminal.buffer.active.type === "normal" && shown && wraparoundMode && !bracketedPasteMode;
    },
    scrolledAway: () => scrolled,
    forgetScrolls: () => {
      scrolled = 0;
    },
  };
}
