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
/** Keys that are still held, or let go, between the two presses. */
const HELD = new RegExp(`^(?:${ESC}\\[[\\d:]*;\\d+:[23][u~A-Z])+`);
const PASTE_BEGINS = "\u001b[200~";
const PASTE_ENDS = "\u001b[201~";
/** The longest of those sequences, for one that arrives in two chunks. */
const MEMORY = 24;

interface Scanned {
  /** What goes to the far side. */
  readonly forward: Buffer;
  /** `once`: the key was there, and may come a second time. `yes`: something else came after it, which is nobody's. */
  readonly detach: "no" | "once" | "yes";
}

/**
 * Makes a scanner for one attachment. The key pressed twice is the far side's, once; whoever scans decides how long the
 * second is waited for. Inside a bracketed paste the byte is text, unless it comes alone: then it is the key of somebody
 * whose paste never ended.
 */
export function detachScanner(): (chunk: Buffer) => Scanned {
  // The end of what came before, where a sequence has begun in it; after the key it waits, else it was passed on.
  let before = "";
  let pasting = false;
  let once = false;

  /** Where the key is from `at` on. */
  const find = (text: string, from: number): number => {
    let at = from;
    while (at < text.length) {
      if (pasting) {
        const end = text.indexOf(PASTE_ENDS, at);
        if (end < 0) return -1;
        pasting = false;
        at = end + PASTE_ENDS.length;
        continue;
      }
      const begin = text.indexOf(PASTE_BEGINS, at);
      const key = keyIn(text.slice(at, begin < 0 ? undefined : begin));
      if (key >= 0) return at + key;
      if (begin < 0) return -1;
      pasting = true;
      at = begin + PASTE_BEGINS.length;
    }
    return -1;
  };

  return (chunk) => {
    if (chunk.length === 1 && chunk[0] === BYTE) {
      before = "";
      once = !once;
      return once ? { forward: Buffer.alloc(0), detach: "once" } : { forward: chunk, detach: "no" };
    }
    // Every sequence looked for begins with ESC [: without one here or just before, only the byte itself matters.
    if (!once && !pasting && before === "" && !chunk.includes(0x1b) && !chunk.includes(BYTE)) {
      return { forward: chunk, detach: "no" };
    }
    const text = before + chunk.toString("latin1");
    let passed = once ? 0 : before.length;
    let at = 0;
    before = "";
    let forward = "";
    while (true) {
      if (once) {
        at += HELD.exec(text.slice(at))?.[0].length ?? 0;
        const rest = text.slice(at);
        const length = keyLength(rest);
        if (length === 0) {
          before = openEnd(rest);
          return { forward: Buffer.from(forward, "latin1"), detach: before === rest ? "once" : "yes" };
        }
        once = false;
        forward += rest.slice(0, length);
        at += length;
        passed = at;
      }
      const key = find(text, at);
      if (key < 0) {
        forward += text.slice(passed);
        before = openEnd(text.slice(at));
        return { forward: Buffer.from(forward, "latin1"), detach: "no" };
      }
      forward += text.slice(passed, key);
      once = true;
      at = key + keyLength(text.slice(key));
    }
  };
}

/** Where the key begins in plain keyboard input; -1 where it is not. */
function keyIn(text: string): number {
  for (let at = 0; at < text.length; at += 1) {
    if ((text.charCodeAt(at) === BYTE || text[at] === ESC) && keyLength(text.slice(at, at + MEMORY)) > 0) return at;
  }
  return -1;
}

/** How long the key is that the text begins with; 0 where it does not. */
function keyLength(text: string): number {
  if (text.charCodeAt(0) === BYTE) return 1;
  if (text[0] !== ESC) return 0;
  const match = ENCODED.exec(text.slice(1, MEMORY));
  return match && isKey(match) ? 1 + match[0].length : 0;
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
