/** Takes the machines and what is around them away, and leaves everything that holds data or an address. */

import type { Operation, Outcome } from "../operation/types.ts";
import { applyPlan } from "./apply.ts";
import { ready } from "./init.ts";
import { destruction } from "./keep.ts";
import { makePlan, planLines } from "./plan.ts";
import type { TerraformOps } from "./workspace.ts";

/** What no state knows and no destroy touches. */
const ALWAYS = ["every root volume (delete_on_termination is false)", "the bucket with the state", "every backup"];

export function destroyOperation(ops: TerraformOps): Operation {
  return {
    name: "destroy",
    title: "Destroy",
    run: async (context): Promise<Outcome> => {
      const workspace = await ready(ops, context);
      const { targets, kept } = destruction(JSON.parse(await workspace.capture(["show", "-json"])));
      const stays = [...kept, ...ALWAYS].map((line) => `  stays ${line}`);
      if (targets.length === 0) {
        for (const line of stays) context.log(line, "note");
        return { status: "nothing-to-do", sentence: "There is nothing that may be destroyed." };
      }
      const plan = await makePlan(ops, context, workspace, ["-destroy", ...targets.map((one) => `-target=${one}`)]);
      const answer = await context.ask({
        kind: "confirm",
        title: `${plan.summary} Destroy exactly this?`,
        lines: [...planLines(plan), "Not destroyed:", ...stays],
        yes: "Destroy",
        no: "Leave everything as it is",
        typed: "destroy",
      });
      if (answer !== "yes") return { status: "cancelled", sentence: "Nothing was destroyed." };
      const sentence = await applyPlan(context, workspace, plan);
      for (const line of stays) context.log(line, "note");
      return { status: "done", sentence, next: "make apply makes it all again, around what stayed." };
    },
  };
}
