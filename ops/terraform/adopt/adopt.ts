/** This folder: what the account has already, found and taken over. Not here: the import blocks (terraform/adopt.tf). */
/** The look at the account before a plan whose state does not know every machine: what is adopted, and what is lacking. */

import { FailureError } from "../../failure.ts";
import { MACHINE_NAMES } from "../../fleet/machines.ts";
import type { Fleet, OwnerValues } from "../../fleet/model.ts";
import { readOwnerValues } from "../../fleet/owner.ts";
import type { OperationContext } from "../../operation/types.ts";
import { fields } from "../../plan/plan.ts";
import { type Outputs, rootsOf } from "../outputs.ts";
import { recordRoots } from "../tfvars.ts";
import type { TerraformOps, Workspace } from "../workspace.ts";
import { type Adopted, decideAdoption, IT } from "./decide.ts";
import { prerequisiteCalls, prerequisites } from "./first-hour.ts";
import { ask, askAll, needed } from "./look.ts";
import { findNamed, isTraced, namedCalls, TRACES } from "./named.ts";
import { findNetwork, NETWORKS } from "./network.ts";

/**
 * Has Terraform take over what is ours and not in the state. Gives what is to be said beside the plan, a line each.
 * Throws a FailureError where something of ours cannot be taken over as it is: nothing may then be planned.
 */
export async function adopt(
  ops: TerraformOps,
  context: OperationContext,
  workspace: Workspace,
  outputs: Outputs,
): Promise<readonly string[]> {
  const keyPair: Adopted = workspace.keyPairExists ? { "aws_key_pair.fcvm_ec2": { [IT]: "fcvm-ec2" } } : {};
  workspace.pass("adopt", keyPair);
  if (knowsAll(outputs)) return [];
  const title = "What the account has already";
  context.step("adopt", title, "running");
  try {
    const { adopted, lines } = await lookAround(ops, context, workspace);
    workspace.pass("adopt", { ...adopted, ...keyPair });
    const number = Object.values(adopted).reduce((sum, ids) => sum + Object.keys(ids).length, 0);
    context.step("adopt", title, "done", number === 0 ? "nothing of ours" : `${number} to be taken over`);
    return lines;
  } catch (error) {
    context.step("adopt", title, "failed");
    throw error;
  }
}

/** Whether the state has had every machine and every address: then nothing of ours can be beside it. */
function knowsAll(outputs: Outputs): boolean {
  const [machines, addresses] = [fields(outputs.instance_ids), fields(outputs.allocation_ids)];
  return MACHINE_NAMES.every((name) => typeof machines[name] === "string" && typeof addresses[name] === "string");
}

async function lookAround(
  ops: TerraformOps,
  context: OperationContext,
  workspace: Workspace,
): Promise<{ readonly adopted: Adopted; readonly lines: readonly string[] }> {
  const state = await resourcesInState(workspace);
  const inState = (resource: string) => state.has(resource);
  const fleet = await ops.access.look(context.signal);
  for (const sentence of await recordRoots(ops, taggedRoots(fleet))) context.log(sentence, "note");
  const owner = await readOwnerValues(ops.environment.terraformDir);
  const machines = decideAdoption({ observation: fleet.observation, owner, inState });
  const [first, ...more] = machines.refusals;
  if (first) {
    for (const { sentence, action } of more) context.log(`${sentence} ${action}`, "err");
    const rest = more.length > 0 ? ` The log has ${more.length} more like it.` : "";
    throw new FailureError({
      kind: "conflict",
      code: "ADOPT",
      sentence: `${first.sentence}${rest} Nothing was planned, because it could be made a second time.`,
      action: first.action,
    });
  }
  const { account } = workspace;
  const answers = await ask(workspace, [...prerequisiteCalls, NETWORKS, ...TRACES]);
  const [networks = {}, ...traces] = needed(answers.slice(prerequisiteCalls.length), [NETWORKS, ...TRACES]);
  const named = isTraced(traces)
    ? await findNamed(workspace, account, await askAll(workspace, namedCalls(account)))
    : {};
  const adopted = {
    ...without({ ...(await findNetwork(workspace, networks)), ...named }, inState),
    ...machines.adopted,
  };
  const isThere = (resource: string) => inState(resource) || resource in adopted;
  const lacking = prerequisites(answers, isThere);
  return { adopted, lines: [...machines.notes, ...lacking] };
}

/** The resources in the state, without the keys of their instances. */
async function resourcesInState(workspace: Workspace): Promise<ReadonlySet<string>> {
  const listed = await workspace.capture(["state", "list"]).catch((error: unknown) => {
    if (error instanceof FailureError && /no state file was found/i.test(error.failure.sentence)) return "";
    throw error;
  });
  return new Set(listed.split("\n").map((line) => line.trim().replace(/\[.*$/, "")));
}

function without(adopted: Adopted, inState: (resource: string) => boolean): Adopted {
  return Object.fromEntries(Object.entries(adopted).filter(([resource]) => !inState(resource)));
}

/** The roots that carry our mark, with their machines' addresses: terraform.tfvars may have been lost with the state. */
function taggedRoots({ machines }: Fleet): OwnerValues {
  const volumes = MACHINE_NAMES.flatMap((name) => {
    const { persistent, address } = machines[name];
    return persistent?.volume ? [[name, persistent.volumeId, address?.allocationId] as const] : [];
  });
  return rootsOf({
    persistent_roots: Object.fromEntries(volumes.map(([name, volume]) => [name, volume])),
    allocation_ids: Object.fromEntries(volumes.map(([name, , allocation]) => [name, allocation])),
  });
}
