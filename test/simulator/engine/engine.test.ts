import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ActionName, operationOf } from "../../../ops/actions.ts";
import { type ComposedOps, createOps } from "../../../ops/compose.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import type { Question } from "../../../ops/operation/types.ts";
import { when } from "../../../ops/store.ts";
import { type Stage, setStage } from "../demo/stage.ts";
import { living } from "./configuration.ts";

let directory = "";
let stage: Stage;
let ops: ComposedOps;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "snowglobe-engine-"));
  stage = await setStage(directory, { latencyScale: 0.01 });
  ops = createOps(environmentFrom({ ...stage.env, ...stage.simulator.signedInEnv }));
});
afterEach(async () => {
  await ops.stop();
  await stage.stop();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

function start(name: ActionName) {
  const operation = operationOf(name, ops, "fcvm-metal-x86");
  if (!operation) throw new Error(`there is no ${name}`);
  return ops.operations.start(operation);
}

async function asked(run: ReturnType<typeof start>): Promise<Question | undefined> {
  const { question } = await when(run, (state) => state.question !== undefined || state.outcome !== undefined);
  return question?.question;
}

describe("the demo's engine", () => {
  it("plans a replacement that is dangerous, applies it, and the swap is what is next", async () => {
    const before = living(stage.simulator.account(), "fcvm-metal-x86");
    const run = start("apply");
    const question = await asked(run);
    expect(question).toMatchObject({ typed: "fcvm-metal-x86" });
    expect(question?.lines.join("\n")).toMatch(/Replaces fcvm-metal-x86.*vol-071f114b67441e776 back/);
    expect(run.plan?.get().planned?.plan.drift).toHaveLength(1);
    run.answer(run.get().question?.id ?? 0, "yes");
    expect(await run.finished).toMatchObject({
      status: "done",
      sentence: expect.stringContaining("fcvm-metal-x86 was recreated: it runs on a temporary disk."),
      next: expect.stringContaining("Press s, or run make swap-x86"),
    });
    const after = living(stage.simulator.account(), "fcvm-metal-x86");
    expect(after).toMatchObject({ state: "running" });
    expect(after?.id).not.toBe(before?.id);
    expect(stage.simulator.account().volumes["vol-071f114b67441e776"]).toMatchObject({ state: "available" });
    const machine = (await ops.access.look()).machines["fcvm-metal-x86"];
    expect(machine).toMatchObject({ rootKind: "temporary", addressPlace: "here" });

    // Nothing is left to do, and the plan says how much there was to refresh.
    expect(await start("apply").finished).toMatchObject({ status: "nothing-to-do" });
    expect(ops.lastPlan.get()).toMatchObject({ pending: 0, drift: 0 });
    expect(await readFile(join(directory, "terraform", "terraform.tfvars"), "utf8")).toContain("alert_email");
  });

  it("makes a machine again that somebody terminated, without asking for a name", async () => {
    const id = living(stage.simulator.account(), "fcvm-metal-arm")?.id ?? "";
    stage.simulator.apply({ name: "TerminateInstances", instanceIds: [id] });
    const run = start("plan");
    expect(await run.finished).toMatchObject({ status: "done" });
    const planned = run.plan?.get().planned;
    expect(planned?.plan.changes.map(({ address, kind }) => `${kind} ${address}`)).toContain(
      "create aws_instance.fcvm_metal_arm",
    );
    expect(planned?.verdict.notes.join("\n")).toContain("fcvm-metal-arm comes up on a temporary disk");
  });

  it("finishes what it is at when it is interrupted, and says what was not begun", async () => {
    // The interrupt goes by the engine, a program of its own: the first resource waits for it.
    await mkdir(join(directory, "containers"), { recursive: true });
    await writeFile(join(directory, "containers", "hold"), "");
    const run = start("apply");
    await asked(run);
    run.answer(run.get().question?.id ?? 0, "yes");
    const view = run.plan;
    if (!view) throw new Error("there is no plan");
    await when(view, ({ apply }) => [...(apply?.resources.values() ?? [])].some(({ state }) => state === "running"));
    run.cancel();
    expect(await run.finished).toMatchObject({
      status: "cancelled",
      sentence: expect.stringMatching(/changes were made: aws_lambda_function\.auto_stop\..*Not begun: /),
    });
  });
});
