/** Ends that the outside brings about: each is seen, what its sentence says is done, and the same run ends well. */

import { execFile, spawnSync } from "node:child_process";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NO_TERRAFORM, type Project, STATE, startProject } from "./project.ts";
import { REGISTRY_LACKS, startRegistry } from "./registry.ts";

let project: Project;
beforeAll(async () => {
  project = await startProject();
  if (!NO_TERRAFORM) expect(await project.cli("apply", "owner@example.com", "y"), said()).toBe(0);
});
afterAll(() => project.stop());

const said = () => [...project.out, ...project.err].join("\n");
const NO_AWS = spawnSync("aws", ["--version"]).status !== 0;

/** The run ends in a failure with these words, and gives the last line that it said. */
async function endsBadly(verb: string, words: string | RegExp): Promise<string> {
  expect(await project.cli(verb), said()).toBe(1);
  expect(said()).toMatch(words);
  return project.err.at(-1) ?? "";
}

const endsWell = async (verb: string, ...answers: string[]) =>
  expect(await project.cli(verb, ...answers), said()).toBe(0);

/** What a person types into `make shell`, in the same container. */
const inShell = (command: string) =>
  promisify(execFile)("bash", ["-c", `cd ${project.terraformDir}; ${command}`], {
    env: { ...process.env, ...project.env },
  });

describe.skipIf(NO_TERRAFORM)("a way on (needs terraform)", () => {
  test("from a lock of its own that could not be released: by the command that the sentence names", async () => {
    const path = join(project.terraformDir, "main.tf");
    await writeFile(path, (await readFile(path, "utf8")).replace('"one"', '"two"'));
    const mend = project.simulator.faults.add({
      kind: "error",
      operation: "DELETEObject",
      code: "AccessDenied",
      message: "No",
      status: 403,
    });
    const last = await endsBadly(
      "plan",
      "Terraform could not release its own lock on the state. Run make shell and in it: ",
    );
    mend();
    // Until then nobody gets in, and is told the same.
    await endsBadly("plan", /holds the lock on Terraform's state for plan, since .*terraform force-unlock/);
    const [command = ""] = /terraform force-unlock [\w-]+/.exec(last) ?? [];
    await inShell(command.replace("unlock", "unlock -force"));
    await endsWell("apply", "apply");
  });

  test("from a state that could not be saved: nobody else reads what Terraform leaves, and the next run brings it back", async () => {
    const path = join(project.terraformDir, "main.tf");
    await writeFile(path, (await readFile(path, "utf8")).replace(/default = "\w+"/, 'default = "saved late"'));
    // Of the two runs that this takes the locks are written, and nothing after them.
    const refusal = { code: "AccessDenied", message: "No", status: 403 };
    const mend = project.simulator.faults.add({ kind: "error", operation: "PUTObject", skip: 2, ...refusal });
    expect(await project.cli("apply", "apply"), said()).toBe(1);
    mend();
    expect(said()).toContain("The state could not be saved and is in terraform/errored.tfstate.");
    expect((await stat(join(project.terraformDir, "errored.tfstate"))).mode & 0o077).toBe(0);
    await endsWell("apply");
    expect(said()).toContain("Bring back errored.tfstate");
  });

  test.each([
    ["provider", (state: string) => state.replaceAll('"schema_version": 0', '"schema_version": 1')],
    ["Terraform", (state: string) => state.replace('"version": 4', '"version": 5')],
  ])(
    "from the state of a newer %s: nothing is done to it, and a checkout that knows it goes on",
    async (what, newer) => {
      const known = project.s3.objects.get(STATE)?.toString() ?? "";
      const written = newer(JSON.stringify(JSON.parse(known), null, 2));
      project.s3.put(STATE, written);
      await endsBadly(
        "apply",
        `The state was written by a newer ${what} than this checkout has. Bring this checkout up to date (git pull), then run make init.`,
      );
      expect(project.s3.objects.get(STATE)?.toString()).toBe(written);
      expect(project.s3.objects.has(`${STATE}.tflock`)).toBe(false);
      project.s3.put(STATE, known);
      await endsWell("init");
      await endsWell("apply");
    },
  );

  test.skipIf(NO_AWS)(
    "from a clock in the container that is off: no role and no owner is blamed for it (needs aws)",
    async () => {
      const real = await project.spoil("real-aws");
      const mend = project.simulator.faults.add({ kind: "clock-skew", operation: "s3:*", ms: 40 * 60_000 });
      await endsBadly("plan", "The clock in the container differs so much from AWS's that AWS refuses what it signs.");
      mend();
      await endsWell("plan");
      const allow = project.s3.deny();
      await endsBadly("plan", "may not use");
      allow();
      await endsWell("plan");
      await real();
    },
  );

  test.skipIf(REGISTRY_LACKS)(
    `from a proxy that lets nobody through${REGISTRY_LACKS ? ` (needs ${REGISTRY_LACKS})` : ""}`,
    async () => {
      const registry = await startRegistry(join(project.folder, "registry"));
      try {
        Object.assign(project.env, registry.env);
        const path = join(project.terraformDir, "provider.tf");
        await writeFile(path, 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n');
        registry.refuse(403);
        await endsBadly("init", "Terraform's registry, or a proxy before it, refuses to give the providers. Look to ");
        registry.refuse(407);
        await endsBadly(
          "init",
          "A proxy on the way to the network does not let Terraform through. Look to HTTPS_PROXY",
        );
        registry.refuse(undefined);
        await endsWell("init");
        await rm(path);
      } finally {
        await registry.stop();
      }
    },
  );
});
