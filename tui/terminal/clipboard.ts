/** Copying by the terminal itself (OSC 52), which reaches the person's clipboard also over SSH. */

import { Buffer } from "node:buffer";
import type { Environment } from "../../ops/environment.ts";

/** What fits into the 100,000 bytes at which terminals cut the sequence off (hterm and xterm have this limit). */
export const CLIPBOARD_BYTES = 74_994;

/**
 * The bytes that ask the terminal to take `text` into its clipboard.
 * Inside tmux they are sent twice: as they are, for `set-clipboard on`, and wrapped for `allow-passthrough on` (tmux(1),
 * "DCS passthrough": every escape is doubled).
 */
export function clipboardSequence(text: string, env: Environment["env"]): string {
  const sequence = `\u001b]52;c;${Buffer.from(text).toString("base64")}\u0007`;
  return env.TMUX ? sequence + inTmux(sequence, env) : sequence;
}

/** The sequence for the terminal itself: inside tmux it is wrapped, and passed on where `allow-passthrough` is on. */
export function inTmux(sequence: string, env: Environment["env"]): string {
  if (!env.TMUX) return sequence;
  return `\u001bPtmux;${sequence.replaceAll("\u001b", "\u001b\u001b")}\u001b\\`;
}

/** The newest of `lines` that fit, whole lines only (a single longer one is cut), and how many were left out. */
export function newestThatFit(
  lines: Iterable<string>,
  bytes: number = CLIPBOARD_BYTES,
): { readonly text: string; readonly taken: number; readonly cut: boolean } {
  const taken: string[] = [];
  let room = bytes;
  for (const line of lines) {
    const size = Buffer.byteLength(line) + 1;
    if (size > room) {
      if (!taken.length) return { text: cutTo(line, bytes), taken: 1, cut: true };
      return { text: taken.reverse().join(""), taken: taken.length, cut: true };
    }
    taken.push(`${line}\n`);
    room -= size;
  }
  return { text: taken.reverse().join(""), taken: taken.length, cut: false };
}

/** The text's beginning in `bytes` bytes of UTF-8 at most; `stream` leaves off half a character at the end. */
function cutTo(text: string, bytes: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true });
}
