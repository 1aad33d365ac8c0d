/** Leaving never cuts Terraform: the real one, with a state that takes its time to be uploaded, left in every way. */

import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PATIENCE_MS, waitUntil } from "../../harness/grid.ts";
import { type Program, runProgram } from "../../harness/program.ts";
import { addressesIn, NO_TERRAFORM, type Project, STATE, startProject } from "./project.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
let project: Project;
beforeEach(async () => {
  project = await startProject();
  await writeFile(join(project.terraformDir, "terraform.tfvars"), 'alert_email = "owner@example.com"\n');
});
afterEach(() => project.stop());

/** `make apply` as a program of its own, up to the moment in which the account is changed and its state not yet saved. */
async function applying(uploadMs: number): Promise<Program> {
  const { env, folder, terraformDir, s3 } = project;
  const program = runProgram("node", [join(ROOT, "ops", "cli.ts"), "apply"], {
    env: { ...env, XDG_STATE_HOME: join(folder, "state"), SNOWGLOBE_TERRAFORM_DIR: terraformDir, SNOWGLOBE_DEMO: "1" },
    cwd: folder,
    columns: 160,
    rows: 60,
  });
  await program.waitFor("Apply? [y/N]");
  s3.slow(STATE, uploadMs);
  program.write("y\r");
  await waitUntil(
    () => s3.uploading.has(STATE),
    PATIENCE_MS,
    () => `no state is uploaded: ${program.text()}`,
  );
  return program;
}

const BOTH = ["terraform_data.dependent", "terraform_data.machine"];
const plans = async () =>
  (await readdir(join(project.terraformDir, ".terraform")).catch(() => [])).filter((name) => name.endsWith(".tfplan"));

/** Whoever looks next finds it where it is, follows it to its end, and has nothing left to do. */
async function nextRunIsWhole(): Promise<void> {
  expect(await project.cli("plan"), project.err.join("\n")).toBe(0);
  expect([...project.out, ...project.err].join("\n")).toContain("The account is as terraform/ says.");
  expect(addressesIn(project.s3.objects.get(STATE))).toEqual(BOTH);
  expect(await plans()).toEqual([]);
  expect(await readdir(join(project.folder, "state", "snowglobe", "terraform-runs")).catch(() => [])).toEqual([]);
  const calls = await project.calls();
  expect(calls.filter((call) => call.startsWith("kill")).length).toBeLessThan(2);
}

describe.skipIf(NO_TERRAFORM)("an apply whose state is being uploaded (needs terraform)", () => {
  test.each([
    ["killed, at 3 s", 3000, (program: Program) => program.kill("SIGKILL")],
    ["ended by SIGTERM, at 3 s", 3000, (program: Program) => program.kill("SIGTERM")],
    ["left by a closed terminal, at 15 s", 15_000, (program: Program) => program.kill("SIGHUP")],
    [
      "interrupted twice, at 15 s",
      15_000,
      async (program: Program) => {
        program.write("\x03");
        await program.waitFor("is waited for");
        program.write("\x03");
      },
    ],
  ])("%s: the state has every resource, and the next run follows it", async (_, uploadMs, leave) => {
    const program = await applying(uploadMs);
    const [plan] = await plans();
    if (plan) expect((await stat(join(project.terraformDir, ".terraform", plan))).mode & 0o777).toBe(0o600);
    await leave(program);
    await program.exited;
    await nextRunIsWhole();
  });
});
