/** `make shell`: a shell in the container, signed in, in terraform/. */

import type { Handover, HandoverOperation } from "../operation/handover.ts";
import { openWorkspace, type TerraformOps } from "./workspace.ts";

export function shellOperation(ops: TerraformOps): HandoverOperation {
  let handover: Handover | undefined;
  return {
    name: "shell",
    title: "Shell in the container",
    harmlessToDrop: true,
    handover: () => handover,
    run: async (context) => {
      const workspace = await openWorkspace(ops, context);
      const call = await workspace.attach({ command: ["bash"], interactive: true });
      handover = { ...call, close: () => {} };
      return {
        status: "done",
        sentence: "terraform, aws and mariadb are here, signed in.",
        next: "exit or Ctrl+D ends it.",
      };
    },
  };
}
