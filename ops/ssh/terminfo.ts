/** The terminal's own description, for machines that have not heard of it. */

import type { Environment } from "../environment.ts";
import { $ } from "../programs.ts";

/** In ncurses-base and ncurses-term of every Ubuntu: xterm, screen, tmux, rxvt, linux, vt220 and their like. */
const KNOWN =
  /^(xterm|xterm-(256color|color|r6)|screen(-256color)?|tmux(-256color)?|rxvt(-.*)?|linux|vt\d+|ansi|dumb)$/;

/** What `infocmp` prints of our terminal, where a machine may not know it (xterm-ghostty, xterm-kitty, foot, …). */
export async function terminfoToBring(env: Environment["env"]): Promise<string | undefined> {
  const term = env.TERM;
  if (!term || KNOWN.test(term) || !/^[\w.+-]+$/.test(term)) return undefined;
  const { exitCode, stdout } = await $({ env, nothrow: true, timeout: 2000 })`infocmp -x ${term}`;
  // Without it the machine is to fall back by itself where it does not know the name either.
  return exitCode === 0 ? stdout : "";
}
