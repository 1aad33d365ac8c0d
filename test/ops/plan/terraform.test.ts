/** Plan and apply with the real terraform on built-in resources, as a screen sees them. */

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ActionName, operationOf } from "../../../ops/actions.ts";
import { type ComposedOps, createOps } from "../../../ops/compose.ts";
import type { Run } from "../../../ops/operation/run.ts";
import { attributesOf } from "../../../ops/plan/attributes.ts";
import type { PlanView } from "../../../ops/plan/view.ts";
import { when } from "../../../ops/store.ts";
import { PERSISTENT } from "../../simulator/story-parts.ts";
import { NO_TERRAFORM, type Project, startProject } from "../terraform/project.ts";

const METAL = ["fcvm-metal-arm", "fcvm-metal-x86"] as const;

let project: Project;
let ops: ComposedOps;
beforeEach(async () => {
  project = await startProject();
  await writeFile(join(project.terraformDir, "terraform.tfvars"), 'alert_email = "owner@example.com"\n');
  const { env, folder, terraformDir } = project;
  ops = createOps({
    env,
    home: env.HOME ?? "",
    stateDir: join(folder, "state"),
    terraformDir,
    kernelDir: "",
    demo: true,
  });
});
afterEach(async () => {
  for (const run of ops.operations.get()) run.cancel();
  await ops.stop();
  await project.stop();
});

const edit = async (change: (text: string) => string) => {
  const path = join(project.terraformDir, "main.tf");
  await writeFile(path, change(await readFile(path, "utf8")));
};

function start(name: ActionName): Run {
  const operation = operationOf(name, ops, "jumpbox");
  if (!operation) throw new Error(`there is no ${name}`);
  return ops.operations.start(operation);
}

/** Waits for the question; undefined where the run ends without one. */
async function asked(run: Run, after = 0) {
  const { question } = await when(run, (state) => (state.question?.id ?? 0) > after || state.outcome !== undefined);
  return question;
}

async function yes(run: Run) {
  const question = await asked(run);
  run.answer(question?.id ?? 0, "yes");
}

function viewOf(run: Run): PlanView {
  if (!run.plan) throw new Error("the run has no plan");
  return run.plan.get();
}

const states = (run: Run) =>
  [...(viewOf(run).apply?.resources.values() ?? [])].map(({ address, state }) => `${address} ${state}`).sort();

