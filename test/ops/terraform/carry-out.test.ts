/** How an apply counts: as its plan did, whatever Terraform tells in how many parts. */

import { expect, test } from "vitest";
import { FailureError } from "../../../ops/failure.ts";
import { startRun } from "../../../ops/operation/run.ts";
import { applyPlan } from "../../../ops/terraform/carry-out.ts";
import type { Plan } from "../../../ops/terraform/make-plan.ts";
import { type Message, parseLine } from "../../../ops/terraform/messages.ts";
import type { Workspace } from "../../../ops/terraform/workspace.ts";
import { fakeClock } from "../fake-clock.ts";

const planned = (changes: Readonly<Record<string, Plan["changes"][number]["action"]>>): Plan => ({
  file: "plan",
  discard: async () => {},
  changes: Object.entries(changes).map(([address, action]) => ({ address, action, reason: undefined })),
  drift: [],
  summary: "",
  warnings: [],
  targeted: false,
  at: 0,
  json: async () => ({}),
});

const tell = (type: string, addr: string, action: string): Message =>
  parseLine(JSON.stringify({ type, "@message": "", hook: { resource: { addr }, action } }));

/** Applies, and gives the last count that was shown and what the log says. */
async function counted(plan: Plan, messages: readonly Message[], failure?: FailureError) {
  const workspace = {
    apply: async (_: string, onMessage: (message: Message) => void) => {
      for (const one of messages) onMessage(one);
      if (failure) throw failure;
      return [];
    },
  } as unknown as Workspace;
  const run = startRun(
    "run-1",
    {
      name: "apply",
      title: "Apply",
      run: async (context) => ({ status: "done", sentence: await applyPlan(context, workspace, plan) }),
    },
    fakeClock(),
    (error) => ({ kind: "internal", sentence: String(error) }),
  );
  await run.finished;
  const { progress } = run.get();
  return { count: progress && [progress.done, progress.total], log: run.get().log.map(({ text }) => text) };
}

test("a replacement is one change, and what is taken over, renamed or only read is none", async () => {
  const { count } = await counted(
    planned({ "a.new": "create", "a.other": "replace", "a.old": "import", "a.named": "move" }),
    [
      tell("apply_start", "data.a.document", "read"),
      tell("apply_complete", "data.a.document", "read"),
      tell("apply_start", "a.other", "delete"),
      tell("apply_complete", "a.other", "delete"),
      tell("apply_start", "a.other", "create"),
      tell("apply_complete", "a.other", "create"),
      tell("apply_start", "a.new", "create"),
      tell("apply_complete", "a.new", "create"),
    ],
  );
  expect(count).toEqual([2, 2]);
});

test("what failed was not made", async () => {
  const { log } = await counted(
    planned({ "a.new": "create", "a.other": "create" }),
    [
      tell("apply_start", "a.new", "create"),
      tell("apply_complete", "a.new", "create"),
      tell("apply_start", "a.other", "create"),
      tell("apply_errored", "a.other", "create"),
    ],
    new FailureError({ kind: "refused", sentence: "It broke." }),
  );
  expect(log).toContain("1 of 2 changes were made. Running it again goes on from there.");
});
