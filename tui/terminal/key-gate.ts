/** What of the terminal's input is a key of ours: whole pastes, no answers of the terminal, nothing typed for somebody else. */

/** After a session has ended unasked, so much silence ends what was still on its way to it. */
export const QUIET_MS = 500;
/** A lone Escape is a key once nothing has followed it for so long. */
const ESCAPE_MS = 25;
/** A paste, or an answer of the terminal, whose end has not come for so long will not have one. */
const UNENDED_MS = 1000;

const ESC = "\u001b";
/** The key Escape as kitty's protocol has it: nothing that follows it in the same breath can be taken for a part of it. */
export const ESCAPE_KEY = `${ESC}[27u`;
const PASTE_BEGINS = `${ESC}[200~`;
const PASTE_ENDS = `${ESC}[201~`;
/** OSC, DCS, APC, PM and SOS: strings that a terminal answers with (ECMA-48, 8.3). */
const STRING_BEGINS = /^[\]P_^X]/;
/** What ends such a string: BEL, or CAN and SUB, which break it off; and ST, which is Escape and a backslash. */
const STRING_ENDS = ["\u0007", "\u0018", "\u001a"];
/** A control sequence with its parameters, and then its last letter, where that has come. */
const CONTROL_SEQUENCE = /^\[\[?[0-?]*[ -/]*([@-~]?)/;

interface KeyGate {
  /** Takes what the terminal sent, in any pieces. */
  readonly push: (chunk: string) => void;
  /** What comes from now on is nobody's, until the terminal has been silent for a moment. */
  readonly dropUntilQuiet: () => void;
  /** Forgets what has only begun, and its timers. */
  readonly reset: () => void;
}

type State = "ground" | "string" | "paste";

/**
 * `pass` is given what is ours, in pieces that are whole: keys, control sequences, and each paste as one bracketed paste.
 */
export function createKeyGate(pass: (input: string) => void): KeyGate {
  let state: State = "ground";
  let held = "";
  let paste: string[] = [];
  let dropping = false;
  let quiet: NodeJS.Timeout | undefined;
  let quietSeen: NodeJS.Immediate | undefined;
  let timer: NodeJS.Timeout | undefined;

  /** Once what has come meanwhile is read too: on a busy machine a timer ends before keys that were typed long before. */
  const awaitQuiet = () => {
    clearTimeout(quiet);
    clearImmediate(quietSeen);
    quiet = setTimeout(() => {
      quietSeen = setImmediate(() => {
        dropping = false;
      });
    }, QUIET_MS).unref();
  };
  const give = (input: string) => {
    if (input && !dropping) pass(input);
  };
  const endPaste = () => {
    give(PASTE_BEGINS + paste.join("") + PASTE_ENDS);
    paste = [];
    state = "ground";
  };
  /** Nothing has followed what is held: Escape is a key and ends what had no end; half a sequence never will be one. */
  const flush = () => {
    const rest = held;
    held = "";
    if (state === "paste") endPaste();
    state = "ground";
    if (rest === ESC) give(ESCAPE_KEY);
  };

  /** Takes what it can from the front of `text`, and gives what has to wait for more. */
  const ground = (text: string): string => {
    const at = text.indexOf(ESC);
    if (at !== 0) {
      give(at < 0 ? text : text.slice(0, at));
      return at < 0 ? "" : text.slice(at);
    }
    const after = text.slice(1);
    if (STRING_BEGINS.test(after)) {
      state = "string";
      return text.slice(2);
    }
    if (text.startsWith(PASTE_BEGINS)) {
      state = "paste";
      return text.slice(PASTE_BEGINS.length);
    }
    const whole = lengthOf(after);
    if (whole === undefined) {
      held = text;
      return "";
    }
    // Typed quickly, or read late: Escape, and then a key of its own. We have no keys with Alt.
    if (whole === 0) {
      give(ESCAPE_KEY);
      return after;
    }
    // X10 mouse reports are three bytes after a sequence that says nothing of them.
    if (!after.startsWith("[M")) give(text.slice(0, whole + 1));
    return text.slice(whole + 1);
  };
  const string = (text: string): string => {
    const at = text.split("").findIndex((character) => character === ESC || STRING_ENDS.includes(character));
    if (at < 0) return "";
    if (text[at] === ESC && text.length === at + 1) {
      held = ESC;
      return "";
    }
    state = "ground";
    if (text[at] !== ESC) return text.slice(at + 1);
    // Any other sequence breaks the string off, and counts.
    return text[at + 1] === "\\" ? text.slice(at + 2) : text.slice(at);
  };
  const pasting = (text: string): string => {
    const end = text.indexOf(PASTE_ENDS);
    if (end >= 0) {
      paste.push(text.slice(0, end));
      endPaste();
      return text.slice(end + PASTE_ENDS.length);
    }
    const begun = beginningAtEnd(text, PASTE_ENDS);
    paste.push(text.slice(0, text.length - begun.length));
    held = begun;
    return "";
  };

  return {
    push: (chunk) => {
      clearTimeout(timer);
      if (dropping) awaitQuiet();
      // Somebody who presses it wants out, and no terminal sends it by itself.
      if (chunk === "\u0003" && state !== "ground") flush();
      let text = held + chunk;
      held = "";
      while (text) text = state === "ground" ? ground(text) : state === "string" ? string(text) : pasting(text);
      if (held === ESC) timer = setTimeout(flush, ESCAPE_MS);
      else if (held || state !== "ground") timer = setTimeout(flush, UNENDED_MS);
    },
    dropUntilQuiet: () => {
      dropping = true;
      awaitQuiet();
    },
    reset: () => {
      clearTimeout(timer);
      state = "ground";
      held = "";
      paste = [];
    },
  };
}

/** How much of the text behind an Escape belongs to it, 0 for nothing; undefined while that cannot be told. */
function lengthOf(after: string): number | undefined {
  const [first = ""] = after;
  if (first === "[") {
    if (after.startsWith("[M")) return after.length < 5 ? undefined : 5;
    const [sequence = "", last] = CONTROL_SEQUENCE.exec(after) ?? [];
    // A character that no sequence may hold breaks it off: what came before it is no key.
    return last || sequence.length < after.length ? sequence.length : undefined;
  }
  if (first === "O") return after.length < 2 ? undefined : 2;
  return first === "" ? undefined : 0;
}

/** The longest beginning of `sequence` with which `text` ends. */
function beginningAtEnd(text: string, sequence: string): string {
  for (let length = Math.min(sequence.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(sequence.slice(0, length))) return sequence.slice(0, length);
  }
  return "";
}
