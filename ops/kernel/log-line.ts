/** What a reader sees of one line of a build's log. Pure. */

/** What may not be shown as it is. Nearly every line of a build is plain ASCII, which may. */
const SPECIAL = /[^\n -~]/;

/** Longer lines than this are nobody's reading: the rest is cut. In UTF-16 units. */
export const LINE_CUT = 4096;

/** Bytes of a line that are looked at: enough for LINE_CUT characters, whatever they are. */
export const RAW_CUT = 4 * LINE_CUT;

const NEW_LINE_AGAIN = 13;
const TAB = 8;

const [ESC, BELL] = ["\u001b", "\u0007"];
const [CSI, ST] = ["\u009b", "\u009c"];
/** What begins a string that a terminal takes for itself: DCS, SOS, OSC, PM and APC, as one character. */
const STRINGS = "\u0090\u0098\u009d-\u009f";

/**
 * What a terminal takes as commands (ECMA-48, and xterm's "Control Sequences"): strings up to their terminator, CSI
 * sequences, other escapes; also those of which the end has not come.
 */
const SEQUENCES = new RegExp(
  [
    `(?:${ESC}[\\]PX^_]|[${STRINGS}])[^${BELL}${ESC}${ST}]*(?:${BELL}|${ESC}\\\\|${ST}|$)`,
    `(?:${ESC}\\[|${CSI})[0-?]*[ -/]*[@-~]?`,
    `${ESC}[ -/]*[0-~]?`,
  ].join("|"),
  "g",
);

/** Control characters, invisible ones that reorder or hide what stands beside them, and line ends of Unicode. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Whether lines are shown as the bytes that they are. */
export function isPlain(lines: Buffer, from = 0, to = lines.length): boolean {
  return !SPECIAL.test(lines.toString("latin1", from, to));
}

/** Where in a line of bytes its text begins: behind the last carriage return that something follows. */
export function textStart(line: Buffer): number {
  let end = line.length;
  while (end > 0 && line[end - 1] === NEW_LINE_AGAIN) end -= 1;
  return end > 0 ? line.lastIndexOf(NEW_LINE_AGAIN, end - 1) + 1 : 0;
}

/** The text of a line's bytes, without carriage returns, sequences and control characters; at most LINE_CUT long. */
export function lineText(line: Buffer): string {
  const from = textStart(line);
  const bytes = line.subarray(from, from + RAW_CUT);
  const text = bytes.toString("latin1");
  return cut(SPECIAL.test(text) ? visible(bytes.toString()) : text);
}

function visible(text: string): string {
  const [head = "", ...rest] = text.replaceAll(SEQUENCES, "").split("\t");
  let out = head.replaceAll(INVISIBLE, "");
  for (const part of rest) out += " ".repeat(TAB - (out.length % TAB)) + part.replaceAll(INVISIBLE, "");
  return out;
}

/** No half of a character is left at the end. */
function cut(text: string): string {
  if (text.length <= LINE_CUT) return text;
  const last = text.charCodeAt(LINE_CUT - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? LINE_CUT - 1 : LINE_CUT);
}
