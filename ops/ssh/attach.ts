/** Lends the real terminal to a session: raw bytes both ways, until Ctrl-] or the end. */

import { $ } from "../programs.ts";
import { detachScanner } from "./detach-key.ts";
import type { Size } from "./emulator.ts";
import { enter, LEAVE } from "./replay.ts";
import type { AttachedTerminal } from "./types.ts";

/** What an attachment needs of the session that it shows. */
export interface Attachable {
  readonly write: (bytes: Buffer) => void;
  readonly resize: (size: Size) => void;
  /**
   * Gives `sink` the bytes that paint the screen as it is, then, with nothing between, every chunk that comes. The sink
   * says false when the terminal is behind; `drained` says that it has caught up.
   */
  readonly watch: (sink: (chunk: Buffer) => boolean) => void;
  readonly drained: () => void;
  readonly unwatch: () => void;
  /** Settles when the session ends or is taken from under the attachment. */
  readonly over: Promise<void>;
}

/** Milliseconds for which a second Ctrl-] is waited for, which is the far side's (vim's tag jump, telnet's escape). */
const SECOND_MS = 250;

/** Terminals whose normal screen holds nothing but what an attachment has left there. */
const cleared = new WeakSet<object>();

/**
 * Runs one attachment. Restores the terminal's modes, title and input on every way out, also when the process exits
 * meanwhile. The caller has stopped reading the input itself.
 */
export async function attachTerminal(
  session: Attachable,
  { input, output }: AttachedTerminal,
): Promise<"detached" | "ended"> {
  const encoding = input.readableEncoding;
  const raw = input.isRaw;
  const scan = detachScanner();
  let detach = () => {};
  const detached = new Promise<"detached">((resolve) => {
    detach = () => resolve("detached");
  });

  let second: NodeJS.Timeout | undefined;
  const leave = () => {
    input.off("data", onInput);
    detach();
  };
  const onInput = (chunk: string | Buffer) => {
    const scanned = scan(Buffer.from(chunk as string, "latin1"));
    if (scanned.forward.length > 0) session.write(scanned.forward);
    clearTimeout(second);
    if (scanned.detach === "once") second = setTimeout(leave, SECOND_MS);
    if (scanned.detach === "yes") leave();
  };
  const onResize = () => session.resize(sizeOf(output));
  const onDrain = () => session.drained();
  const giveBack = () => output.write(LEAVE);

  // A reader before us may have asked for text; in latin1 every byte is one character, so none is changed.
  input.setEncoding("latin1");
  if (input.isTTY) makeRaw(input);
  input.on("data", onInput);
  input.on("end", detach);
  input.ref?.();
  input.resume();
  output.on("resize", onResize);
  output.on("drain", onDrain);
  process.on("exit", giveBack);
  try {
    output.write(enter(output.rows || 0, !cleared.has(output)));
    cleared.add(output);
    onResize();
    session.watch((chunk) => output.write(chunk));
    return await Promise.race([detached, session.over.then(() => "ended" as const)]);
  } finally {
    clearTimeout(second);
    session.unwatch();
    process.off("exit", giveBack);
    output.off("resize", onResize);
    output.off("drain", onDrain);
    input.off("data", onInput);
    input.off("end", detach);
    input.pause();
    input.setEncoding(encoding ?? "utf8");
    // Never cooked in between where it was raw: what is typed now would be echoed, and Ctrl+C a signal.
    if (input.isTTY && raw) outputProcessing(input, true);
    else if (input.isTTY) input.setRawMode(false);
    giveBack();
    // process.stdin stops reading a tick after pause(); a reader that listens before that would never hear a key.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Raw mode that changes no byte in either direction. Node's own leaves output processing on (libuv's UV_TTY_MODE_RAW), so
 * that a bare line feed, which full-screen programs send to go straight down, would also go to the left. Where there is
 * no stty, Node's has to do.
 */
function makeRaw(input: NodeJS.ReadStream): void {
  input.setRawMode(true);
  outputProcessing(input, false);
}

function outputProcessing(input: NodeJS.ReadStream, on: boolean): void {
  const fd = "fd" in input ? input.fd : undefined;
  if (typeof fd !== "number") return;
  try {
    $.sync({ stdio: [fd, "ignore", "ignore"] })`stty ${on ? "opost" : "-opost"}`;
  } catch {
    // Left as it is: see above.
  }
}

/** A terminal that does not know its size says 0×0 or nothing. */
function sizeOf(output: NodeJS.WriteStream): Size {
  return { columns: output.columns || 0, rows: output.rows || 0 };
}
