/** What stands above a plan: whether it is dangerous and why, what it does in a glance, and what that costs. Pure. */

import { said, type Verdict } from "../../ops/plan/guard.ts";
import { moneyWords } from "../../ops/plan/money.ts";
import type { PlanView } from "../../ops/plan/view.ts";
import { flow } from "../format/flow.ts";
import { type Line, t } from "../format/line.ts";
import { clean } from "../format/text.ts";
import type { Token } from "../shared/theme.ts";
import { countsLine } from "./plan-rows.ts";

/** The lines above the tree, `height` at most, an empty one last. */
export function planHead(view: PlanView, columns: number, height: number, verb: string): readonly Line[] {
  const { planned } = view;
  if (!planned) return [];
  const cost = flow(`$ ${moneyWords(planned.money)}`, columns).map((text): Line => [t(text, "text.dim")]);
  const below: readonly Line[] = [countsLine(view), ...cost, []];
  const banner = bannerLines(planned.verdict, columns, verb);
  // The counts come with every room there is; reasons that find none are in the question too.
  const room = Math.max(1, height - below.length);
  const shown =
    banner.length > room ? [...banner.slice(0, room - 1), [t("  … more in the question", "text.dim")]] : banner;
  return [...shown, ...below].slice(0, Math.max(0, height));
}

function bannerLines(verdict: Verdict, columns: number, verb: string): readonly Line[] {
  const notes = verdict.notes.flatMap((note) => hanging("· ", note, columns, "text"));
  if (verdict.kind === "safe") return notes;
  const refused = verdict.kind === "refused";
  const words = refused ? " ■ NEVER APPLIED " : " ▲ DANGEROUS ";
  const what = refused ? "it would end what must never be lost" : `type ${clean(verdict.type ?? verb)} to ${verb}`;
  const title: Line = [t(words, refused ? "headline.error" : "headline.warn"), t(`  ${what}`, "text.strong")];
  const reasons = verdict.reasons.flatMap((reason) =>
    hanging("! ", said(reason), columns, refused ? "status.error" : "status.warn"),
  );
  return [title, ...reasons, ...notes];
}

function hanging(mark: string, text: string, columns: number, token: Token): readonly Line[] {
  return flow(clean(text), Math.max(1, columns - mark.length)).map((row, index) => [
    t(index ? " ".repeat(mark.length) : mark, token),
    t(row, token),
  ]);
}