describe.skipIf(NO_TERRAFORM)("with the real terraform (needs terraform)", () => {
  test("creates, replaces, hides what is sensitive, destroys, and leaves no plan file behind", async () => {
    await edit((text) =>
      text.replace(
        "input = terraform_data.machine.id",
        'input = sensitive(format("S3CRET of %s", terraform_data.machine.id))',
      ),
    );
    const first = start("apply");
    const question = await asked(first);
    expect(question?.question).not.toHaveProperty("typed");
    expect(viewOf(first).planned?.plan.changes.map(({ kind }) => kind)).toEqual(["create", "create"]);
    await yes(first);
    expect(await first.finished).toMatchObject({ status: "done", sentence: expect.stringContaining("2 added") });
    for (const name of METAL) {
      const { volumeId } = PERSISTENT[name];
      // The account has them already, so they are recorded before the plan, and said there.
      expect(first.get().log.map(({ text }) => text)).toContain(
        `${volumeId} is recorded as the persistent root of ${name}.`,
      );
      expect(await readFile(join(project.terraformDir, "terraform.tfvars"), "utf8")).toContain(`"${volumeId}"`);
    }
    expect(states(first)).toEqual(["terraform_data.dependent done", "terraform_data.machine done"]);
    expect(viewOf(first).apply?.resources.get("terraform_data.machine")?.id).toMatch(/^[0-9a-f-]{36}$/);

    await edit((text) => text.replace('"one"', '"two"'));
    const second = start("apply");
    expect((await asked(second))?.question).toMatchObject({ typed: "apply" });
    const planned = viewOf(second).planned?.plan;
    const replaced = planned?.changes.find(({ kind }) => kind === "replace");
    expect(replaced).toMatchObject({ address: "terraform_data.machine", replacePaths: ["triggers_replace"] });
    const roots = METAL.flatMap((name) => [PERSISTENT[name].volumeId, PERSISTENT[name].allocationId]);
    expect(planned?.recordedIds).toEqual(new Set([...roots, "eipalloc-01"]));
    const secret = planned?.changes.find(({ address }) => address === "terraform_data.dependent");
    if (!secret) throw new Error("the dependent is not planned");
    expect(JSON.stringify(attributesOf(secret.values, secret.kind))).not.toContain("S3CRET");
    expect(viewOf(second).progress).toMatchObject({ refreshed: 2, total: 2 });
    await yes(second);
    expect(await second.finished).toMatchObject({ status: "done" });
    expect(states(second)).toEqual(["terraform_data.dependent done", "terraform_data.machine done"]);

    const third = start("destroy");
    expect((await asked(third))?.question).toMatchObject({ typed: "destroy", yes: "Destroy" });
    await yes(third);
    expect(await third.finished).toMatchObject({ status: "done" });
    const left = await readdir(join(project.terraformDir, ".terraform"));
    expect(left.filter((name) => name.endsWith(".tfplan"))).toEqual([]);
  });

  test("a plan made before the state changed is made again; another plan in between takes nothing from it", async () => {
    const mine = start("apply");
    await asked(mine);
    expect(await project.cli("plan")).toBe(0);
    expect(await project.cli("apply", "y")).toBe(0);
    await yes(mine);
    expect(await mine.finished).toMatchObject({ status: "nothing-to-do" });
    expect(mine.get().log.map(({ text }) => text)).toContain(
      "The state has changed since that plan was made: it is made again.",
    );
  });

  test("a provisioner that fails: what was made, what failed, what was not begun", async () => {
    await edit((text) =>
      text.replace(
        "input = terraform_data.machine.id",
        'input = terraform_data.machine.id\n  provisioner "local-exec" {\n    command = "echo looking; exit 3"\n  }',
      ),
    );
    const run = start("apply");
    await yes(run);
    const outcome = await run.finished;
    expect(outcome).toMatchObject({ status: "failed" });
    expect(outcome.status === "failed" && outcome.failure.sentence).toMatch(
      /1 of 2 changes were made: terraform_data\.machine\. Failed or cut short: terraform_data\.dependent\./,
    );
    const [diagnostic] = viewOf(run).apply?.diagnostics ?? [];
    expect(diagnostic).toMatchObject({
      severity: "error",
      file: "main.tf",
      snippet: { code: expect.stringContaining("local-exec") },
    });
    expect(diagnostic?.line).toBeGreaterThan(1);
  });

  test("one interrupt: Terraform finishes what it is at, and the rest is told", async () => {
    await edit((text) =>
      text.replace(
        "triggers_replace = var.kernel",
        `triggers_replace = var.kernel\n  provisioner "local-exec" {\n    command = "echo at it; for i in $(seq 200); do [ -e go ] && break; sleep 0.05; done"\n  }`,
      ),
    );
    const run = start("apply");
    await yes(run);
    if (!run.plan) throw new Error("the run has no plan");
    await when(run.plan, ({ apply }) => /at it/.test(apply?.resources.get("terraform_data.machine")?.said ?? ""));
    run.cancel();
    run.cancel();
    expect(viewOf(run).apply?.interrupted).toBe(true);
    await when(run, ({ log }) => log.some(({ text }) => /Interrupt received/.test(text)));
    await writeFile(join(project.terraformDir, "go"), "");
    const outcome = await run.finished;
    expect(outcome).toMatchObject({ status: "cancelled" });
    expect(outcome.status === "cancelled" && outcome.sentence).toMatch(/Not begun: terraform_data\.dependent\./);
    expect(project.s3.objects.has("snowglobe-state-123456789012/snowglobe/terraform.tfstate.tflock")).toBe(false);
  });
});
