/**
 * errored.tfstate, which Terraform leaves beside the configuration where it could not save its state. It is brought back, or
 * kept under another name where it cannot be: it never stands in the way of what comes after, and nothing of it is lost.
 */

import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { Environment } from "../environment.ts";
import type { OperationContext } from "../operation/types.ts";
import { type Fields, fields, list, text } from "../plan/plan.ts";

interface Place {
  readonly environment: Environment;
  readonly clock: Clock;
}

export const EMERGENCY = "errored.tfstate";

/** Whether there is one. */
export function hasEmergencyState({ environment }: Pick<Place, "environment">): Promise<boolean> {
  return readFile(join(environment.terraformDir, EMERGENCY)).then(Boolean, () => false);
}

type Verdict =
  | { readonly kind: "newer" }
  /** It says nothing that the state does not say. */
  | { readonly kind: "same" }
  | { readonly kind: "kept"; readonly name: string; readonly why: string; readonly lost: readonly string[] };

/**
 * What to do with an emergency state beside the state as it is now. Pure.
 * @param left the file's text
 * @param current the state's text; empty where there is none yet
 */
function weigh(left: string, current: string): Verdict {
  const [mine, now] = [stateOf(left), stateOf(current)];
  if (!mine) {
    const how = left.trim() === "" ? "empty" : "cut short";
    return {
      kind: "kept",
      name: "damaged",
      why: `It is ${how}: what its run made last may be in the account and in no state`,
      lost: [],
    };
  }
  if (!now) return { kind: "newer" };
  if (mine.lineage !== now.lineage)
    return { kind: "kept", name: "other", why: "It belongs to another state", lost: [] };
  if (mine.serial > now.serial) return { kind: "newer" };
  const lost = [...mine.resources]
    .filter(([, id]) => ![...now.resources.values()].includes(id))
    .map(([address, id]) => `${address} (${id})`);
  if (lost.length === 0) return { kind: "same" };
  return {
    kind: "kept",
    name: `serial-${mine.serial}`,
    why: `The state has gone on since (${mine.serial} to ${now.serial})`,
    lost,
  };
}

interface State {
  readonly serial: number;
  readonly lineage: string;
  /** IDs by address. */
  readonly resources: ReadonlyMap<string, string>;
}

function stateOf(json: string): State | undefined {
  let parsed: Fields;
  try {
    parsed = fields(JSON.parse(json));
  } catch {
    return undefined;
  }
  const { serial, lineage, resources } = parsed;
  if (typeof serial !== "number" || typeof lineage !== "string" || !Array.isArray(resources)) return undefined;
  const found = list(resources).flatMap((given) => {
    const { mode, type, name, instances } = fields(given);
    if (mode !== "managed") return [];
    return list(instances).map((one, index): [string, string] => {
      const { index_key: key = index, attributes } = fields(one);
      return [`${String(text(type))}.${String(text(name))}[${JSON.stringify(key)}]`, text(fields(attributes).id) ?? ""];
    });
  });
  return { serial, lineage, resources: new Map(found.filter(([, id]) => id !== "")) };
}

/** Brings it back, or says why not and keeps it; the run goes on in every case that is not the state's own trouble. */
export async function restoreEmergencyState(
  ops: Place,
  context: OperationContext,
  workspace: { readonly capture: (args: readonly string[]) => Promise<string> },
): Promise<void> {
  const path = join(ops.environment.terraformDir, EMERGENCY);
  const left = await readFile(path, "utf8").catch(() => undefined);
  if (left === undefined) return;
  const title = `Bring back ${EMERGENCY}`;
  context.step("restore", title, "running");
  try {
    const verdict = weigh(left, await workspace.capture(["state", "pull"]));
    if (verdict.kind === "kept") {
      const time = new Date(ops.clock.now()).toISOString().replaceAll(/[:.]/g, "-");
      const name = `errored-${verdict.name}-${time}.tfstate`;
      await rename(path, join(ops.environment.terraformDir, name));
      context.log(
        `${verdict.why}. It is kept as terraform/${name}, and this run goes on with the state as it is.`,
        "err",
      );
      for (const one of verdict.lost) context.log(`  Only there, and in no state: ${one}`, "err");
      if (verdict.lost.length > 0) {
        context.log(
          "  What of that is still in the account can be taken over: make shell, then terraform import.",
          "err",
        );
      }
      context.step("restore", title, "skipped", `kept as ${name}`);
      return;
    }
    if (verdict.kind === "newer") await workspace.capture(["state", "push", EMERGENCY]);
    await rm(path);
    context.step("restore", title, "done");
  } catch (error) {
    context.step("restore", title, "failed");
    throw error;
  }
}
