/** How a run came out, as a mark, a word and a style: the same wherever it is told. */

import type { RunState } from "../../ops/operation/run.ts";
import type { Outcome } from "../../ops/operation/types.ts";
import { clean } from "../format/text.ts";
import type { Token } from "../shared/theme.ts";

export type OutcomeLook = readonly [mark: string, word: string, token: Token];

export const OUTCOME_LOOK: Readonly<Record<Outcome["status"], OutcomeLook>> = {
  done: ["✓", "done", "status.ok"],
  "nothing-to-do": ["✓", "nothing to do", "status.ok"],
  blocked: ["!", "blocked", "status.warn"],
  cancelled: ["■", "cancelled", "status.warn"],
  failed: ["✗", "failed", "status.error"],
};

/** "cancelled, nothing was done": what a person gave up is told without the time that it took to say so. */
export function cancelledWords({ sentence }: Pick<Extract<Outcome, { status: "cancelled" }>, "sentence">): string {
  const said = clean(sentence).replace(/\.$/, "");
  return `cancelled, ${/^[A-Z][a-z]+ /.test(said) ? said.charAt(0).toLowerCase() + said.slice(1) : said}`;
}

/** Whether a person said no to what it asked, or gave up signing in: nothing of it is worth a screen of its own. */
export function isGivenUp({ name, outcome, cancelling }: RunState): boolean {
  return outcome?.status === "cancelled" && (!cancelling || name === "login");
}
