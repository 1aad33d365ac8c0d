/** What the far side's holder tells the cockpit between the shell's own bytes, in a string that no terminal acts on (APC). */

/** What comes between is the shell's, or a word with what belongs to it. */
export type Told = { readonly bytes: Buffer } | { readonly word: Word; readonly about: readonly string[] };

type Word =
  /** The shell is this one, which lived before; or it is new. */
  | "held"
  | "new"
  /** From here to `live` comes what is kept of what it wrote until now; `size` rows and columns hold from there on. */
  | "log"
  | "size"
  | "live"
  /** A shell begins that nobody holds. */
  | "plain"
  /** The link is alive. */
  | "beat"
  /** Somebody else has taken the shell; or it has ended. */
  | "taken"
  | "ended";

const WORDS: ReadonlySet<string> = new Set<Word>([
  "held",
  "new",
  "log",
  "size",
  "live",
  "plain",
  "beat",
  "taken",
  "ended",
]);

const END = Buffer.from("\u001b\\");
/** A word with what belongs to it is never longer. */
const LONGEST = 200;
const NOTHING = Buffer.alloc(0);

/**
 * Takes the words out of a stream, in any pieces. What may be the beginning of one waits for the next piece; `rest` gives
 * it where none follows. Only who knows the nonce can say a word.
 */
export function createListener(nonce: string): {
  readonly hear: (chunk: Buffer) => readonly Told[];
  readonly rest: () => Buffer;
} {
  const begin = Buffer.from(`\u001b_${nonce};`);
  let held: Buffer = NOTHING;

  const hear = (chunk: Buffer): readonly Told[] => {
    let left = held.length ? Buffer.concat([held, chunk]) : chunk;
    held = NOTHING;
    const told: Told[] = [];
    const pass = (bytes: Buffer) => {
      if (bytes.length) told.push({ bytes });
    };
    while (left.length) {
      const at = left.indexOf(begin);
      if (at < 0) {
        const open = openEnd(left, begin);
        held = left.subarray(left.length - open);
        pass(left.subarray(0, left.length - open));
        break;
      }
      const end = left.indexOf(END, at);
      pass(left.subarray(0, at));
      if (end < 0 && left.length - at <= LONGEST) {
        held = left.subarray(at);
        break;
      }
      const [word = "", ...about] = left.toString("latin1", at + begin.length, Math.max(at, end)).split(";");
      if (isWord(word)) told.push({ word, about });
      left = end < 0 ? NOTHING : left.subarray(end + END.length);
    }
    return told;
  };
  return {
    hear,
    rest: () => {
      const rest = held;
      held = NOTHING;
      return rest;
    },
  };
}

function isWord(text: string): text is Word {
  return WORDS.has(text);
}

/** How much of the end may be the beginning of `begin`. */
function openEnd(bytes: Buffer, begin: Buffer): number {
  const at = bytes.lastIndexOf(0x1b);
  const length = bytes.length - at;
  if (at < 0 || length >= begin.length) return 0;
  return bytes.compare(begin, 0, length, at) === 0 ? length : 0;
}
