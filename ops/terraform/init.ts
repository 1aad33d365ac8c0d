/** Backend and providers; where the state's bucket is not there yet, that first. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FailureError } from "../failure.ts";
import type { Operation, OperationContext } from "../operation/types.ts";
import { adopt } from "./adopt/adopt.ts";
import { checkOwner, isBucketUnfinished, makeBucket } from "./bucket.ts";
import { awaitStandingRuns } from "./carry-out.ts";
import { restoreEmergencyState } from "./emergency.ts";
import type { Message } from "./messages.ts";
import { type Outputs, readOutputs } from "./outputs.ts";
import { sweepPlans } from "./plan-files.ts";
import { askOwner, ensureTfvars, recordOutputs } from "./tfvars.ts";
import { logMessage, openWorkspace, type TerraformOps, type Workspace } from "./workspace.ts";

export function initOperation(ops: TerraformOps): Operation {
  return {
    name: "init",
    title: "Prepare Terraform",
    harmlessToDrop: true,
    run: async (context) => {
      await ready(ops, context);
      return { status: "done", sentence: "Terraform is ready.", next: "make plan shows what would change." };
    },
  };
}

/** As `ready`, and the account looked at for what is to be adopted; with what is to be said of it beside the plan. */
export async function readyToPlan(
  ops: TerraformOps,
  context: OperationContext,
): Promise<{ readonly workspace: Workspace; readonly lines: readonly string[] }> {
  const { workspace, outputs } = await prepare(ops, context);
  return { workspace, lines: await adopt(ops, context, workspace, outputs) };
}

/** Everything that a plan needs, each only where it is not so yet: image, session, bucket, backend, owner's values. */
export async function ready(ops: TerraformOps, context: OperationContext): Promise<Workspace> {
  return (await prepare(ops, context)).workspace;
}

async function prepare(
  ops: TerraformOps,
  context: OperationContext,
): Promise<{ readonly workspace: Workspace; readonly outputs: Outputs }> {
  const workspace = await openWorkspace(ops, context);
  await awaitStandingRuns(ops, context);
  await sweepPlans(ops);
  await ensureTfvars(ops);
  await initialise(ops, context, workspace);
  await restoreEmergencyState(ops, context, workspace);
  const outputs = await readOutputs(workspace);
  for (const sentence of await recordOutputs(ops, outputs)) context.log(sentence, "note");
  await askOwner(ops, context);
  return { workspace, outputs };
}

async function initialise(ops: TerraformOps, context: OperationContext, workspace: Workspace): Promise<void> {
  const title = "Backend and providers";
  context.step("init", title, "running");
  const locks = await readLocks(ops);
  try {
    if (await isBucketUnfinished(ops)) await makeBucket(ops, context, workspace);
    try {
      await initBackend(workspace, context);
    } catch (error) {
      if (!isNoBucket(error)) throw error;
      await makeBucket(ops, context, workspace);
      await initBackend(workspace, context);
    }
    context.step("init", title, "done", workspace.bucket);
    await noteLocks(ops, context, locks);
  } catch (error) {
    context.step("init", title, "failed");
    throw error;
  }
}

/** Which provider is taken, and by which checksums it is known (developer.hashicorp.com/terraform/language/files/dependency-lock). */
const LOCKS = [".terraform.lock.hcl", join("bootstrap", ".terraform.lock.hcl")];

function readLocks({ environment }: TerraformOps): Promise<readonly string[]> {
  return Promise.all(LOCKS.map((name) => readFile(join(environment.terraformDir, name), "utf8").catch(() => "")));
}

/** Terraform adds what it learns of this platform's provider, and that is for every other computer too. */
async function noteLocks(ops: TerraformOps, context: OperationContext, before: readonly string[]): Promise<void> {
  const after = await readLocks(ops);
  for (const [index, name] of LOCKS.entries()) {
    if (after[index] === before[index]) continue;
    context.log(`terraform/${name} has the providers' checksums for this computer now: commit it.`, "note");
  }
}

/**
 * The state is in the bucket whatever was configured here before, so that nothing is ever migrated; and nothing goes on
 * before the bucket is known to be ours. Throws a FailureError.
 */
export async function initBackend(workspace: Workspace, context: OperationContext): Promise<void> {
  const [owned, made] = await Promise.allSettled([checkOwner(workspace), initOnly(workspace, context)]);
  for (const one of [made, owned]) if (one.status === "rejected") throw one.reason;
}

async function initOnly(workspace: Workspace, context: OperationContext): Promise<void> {
  const args = ["init", "-json", "-input=false", "-reconfigure", `-backend-config=bucket=${workspace.bucket}`];
  const complaints: Message[] = [];
  try {
    await workspace.stream(args, (message) => {
      if (message.type === "diagnostic") complaints.push(message);
    });
  } catch (error) {
    // A bucket that is not there is what a cold start looks like, and no error.
    if (!isNoBucket(error)) for (const message of complaints) logMessage(context, message);
    throw error;
  }
}

const isNoBucket = (error: unknown) =>
  error instanceof FailureError && /bucket "[^"]*" does not exist|NoSuchBucket/i.test(error.failure.sentence);
