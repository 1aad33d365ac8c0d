/** What a reader sees of one line of a build's log. Pure. */

import { withoutSequences } from "../plain.ts";

/** Longer lines than this are nobody's reading: the rest is cut. In UTF-16 units. */
export const LINE_CUT = 4096;

/** Bytes of a line that are looked at: enough for LINE_CUT characters, whatever they are. */
export const RAW_CUT = 4 * LINE_CUT;

export const CARRIAGE_RETURN = 13;
const TAB = 8;

const ESC = "\u001b";
/** A sequence at the end of which the rest has not come: a build writes when it likes. */
const UNFINISHED = new RegExp(
  `${ESC}[ -/]*$|(?:${ESC}\\[|\u009b)[0-?]*[ -/]*$|(?:${ESC}[\\]PX^_]|[\u0090\u0098\u009d-\u009f])\\P{Cc}*$`,
  "u",
);

/** Control characters, and invisible ones that reorder or hide what stands beside them. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A byte that may not be shown as it is. Nearly every line of a build is plain ASCII, which may. */
function isSpecial(byte = 0): boolean {
  return (byte < 0x20 && byte !== 0x0a) || byte > 0x7e;
}

/** The same of four bytes at once: whether one of them may be special. */
function mayBeSpecial(word = 0): boolean {
  return ((word | (word - 0x20202020) | ((word ^ 0x7f7f7f7f) - 0x01010101)) & 0x80808080) !== 0;
}

/** Whether lines are shown as the bytes that they are. Every byte of a log comes by here: nothing is made of them. */
export function isPlain(lines: Buffer, from = 0, to = lines.length): boolean {
  let at = from;
  for (; at < to && (lines.byteOffset + at) % 4; at += 1) if (isSpecial(lines[at])) return false;
  if (to - at >= 4) {
    const words = new Int32Array(lines.buffer, lines.byteOffset + at, (to - at) >> 2);
    for (let word = 0; word < words.length; word += 1, at += 4) {
      if (!mayBeSpecial(words[word])) continue;
      for (let byte = at; byte < at + 4; byte += 1) if (isSpecial(lines[byte])) return false;
    }
  }
  for (; at < to; at += 1) if (isSpecial(lines[at])) return false;
  return true;
}

/** Where in a line of bytes its text begins: behind the last carriage return that something follows. */
export function textStart(line: Buffer): number {
  const end = textEnd(line);
  return end > 0 ? line.lastIndexOf(CARRIAGE_RETURN, end - 1) + 1 : 0;
}

function textEnd(line: Buffer): number {
  let end = line.length;
  while (end > 0 && line[end - 1] === CARRIAGE_RETURN) end -= 1;
  return end;
}

/** The text of a line's bytes, without carriage returns, sequences and control characters; at most LINE_CUT long. */
export function lineText(line: Buffer): string {
  const from = textStart(line);
  const bytes = line.subarray(from, Math.min(textEnd(line), from + RAW_CUT));
  return cut(isPlain(bytes) ? bytes.toString("latin1") : visible(bytes.toString()));
}

function visible(text: string): string {
  const [head = "", ...rest] = withoutSequences(text.replace(UNFINISHED, "")).split("\t");
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
