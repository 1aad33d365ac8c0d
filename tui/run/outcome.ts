/** What a person gave up, in words. */

import type { RunState } from "../../ops/operation/run.ts";
import type { Outcome } from "../../ops/operation/types.ts";
import { clean } from "../format/text.ts";

/** "cancelled, nothing was done": what a person gave up is told without the time that it took to say so. */
export function cancelledWords({ sentence }: Pick<Extract<Outcome, { status: "cancelled" }>, "sentence">): string {
  const said = clean(sentence).replace(/\.$/, "");
  return `cancelled, ${/^[A-Z][a-z]+ /.test(said) ? said.charAt(0).toLowerCase() + said.slice(1) : said}`;
}

/** Whether a person said no to what it asked, or gave up signing in: nothing of it is worth a screen of its own. */
export function isGivenUp({ name, outcome, cancelling }: RunState): boolean {
  return outcome?.status === "cancelled" && (!cancelling || name === "login");
}
