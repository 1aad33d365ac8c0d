/** Takes the machines and what is around them away, and leaves everything that holds data or an address. */

import type { Operation, Outcome } from "../operation/types.ts";
import { NOTHING_YET } from "../plan/view.ts";
import { cell } from "../store.ts";
import { carry } from "./confirm.ts";
import { ready } from "./init.ts";
import { destruction } from "./keep.ts";
import type { TerraformOps } from "./workspace.ts";

/** What no state knows and no destroy touches. */
const ALWAYS = ["every root volume (delete_on_termination is false)", "the bucket with the state", "every backup"];

export function destroyOperation(ops: TerraformOps): Operation {
  const view = cell(NOTHING_YET);
  return {
    name: "destroy",
    title: "Destroy",
    plan: view,
    run: async (context): Promise<Outcome> => {
      const workspace = await ready(ops, context);
      const { targets, kept } = destruction(JSON.parse(await workspace.capture(["show", "-json"])));
      const stays = [...kept, ...ALWAYS].map((line) => `  stays ${line}`);
      if (targets.length === 0) {
        for (const line of stays) context.log(line, "note");
        return { status: "nothing-to-do", sentence: "There is nothing that may be destroyed." };
      }
      const carried = await carry(ops, context, workspace, view, {
        verb: "Destroy",
        more: ["-destroy", ...targets.map((one) => `-target=${one}`)],
        lines: ["Not destroyed:", ...stays],
        word: "destroy",
      });
      if (carried.status === "ended") return carried.outcome;
      for (const line of stays) context.log(line, "note");
      if (carried.status === "nothing") return { status: "nothing-to-do", sentence: "There is nothing to destroy." };
      return { status: "done", sentence: carried.summary, next: "make apply makes it all again, around what stayed." };
    },
  };
}
