/** A workspace that plans what a test says and remembers what it was told to do, and runs of the flow on it. */

import { assemble } from "../../../ops/fleet/assemble.ts";
import { type Run, startRun } from "../../../ops/operation/run.ts";
import type { Operation, Outcome } from "../../../ops/operation/types.ts";
import { NOTHING_YET } from "../../../ops/plan/view.ts";
import { cell } from "../../../ops/store.ts";
import { type Carried, carry, type Wish } from "../../../ops/terraform/confirm.ts";
import { parseLine } from "../../../ops/terraform/messages.ts";
import type { Workspace } from "../../../ops/terraform/workspace.ts";
import { type FakeOps, fakeOps } from "../../harness/fakes.ts";
import { planJson } from "./plans.ts";

interface Rig {
  readonly ops: FakeOps;
  /** The first word of every command, in order. */
  readonly commands: string[];
  /** What the next plan is. */
  readonly next: (json: object) => void;
  /** What an apply says, or throws. */
  readonly onApply: (act: (tell: (line: object) => void) => Promise<void> | void) => void;
  readonly start: (wish?: Wish) => Run;
  readonly carried: () => Carried | undefined;
}

export function rig(first: object = planJson([]), terraformDir?: string): Rig {
  const ops = fakeOps(terraformDir ? { terraformDir } : {});
  const nothing = { at: 0, instances: [], spotRequests: [], volumes: [], addresses: [] };
  const access = { gate: <T>(call: () => Promise<T>) => call(), look: async () => assemble(nothing, {}) };
  Object.defineProperty(ops, "access", { value: access });
  const commands: string[] = [];
  let json = first;
  let apply: (tell: (line: object) => void) => Promise<void> | void = () => {};
  let carried: Carried | undefined;
  const workspace: Workspace = {
    engine: { name: "podman", image: "none" },
    account: "none",
    bucket: "none",
    keyPairExists: false,
    inside: () => Promise.reject(new Error("nothing else runs")),
    pass: () => {},
    attach: () => Promise.reject(new Error("nobody attaches")),
    capture: async () => JSON.stringify(json),
    apply: async (_, onMessage) => {
      commands.push("apply");
      await apply((line) => onMessage(parseLine(JSON.stringify(line))));
      return [];
    },
    stream: async ([command = ""]) => {
      commands.push(command);
      return [];
    },
  };
  const view = cell(NOTHING_YET);
  const operation = (wish: Wish): Operation => ({
    name: "apply",
    title: "Plan and apply",
    plan: view,
    run: async (context): Promise<Outcome> => {
      carried = await carry(ops, context, workspace, view, wish);
      if (carried.status === "ended") return carried.outcome;
      return carried.status === "nothing"
        ? { status: "nothing-to-do", sentence: "Nothing." }
        : { status: "done", sentence: carried.summary };
    },
  });
  return {
    ops,
    commands,
    next: (to) => {
      json = to;
    },
    onApply: (act) => {
      apply = act;
    },
    start: (wish = { verb: "Apply" }) =>
      startRun("run-1", operation(wish), ops.clock, (error) => ({ kind: "internal", sentence: String(error) })),
    carried: () => carried,
  };
}
