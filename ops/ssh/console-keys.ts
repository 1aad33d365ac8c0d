/** The public host keys that cloud-init prints to a machine's console. */

import { createHash } from "node:crypto";

export interface PublicKey {
  /** `ssh-ed25519` and the like. */
  readonly type: string;
  /** In base64. */
  readonly blob: string;
}

interface Printed {
  readonly keys: readonly PublicKey[];
  /** That boot's cloud-init is done: what it has not printed does not come. */
  readonly over: boolean;
}

const BEGIN = "-----BEGIN SSH HOST KEY KEYS-----";
const END = "-----END SSH HOST KEY KEYS-----";
/** Kernel messages may stand before it on a line, as both write to one console. */
const KEY = /\b((?:ssh|ecdsa|sk)-[a-z0-9@.-]{1,60}) (AAAA[A-Za-z0-9+/]{16,2048}={0,2})(?=\s|$)/;

/**
 * Reads the last whole block of keys (cloud-init, cc_keys_to_console and its tool write-ssh-key-fingerprints). Any text
 * will do; a block that is cut off counts for nothing.
 */
export function keysOnConsole(text: string): Printed {
  const over = /Cloud-init v\. \S+ finished/.test(text.slice(Math.max(0, text.lastIndexOf(END))));
  const end = text.lastIndexOf(END);
  const begin = text.lastIndexOf(BEGIN, end);
  if (begin < 0 || end < begin) return { keys: [], over };
  const keys = text
    .slice(begin + BEGIN.length, end)
    .split(/\r?\n/)
    .flatMap((line) => {
      const [, type, blob] = KEY.exec(line) ?? [];
      return type && blob && isOfType(blob, type) ? [{ type, blob }] : [];
    });
  return { keys, over };
}

/** A key says its own type first, after its length in four bytes (RFC 4253, 6.6). */
function isOfType(blob: string, type: string): boolean {
  const bytes = Buffer.from(blob, "base64");
  return bytes.length > 4 && bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString("latin1") === type;
}

/** As ssh writes it: `SHA256:` and base64 without padding. */
export function fingerprintOf({ blob }: Pick<PublicKey, "blob">): string {
  const digest = createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}
