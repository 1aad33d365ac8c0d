/** Copying, and saying of it what is known. */

import { useStdout } from "ink";
import { useCallback } from "react";
import type { Environment } from "../../ops/environment.ts";
import { $ } from "../../ops/programs.ts";
import { clipboardSequence } from "./clipboard.ts";

/**
 * Copies a text by the terminal, and inside tmux by tmux itself as well, which by default takes OSC 52 from no program
 * (tmux(1), `set-clipboard`). What came of it is told: a terminal never says whether it took it, tmux does.
 * @returns takes the text and what it is, as in "the address"
 */
export function useCopy(
  { env }: Pick<Environment, "env">,
  tell: (sentence: string) => void,
): (text: string, what: string) => void {
  const { stdout } = useStdout();
  return useCallback(
    (text, what) => {
      stdout.write(clipboardSequence(text, env));
      void takenByTmux(text, env).then((known) => tell(known ? `Copied ${what}.` : `Sent to the clipboard: ${what}.`));
    },
    [stdout, env, tell],
  );
}

/** Whether tmux has it now, for itself and for the terminal around it; false where we are in none. */
async function takenByTmux(text: string, env: Environment["env"]): Promise<boolean> {
  if (!env.TMUX) return false;
  const { exitCode } = await $({ env: { ...env }, input: text, nothrow: true })`tmux load-buffer -w -`;
  return exitCode === 0;
}
