/** What reaches a person who looks at another window: a notice of the desktop, by the terminal. */

import type { Environment } from "../../ops/environment.ts";
import { clean } from "../format/text.ts";
import { inTmux } from "./clipboard.ts";

const LONGEST = 200;

/**
 * The bytes that ask the terminal for a notice: OSC 777 where it is foot's or urxvt's, OSC 9 elsewhere (iTerm2, kitty,
 * WezTerm, Ghostty and Windows Terminal know it, others pass it over). Never both: some would tell it twice.
 */
export function noticeSequence(text: string, env: Environment["env"]): string {
  // The words come first, as "9;4;…" would be ConEmu's progress; what would end the sequence is not in them.
  const said = clean(text).slice(0, LONGEST).replaceAll(";", ",");
  const fields = /^(?:foot|rxvt)/.test(env.TERM ?? "") ? `777;notify;snowglobe;${said}` : `9;snowglobe: ${said}`;
  return inTmux(`\u001b]${fields}\u0007`, env);
}
