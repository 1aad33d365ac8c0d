/** What a reader sees of one line of a build's log. Pure. */

import { withoutSequences } from "../plain.ts";

/** Longer lines than this are nobody's reading: the rest is cut. In UTF-16 units. */
const LINE_CUT = 4096;
/** Bytes of a line that are looked at: enough for LINE_CUT characters, whatever they are. */
export const RAW_CUT = 4 * LINE_CUT;

const TAB = 8;
const ESC = "\u001b";
/** A sequence at the end of which the rest has not come: a build writes when it likes. */
const UNFINISHED = new RegExp(
  `${ESC}[ -/]*$|(?:${ESC}\\[|\u009b)[0-?]*[ -/]*$|(?:${ESC}[\\]PX^_]|[\u0090\u0098\u009d-\u009f])\\P{Cc}*$`,
  "u",
);
/** Control characters, and invisible ones that reorder or hide what stands beside them. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Nearly every line of a build is plain ASCII, which is shown as it is. */
const PLAIN = /^[ -~]*$/;

/** The text of a line's bytes up to its end, without sequences and control characters; at most LINE_CUT long. */
export function lineText(line: Buffer): string {
  const raw = /^[^\r\n]*/.exec(line.subarray(0, RAW_CUT).toString("latin1"))?.[0] ?? "";
  return cut(PLAIN.test(raw) ? raw : visible(Buffer.from(raw, "latin1").toString()));
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
