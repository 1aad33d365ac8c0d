/** terraform.tfvars: made from the example, completed from the state's outputs, and asked for only where nobody knows. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { FailureError } from "../failure.ts";
import type { OwnerValues } from "../fleet/model.ts";
import type { OperationContext } from "../operation/types.ts";
import { type Outputs, rootsOf } from "./outputs.ts";
import { textValue, withRoots, withValue } from "./tfvars-text.ts";
import type { TerraformOps } from "./workspace.ts";

const FILE = "terraform.tfvars";
const EMAIL = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;

/** Makes the file where there is none. Gives its text. */
export async function ensureTfvars({ environment }: TerraformOps): Promise<string> {
  const path = join(environment.terraformDir, FILE);
  const text = await readFile(path, "utf8").catch(missing);
  if (text !== undefined) return text;
  const example = await readFile(`${path}.example`, "utf8");
  await writeFileAtomic(path, example, { mode: 0o600 });
  return example;
}

/**
 * Records what the outputs know and the file does not: root volumes with their addresses, and where messages go. The
 * outputs are also how a second computer learns the owner's values. Gives what was recorded, one sentence each.
 */
export async function recordOutputs(ops: TerraformOps, outputs: Outputs): Promise<readonly string[]> {
  const before = await ensureTfvars(ops);
  const email =
    typeof outputs.alert_email === "string" && EMAIL.test(outputs.alert_email) ? outputs.alert_email : undefined;
  const roots = rootsOf(outputs);
  const after = withRoots(email ? withValue(before, "alert_email", email) : before, roots);
  if (after === before) return [];
  await change(ops, before, after);
  return newRoots(roots, before, after);
}

/** Records the roots of machines that have none recorded. Gives what was recorded, one sentence each. */
export async function recordRoots(ops: TerraformOps, roots: OwnerValues): Promise<readonly string[]> {
  const before = await ensureTfvars(ops);
  const after = withRoots(before, roots);
  if (after === before) return [];
  await change(ops, before, after);
  return newRoots(roots, before, after);
}

function newRoots(roots: OwnerValues, before: string, after: string): readonly string[] {
  return Object.entries(roots)
    .filter(([, root]) => after.includes(root.volumeId) && !before.includes(root.volumeId))
    .map(([name, root]) => `${root.volumeId} is recorded as the persistent root of ${name}.`);
}

/** Asks for what nobody but the owner knows. Throws a FailureError (`cancelled`) where no answer is given. */
export async function askOwner(ops: TerraformOps, context: OperationContext): Promise<void> {
  const text = await ensureTfvars(ops);
  if (textValue(text, "alert_email") !== undefined) return;
  const email = await context.ask({
    kind: "text",
    title: "Where should messages go?",
    lines: ["Machines stopped for idleness, stops that failed, the budget. Kept in terraform/terraform.tfvars."],
    placeholder: "you@example.com",
    check: (typed) => (EMAIL.test(typed) ? undefined : "That is no e-mail address."),
  });
  if (email === undefined) {
    throw new FailureError({
      kind: "cancelled",
      sentence: "Without an address for messages there is no plan.",
      action: `Set alert_email in terraform/${FILE}.`,
    });
  }
  await change(ops, text, withValue(text, "alert_email", email));
}

/** The owner's file as it was stays beside it. */
async function change({ environment }: TerraformOps, before: string, after: string): Promise<void> {
  const path = join(environment.terraformDir, FILE);
  // Nobody else's to read, whatever the owner lets others read of the file itself.
  await writeFileAtomic(`${path}.before`, before, { mode: 0o600 });
  await writeFileAtomic(path, after);
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
