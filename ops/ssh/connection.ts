/** One ssh process under a pseudo-terminal: raw bytes, held and let go, and its end told once, after its last byte. */

import type { IPty } from "node-pty";
import { isAlive } from "../programs.ts";
import type { Size } from "./emulator.ts";
import { createPtyWriter } from "./pty-writer.ts";
import { hangUpWithUs } from "./watcher.ts";

export interface Connection {
  readonly pid: number;
  readonly write: (bytes: Buffer) => void;
  /** Ignores a size of nothing, and any size after the end. */
  readonly resize: (size: Size) => void;
  /** Stops and goes on with reading; while held, the far side waits. */
  readonly hold: (held: boolean) => void;
  /** Hangs up; the end follows. */
  readonly close: () => void;
  /** Settles when the process has ended. */
  readonly gone: Promise<void>;
}

interface ConnectionEvents {
  readonly onData: (chunk: Buffer) => void;
  /** ssh's exit status; 255 where ssh itself failed (or where the far side's own status was 255). */
  readonly onEnd: (code: number) => void;
}

/** In a flood, chunks are passed on together: a pty gives 4 KB at a time, and each handing-on has its price. */
const TOGETHER_MS = 1;
const TOGETHER_BYTES = 64 * 1024;
/** How long ssh may take to hang up before it is killed. */
const HANG_UP_MS = 2000;
/** node-pty drops what is unread 200 ms after the process ended, so one that ends while held must be let go before. */
const HELD_CHECK_MS = 50;

export async function connect(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  size: Size,
  events: ConnectionEvents,
): Promise<Connection> {
  const { spawn } = await import("node-pty");
  const pty = spawn(program, [...args], {
    name: env.TERM || "xterm-256color",
    cols: size.columns,
    rows: size.rows,
    env: withoutWindow(env),
    encoding: null,
  });
  const typed = createPtyWriter(descriptorOf(pty));
  const release = hangUpWithUs(pty.pid);
  const gone = Promise.withResolvers<void>();
  let ended = false;
  let heldCheck: NodeJS.Timeout | undefined;
  let killer: NodeJS.Timeout | undefined;

  let together: Buffer[] = [];
  let gathered = 0;
  let passedOnAt = 0;
  let passOnSoon: NodeJS.Timeout | undefined;

  const passOn = () => {
    clearTimeout(passOnSoon);
    passOnSoon = undefined;
    passedOnAt = performance.now();
    const [first] = together;
    if (!first) return;
    const chunk = together.length === 1 ? first : Buffer.concat(together, gathered);
    together = [];
    gathered = 0;
    events.onData(chunk);
  };
  pty.onData((data) => {
    // With no encoding the data are Buffers, whatever the type says (node-pty.d.ts, IBasePtyForkOptions.encoding).
    const chunk = data as unknown as Buffer;
    together.push(chunk);
    gathered += chunk.length;
    // The first after a pause, such as the echo of a key, is not kept waiting.
    if (gathered >= TOGETHER_BYTES || (!passOnSoon && performance.now() - passedOnAt > TOGETHER_MS)) passOn();
    else passOnSoon ??= setTimeout(passOn, TOGETHER_MS);
  });
  pty.onExit(({ exitCode, signal }) => {
    ended = true;
    typed.stop();
    passOn();
    clearInterval(heldCheck);
    clearTimeout(killer);
    release();
    destroy(pty);
    // A process that died of a signal has no status: as ssh says it, 255.
    events.onEnd(signal ? 255 : exitCode);
    gone.resolve();
  });

  return {
    pid: pty.pid,
    gone: gone.promise,
    write: (bytes) => {
      if (!ended) typed.write(bytes);
    },
    resize: ({ columns, rows }) => {
      if (ended || columns < 1 || rows < 1) return;
      try {
        pty.resize(columns, rows);
      } catch {
        // It ended between two turns of the event loop: no window is left to tell.
      }
    },
    hold: (held) => {
      if (ended) return;
      clearInterval(heldCheck);
      if (!held) return pty.resume();
      pty.pause();
      heldCheck = setInterval(() => {
        if (isAlive(pty.pid)) return;
        clearInterval(heldCheck);
        pty.resume();
      }, HELD_CHECK_MS);
    },
    close: () => {
      if (ended || killer) return;
      // Nobody reads any more, so what is on its way must not keep it.
      pty.resume();
      pty.kill("SIGHUP");
      killer = setTimeout(() => pty.kill("SIGKILL"), HANG_UP_MS);
    },
  };
}

/** The master's descriptor, which node-pty has and does not publish (`fd` in its unixTerminal.js). */
function descriptorOf(pty: IPty): number {
  if ("fd" in pty && typeof pty.fd === "number") return pty.fd;
  throw new Error("node-pty gives no descriptor any more");
}

/** `kill` leaves the descriptor open, `destroy` closes it; it is not in the published types. */
function destroy(pty: IPty): void {
  if ("destroy" in pty && typeof pty.destroy === "function") pty.destroy();
}

/** What describes our own window must not be believed of the new one (node-pty does so only for process.env). */
function withoutWindow(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const {
    TMUX: _1,
    TMUX_PANE: _2,
    STY: _3,
    WINDOW: _4,
    WINDOWID: _5,
    TERMCAP: _6,
    COLUMNS: _7,
    LINES: _8,
    ...rest
  } = env;
  return Object.fromEntries(Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
