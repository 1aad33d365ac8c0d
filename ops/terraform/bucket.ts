/** The bucket of Terraform's state: that it is ours, and how it is made where there is none yet. */

import { rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { redactLine } from "../aws/redact.ts";
import { type Failure, FailureError } from "../failure.ts";
import type { OperationContext } from "../operation/types.ts";
import { judge, said } from "../plan/guard.ts";
import { planOf } from "../plan/plan.ts";
import { lastLine } from "./engine.ts";
import { CLOCK_OFF, PROXY } from "./failures.ts";
import type { Message } from "./messages.ts";
import { discardPlan, newPlanFile } from "./plan-files.ts";
import { logMessage, type TerraformOps, type Workspace } from "./workspace.ts";

const FOLDER = "bootstrap";
const localState = ({ environment }: TerraformOps) => join(environment.terraformDir, FOLDER, "terraform.tfstate");

/**
 * `$1`: bucket, `$2`: account. Says `ok` for one that is ours or not there yet, else what S3 said. A refused HEAD has no words,
 * so that why it is refused is asked once more by what has some.
 */
const OWNER = `of=(--bucket "$1" --expected-bucket-owner "$2")
if said=$(aws s3api head-bucket "\${of[@]}" 2>&1) || [[ $said == *"(404)"* ]]
then echo ok
else
  tail -n 1 <<<"$said"
  [[ $said != *"(403)"* ]] || ! aws s3api get-bucket-location "\${of[@]}" 2>&1 >/dev/null || echo AccessDenied
fi`;

/** What S3 said to the two questions, as a failure; a 403 is the role's or the owner's only where S3 says so itself. */
function ownerFailure(bucket: string, answer: string): Failure {
  if (/RequestTimeTooSkewed|RequestInTheFuture/.test(answer)) return CLOCK_OFF;
  if (/AccessDenied/.test(answer)) {
    return {
      kind: "refused",
      code: "BUCKET_OWNER",
      sentence: `The state bucket ${bucket} is another account's, or this role may not use it.`,
      action:
        "Sign in with a role that may, such as AdministratorAccess. If yours is one, nothing in that bucket is yours.",
    };
  }
  // A refusal without a code is nobody's of AWS.
  if (/\(\) when calling|Failed to connect to proxy/.test(answer)) return PROXY;
  return {
    kind: "refused",
    code: "BUCKET_UNKNOWN",
    sentence: redactLine(`Whose the state bucket ${bucket} is could not be asked: ${lastLine(answer)}`),
    action: "Run it again; without an answer nothing is read from it.",
  };
}

/**
 * A bucket's name is anybody's to take before us, and the state has secrets. S3 itself compares the owner
 * (docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html). Throws a FailureError where it is another's.
 */
export async function checkOwner({ inside, bucket, account }: Workspace): Promise<void> {
  const answer = (await inside(["bash", "-c", OWNER, "owner", bucket, account])).trim();
  if (answer !== "ok") throw new FailureError(ownerFailure(bucket, answer));
}

/** Whether a program before this one ended between making the bucket and moving its own state into it. */
export async function isBucketUnfinished(ops: TerraformOps): Promise<boolean> {
  return (await stat(localState(ops)).catch(() => undefined)) !== undefined;
}

/**
 * Made by a configuration of its own that begins with its state in a file and then moves it into the bucket. A crash in
 * between leaves the file, by which the next init knows to go on here. Nobody is asked, so only what is harmless is done.
 */
export async function makeBucket(ops: TerraformOps, context: OperationContext, workspace: Workspace): Promise<void> {
  const title = `Bucket ${workspace.bucket} for the state`;
  context.step("bucket", title, "running");
  const override = join(ops.environment.terraformDir, FOLDER, "backend_override.tf");
  const log = (message: Message) => logMessage(context, message);
  const terraform = (...args: string[]) => workspace.stream([`-chdir=${FOLDER}`, ...args], log);
  try {
    await writeFile(override, 'terraform {\n  backend "local" {}\n}\n', { mode: 0o600 });
    const plan = await newPlanFile(ops);
    try {
      await terraform("init", "-json", "-input=false", "-reconfigure");
      const file = `../${plan}`;
      await terraform("plan", "-json", "-input=false", `-out=${file}`, `-var=bucket=${workspace.bucket}`);
      refuseHarm(JSON.parse(await workspace.capture([`-chdir=${FOLDER}`, "show", "-json", file])));
      await terraform("apply", "-json", "-input=false", file);
    } finally {
      await discardPlan(ops, plan);
      await rm(override, { force: true });
    }
    // Terraform has no -json for this one.
    await workspace.capture([
      `-chdir=${FOLDER}`,
      "init",
      "-input=false",
      "-migrate-state",
      "-force-copy",
      `-backend-config=bucket=${workspace.bucket}`,
    ]);
    await rm(localState(ops), { force: true });
    await rm(`${localState(ops)}.backup`, { force: true });
    context.step("bucket", title, "done");
  } catch (error) {
    context.step("bucket", title, "failed");
    throw error;
  }
}

function refuseHarm(json: unknown): void {
  const verdict = judge(planOf(json), { owner: {} });
  if (verdict.kind === "safe") return;
  const [first] = verdict.reasons;
  throw new FailureError({
    kind: "refused",
    code: "BUCKET_PLAN",
    sentence: `The state bucket is left as it is: its plan is not harmless. ${first ? said(first) : ""}`.trim(),
    action: "Correct terraform/bootstrap/main.tf, then run it again.",
  });
}
