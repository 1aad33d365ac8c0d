/** Which volumes Terraform's state and outputs name: they are not to be thrown away, whatever they hang on. */

import { FailureError } from "../failure.ts";
import type { OperationContext } from "../operation/types.ts";
import { initBackend } from "./init.ts";
import { openWorkspace, type TerraformOps } from "./workspace.ts";

const VOLUME_ID = /\bvol-[0-9a-f]{8,17}\b/g;

/**
 * Asks Terraform itself, in its container. Throws a FailureError where it cannot say, and where it names no volume at all:
 * then that is not the state of these machines.
 */
export async function volumesOfTerraform(ops: TerraformOps, context: OperationContext): Promise<ReadonlySet<string>> {
  const title = "Ask Terraform which volumes are its own";
  context.step("terraform", title, "running");
  try {
    const workspace = await openWorkspace(ops, context);
    await initBackend(workspace, context);
    const named = new Set((await workspace.capture(["show", "-json"])).match(VOLUME_ID) ?? []);
    if (named.size === 0) {
      throw new FailureError({
        kind: "missing",
        sentence: "Terraform's state names no volume at all, so it cannot be told which are its own.",
        action: "Run make apply first: after that its state names them.",
        code: "NO_STATE",
      });
    }
    context.step("terraform", title, "done", `${named.size} volumes`);
    return named;
  } catch (error) {
    context.step("terraform", title, "failed");
    throw error;
  }
}
