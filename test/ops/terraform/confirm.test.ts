import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { FailureError } from "../../../ops/failure.ts";
import type { Run } from "../../../ops/operation/run.ts";
import { when } from "../../../ops/store.ts";
import { PLAN_LIVES_MS } from "../../../ops/terraform/confirm.ts";
import {
  ARM_VOLUME,
  CREATE,
  change,
  DELETE,
  FORGET,
  HOME_VOLUME,
  machine,
  planJson,
  REPLACE,
  UPDATE,
} from "../plan/plans.ts";
import { rig } from "../plan/rig.ts";

const CREATES = planJson([change("aws_vpc.this", { actions: CREATE, after: {} })]);
const ARM = "aws_instance.fcvm_metal_arm";
const REPLACES = planJson([
  change(ARM, {
    actions: REPLACE,
    before: machine("fcvm-metal-arm", ARM_VOLUME),
    after: machine("fcvm-metal-arm", ARM_VOLUME),
  }),
]);
const RECORDED = { variables: { persistent_roots: { value: { "fcvm-metal-arm": { volume: ARM_VOLUME } } } } };

async function asked(run: Run, id = 1) {
  await when(run, (state) => state.question?.id === id || state.outcome !== undefined);
  return run.get().question?.question;
}

describe("a plan", () => {
  test("is asked about once, and applied exactly then", async () => {
    const { start, commands } = rig(CREATES);
    const run = start();
    expect(await asked(run)).toMatchObject({ kind: "confirm", yes: "Apply" });
    expect(run.plan?.get()).toMatchObject({ phase: "planned", planned: { verdict: { kind: "safe" } } });
    expect(commands).toEqual(["plan"]);
    run.answer(1, "yes");
    expect(await run.finished).toMatchObject({ status: "done" });
    expect(commands).toEqual(["plan", "apply"]);
    expect(run.plan?.get().phase).toBe("over");
  });

  test("that changes nothing asks nothing; one that only changes outputs asks", async () => {
    const nothing = rig();
    expect(await nothing.start().finished).toMatchObject({ status: "nothing-to-do" });
    const outputs = rig(planJson([], { output_changes: { o: { actions: UPDATE, before: 1, after: 2 } } }));
    const run = outputs.start();
    expect((await asked(run))?.lines).toContain("update output o");
    run.answer(1, undefined);
    expect(await run.finished).toMatchObject({ status: "cancelled", sentence: "Nothing was changed." });
    expect(outputs.commands).not.toContain("apply");
  });

  test("that replaces a machine is confirmed by its name, with what it costs and how long it disturbs", async () => {
    const run = rig(REPLACES).start();
    const question = await asked(run);
    expect(question).toMatchObject({ typed: "fcvm-metal-arm" });
    expect(question?.lines[0]).toMatch(/^! Replaces fcvm-metal-arm: about an hour's disturbance/);
    expect(question?.lines.join("\n")).toContain("+$28.80 a month");
    run.cancel();
    await run.finished;
  });

  test("that deletes what is harmless is confirmed by a word", async () => {
    const run = rig(planJson([change("aws_iam_role.dev", { actions: DELETE, before: {} })])).start();
    expect(await asked(run)).toMatchObject({ typed: "apply" });
    run.cancel();
    await run.finished;
  });

  test("that the guard refuses is not even asked about, and says why", async () => {
    const { start, commands } = rig(
      planJson([change("aws_ebs_volume.jumpbox_home", { actions: DELETE, before: { id: HOME_VOLUME } })]),
    );
    const outcome = await start().finished;
    expect(outcome).toMatchObject({ status: "blocked" });
    expect(outcome).toMatchObject({ sentence: expect.stringContaining(HOME_VOLUME) });
    expect(commands).toEqual(["plan"]);
  });

  test("that is older than ten minutes is made again, and asked about again", async () => {
    const { start, ops, commands, next } = rig(CREATES);
    const run = start();
    await asked(run);
    ops.clock.advance(PLAN_LIVES_MS + 1);
    next(REPLACES);
    run.answer(1, "yes");
    expect(await asked(run, 2)).toMatchObject({ typed: "fcvm-metal-arm" });
    expect(commands).toEqual(["plan", "plan"]);
    run.answer(2, "yes");
    await run.finished;
    expect(commands).toEqual(["plan", "plan", "apply"]);
  });

  test("made before the state changed is made again", async () => {
    const { start, commands, onApply, next } = rig(CREATES);
    onApply(() => {
      throw new FailureError({ kind: "refused", sentence: "Saved plan is stale: the state was changed." });
    });
    const run = start();
    await asked(run);
    next(planJson([]));
    run.answer(1, "yes");
    expect(await run.finished).toMatchObject({ status: "nothing-to-do" });
    expect(commands).toEqual(["plan", "apply", "plan"]);
  });

  test("is remembered: what is pending, what was changed outside, how much there is", async () => {
    const { start, ops } = rig(planJson([], { resource_drift: [change("a.b", { actions: UPDATE })] }));
    await start().finished;
    expect(ops.lastPlan.get()).toMatchObject({ pending: 0, drift: 1 });
  });
});

describe("an apply", () => {
  const two = planJson([change("a.one", { actions: CREATE }), change("a.two", { actions: CREATE })]);
  const hook = (type: string, addr: string) => ({
    type,
    "@message": "",
    hook: { resource: { addr }, action: "create" },
  });

  test("that fails says what was done and what was not", async () => {
    const { start, onApply } = rig(two);
    onApply((tell) => {
      tell(hook("apply_start", "a.one"));
      tell(hook("apply_complete", "a.one"));
      tell(hook("apply_start", "a.two"));
      throw new FailureError({ kind: "refused", sentence: "It broke." });
    });
    const run = start();
    await asked(run);
    run.answer(1, "yes");
    expect(await run.finished).toMatchObject({
      status: "failed",
      failure: { sentence: "It broke. 1 of 2 changes were made: a.one. Failed or cut short: a.two." },
    });
  });

  test("that could not save its state says where the state is, and that the next run brings it back", async () => {
    const terraformDir = await mkdtemp(join(tmpdir(), "snowglobe-plan-"));
    onTestFinished(() => rm(terraformDir, { recursive: true, force: true }));
    const { start, onApply } = rig(two, terraformDir);
    onApply(async (tell) => {
      tell(hook("apply_start", "a.one"));
      tell(hook("apply_complete", "a.one"));
      await writeFile(join(terraformDir, "errored.tfstate"), "{}");
      throw new FailureError({ kind: "offline", sentence: "The state could not be uploaded." });
    });
    const run = start();
    await asked(run);
    run.answer(1, "yes");
    expect(await run.finished).toMatchObject({
      status: "failed",
      failure: {
        sentence: expect.stringContaining("The state could not be saved and is in terraform/errored.tfstate."),
        action: "Keep terraform/errored.tfstate: the next run brings it back before anything else.",
      },
    });
  });

  test("that is interrupted lets Terraform finish, and says how far it came", async () => {
    const { start, onApply } = rig(two);
    const going = Promise.withResolvers<void>();
    onApply(async (tell) => {
      tell(hook("apply_start", "a.one"));
      await going.promise;
      tell(hook("apply_complete", "a.one"));
      throw new FailureError({ kind: "cancelled", sentence: "Cancelled." });
    });
    const run = start();
    await asked(run);
    run.answer(1, "yes");
    await vi.waitFor(() => expect(run.plan?.get().apply?.resources.get("a.one")?.state).toBe("running"));
    run.cancel();
    run.cancel();
    expect(run.plan?.get().apply?.interrupted).toBe(true);
    expect(run.get().outcome).toBeUndefined();
    going.resolve();
    expect(await run.finished).toMatchObject({
      status: "cancelled",
      sentence: "Cancelled. 1 of 2 changes were made: a.one. Not begun: a.two.",
      next: "Run it again: it goes on from there.",
    });
  });
});

const PROTECTED = [
  change("aws_ebs_volume.jumpbox_home", { actions: DELETE, before: { id: HOME_VOLUME } }),
  change("aws_ebs_volume.jumpbox_home", { actions: REPLACE, before: { id: HOME_VOLUME }, after: {} }),
  change("aws_rds_cluster.this", { actions: DELETE, before: { id: "snowglobe" } }),
  change("aws_eip.fcvm_metal_arm", { actions: DELETE, before: { id: "eipalloc-1" } }),
  change("aws_s3_bucket.state", { actions: REPLACE, before: { id: "b" }, after: {} }),
  change("aws_backup_vault.this", { actions: DELETE, before: { id: "v" } }),
  change('aws_ec2_tag.persistent["fcvm-metal-arm"]', {
    actions: DELETE,
    before: { resource_id: ARM_VOLUME, key: "snowglobe:persistent" },
  }),
  change(ARM, {
    actions: REPLACE,
    before: machine("fcvm-metal-arm", ARM_VOLUME, {}, { delete_on_termination: true }),
    after: {},
  }),
];
const HARMLESS = [
  change("aws_vpc.this", { actions: CREATE, after: {} }),
  change("aws_iam_role.dev", { actions: FORGET, before: {} }),
  change("aws_iam_role.other", { actions: DELETE, before: {} }),
  change("aws_lambda_function.x", { actions: UPDATE, before: { a: 1 }, after: { a: 2 } }),
];

test("no plan that deletes a protected resource is ever applied, whatever is answered and however often it is planned", async () => {
  const answer = fc.constantFrom("yes", "fcvm-metal-arm", "apply", "destroy", "aws_iam_role.dev", undefined);
  const planned = fc
    .tuple(fc.subarray(PROTECTED), fc.subarray(HARMLESS))
    .map(([bad, good]) => ({ bad: bad.length > 0, json: planJson([...good, ...bad], RECORDED) }));
  const step = fc.record({ answer, planned, age: fc.constantFrom(0, PLAN_LIVES_MS + 1) });
  await fc.assert(
    fc.asyncProperty(
      planned,
      fc.array(step, { maxLength: 5 }),
      fc.constantFrom("Apply", "Destroy"),
      async (first, steps, verb) => {
        const it = rig(first.json);
        let current = first;
        const applied: boolean[] = [];
        it.onApply(() => {
          applied.push(current.bad);
        });
        const run = it.start({ verb });
        for (const [index, { answer: given, planned: then, age }] of steps.entries()) {
          await asked(run, index + 1);
          if (run.get().outcome) break;
          it.ops.clock.advance(age);
          // What an old plan is replaced by; a fresh one is applied as it was shown.
          if (age > 0) {
            it.next(then.json);
            current = then;
          }
          run.answer(index + 1, given);
        }
        run.cancel();
        await run.finished;
        return !applied.includes(true);
      },
    ),
    { numRuns: 150 },
  );
});
