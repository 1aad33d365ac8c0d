/** Finds Ctrl-] among what the keyboard sends, in each of the ways that terminals encode it. */

/** The byte of Ctrl-]: group separator, telnet's own escape. */
const BYTE = 0x1d;
/** The code of `]`. */
const BRACKET = "93";
/**
 * CSI key : shifted key : key of the standard layout ; modifiers : event type u (kitty's protocol and its like) and
 * CSI 27 ; modifiers ; character ~ (xterm's modifyOtherKeys).
 */
const ENCODED = /^\[(?:(\d+)(?::(\d*))?(?::(\d*))?;(\d+)(?::[12])?(?:;[\d:]*)?u|27;(\d+);93~)/;
const ESC = "\u001b";
const PASTE_BEGINS = "\u001b[200~";
const PASTE_ENDS = "\u001b[201~";
/** The longest of those sequences, for one that arrives in two chunks. */
const MEMORY = 24;

interface Scanned {
  /** What goes to the far side. */
  readonly forward: Buffer;
  /** The key was there; what followed it in the chunk is dropped. */
  readonly detach: boolean;
}

/**
 * Makes a scanner for one attachment. Inside a bracketed paste the byte is text, unless it comes alone: then it is the key
 * of somebody whose paste never ended.
 */
export function detachScanner(): (chunk: Buffer) => Scanned {
  let before = "";
  let pasting = false;

  const scan = (text: string): number | undefined => {
    let at = 0;
    while (at < text.length) {
      if (pasting) {
        const end = text.indexOf(PASTE_ENDS, at);
        if (end < 0) return undefined;
        pasting = false;
        at = end + PASTE_ENDS.length;
        continue;
      }
      const begin = text.indexOf(PASTE_BEGINS, at);
      const part = text.slice(at, begin < 0 ? undefined : begin);
      const key = keyIn(part);
      if (key !== undefined) return at + key;
      if (begin < 0) return undefined;
      pasting = true;
      at = begin + PASTE_BEGINS.length;
    }
    return undefined;
  };

  return (chunk) => {
    if (chunk.length === 1 && chunk[0] === BYTE) return { forward: Buffer.alloc(0), detach: true };
    // Every sequence looked for begins with ESC [: without one here or just before, only the byte itself matters.
    if (!pasting && before === "" && !chunk.includes(0x1b)) {
      const at = chunk.indexOf(BYTE);
      return at < 0 ? { forward: chunk, detach: false } : { forward: chunk.subarray(0, at), detach: true };
    }
    const text = before + chunk.toString("latin1");
    const key = scan(text);
    if (key !== undefined) {
      return { forward: chunk.subarray(0, Math.max(0, key - before.length)), detach: true };
    }
    before = openEnd(text);
    return { forward: chunk, detach: false };
  };
}

/** Where the key begins in plain keyboard input. */
function keyIn(text: string): number | undefined {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) === BYTE) return at;
    if (text[at] !== ESC) continue;
    const match = ENCODED.exec(text.slice(at + 1, at + MEMORY));
    if (match && isKey(match)) return at;
  }
  return undefined;
}

/** Control alone, or with Shift where the layout has `]` there. Caps Lock (64) and Num Lock (128) do not count. */
function isKey([, key, shifted, standard, modifiers, other]: RegExpExecArray): boolean {
  // The number is one more than the bits.
  const held = (Number(modifiers ?? other) - 1) & ~(64 | 128);
  const [control, controlShift] = [held === 4, held === 5];
  if (other !== undefined) return control || controlShift;
  return (control && [key, shifted, standard].includes(BRACKET)) || (controlShift && shifted === BRACKET);
}

/** The end of the input where a sequence has begun that may go on in the next chunk. */
function openEnd(text: string): string {
  const begun = text.lastIndexOf(ESC);
  if (begun < 0 || text.length - begun > MEMORY) return "";
  return /^(\[[\d;:]*)?$/.test(text.slice(begun + 1)) ? text.slice(begun) : "";
}
