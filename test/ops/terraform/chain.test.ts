/** The whole chain with the real terraform: a stand-in engine, built-in resources, and a bucket in the simulated account. */

import { readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PATIENCE_MS, waitUntil } from "../../harness/grid.ts";
import { PERSISTENT } from "../../simulator/story.ts";
import { addressesIn, BUCKET, NO_TERRAFORM, type Project, STATE, startProject } from "./project.ts";

let project: Project;
beforeEach(async () => {
  project = await startProject();
});
afterEach(() => project.stop());

const EMAIL = "owner@example.com";
const said = () => [...project.out, ...project.err].join("\n");
const edit = async (change: (text: string) => string) => {
  const path = join(project.terraformDir, "main.tf");
  await writeFile(path, change(await readFile(path, "utf8")));
};

/** What runs programs is never made by a plain yes. */
const PROVISIONED = "terraform_data.dependent";

/** Has the second resource run a command when it is made. */
const provision = (command: string) =>
  edit((text) => {
    const made = "input = terraform_data.machine.id";
    return text.replace(made, `${made}\n  provisioner "local-exec" {\n    command = ${JSON.stringify(command)}\n  }`);
  });

describe.skipIf(NO_TERRAFORM)("apply from a cold start (needs terraform)", () => {
  test("builds the image, makes the bucket, asks, applies, records, and the second time finds nothing to do", async () => {
    expect(await project.cli("apply", EMAIL, "y")).toBe(0);
    expect(said()).toMatch(/Container image: building it with podman/);
    expect(said()).toContain(`Bucket ${BUCKET} for the state`);
    expect(said()).toMatch(/\+ terraform_data\.machine/);
    expect(said()).toContain("Apply complete!");
    // The account has machines already: their own roots are found, and no others are recorded.
    const { volumeId, allocationId } = PERSISTENT["fcvm-metal-arm"];
    expect(said()).toContain(`persistent_roots.fcvm-metal-arm = ${volumeId}`);
    expect(addressesIn(project.s3.objects.get(STATE))).toEqual(["terraform_data.dependent", "terraform_data.machine"]);
    expect(addressesIn(project.s3.objects.get(`${BUCKET}/snowglobe/bootstrap.tfstate`))).toEqual([
      "terraform_data.bucket",
    ]);
    const tfvars = await project.file("terraform.tfvars");
    expect(tfvars).toContain('alert_email = "owner@example.com"');
    expect(tfvars).toContain(`fcvm-metal-arm = { volume = "${volumeId}", address = "${allocationId}" }`);
    expect(tfvars).toContain("# The owner's values.");
    // As it was before the last change of ours.
    expect(await project.file("terraform.tfvars.before")).not.toBe(tfvars);
    // The state's own bucket has left nothing behind here.
    await expect(project.file("bootstrap/terraform.tfstate")).rejects.toThrow();
    await expect(project.file("bootstrap/backend_override.tf")).rejects.toThrow();

    expect(await project.cli("apply")).toBe(0);
    expect(said()).toContain("The account is as terraform/ says.");
    expect((await project.calls()).filter((call) => call.startsWith("build"))).toHaveLength(1);
    expect(await project.file("terraform.tfvars")).toBe(tfvars);

    // Another computer: the owner's file is not there, and comes back from the state without a question.
    await rm(join(project.terraformDir, "terraform.tfvars"));
    await rm(join(project.terraformDir, ".terraform"), { recursive: true });
    expect(await project.cli("plan")).toBe(0);
    expect(await project.file("terraform.tfvars")).toBe(tfvars);
    expect(await project.cli("output")).toBe(0);
    expect(said()).toContain(`allocation_ids.fcvm-metal-x86 = ${PERSISTENT["fcvm-metal-x86"].allocationId}`);
  });

  test("no is no; a replacement is confirmed by a word; destroy says what stays", async () => {
    expect(await project.cli("apply", EMAIL, "n")).toBe(1);
    expect(said()).toContain("Nothing was changed.");
    expect(await project.cli("apply", "y")).toBe(0);
    await edit((text) => text.replace('"one"', '"two"'));
    expect(await project.cli("apply", "y")).toBe(1);
    expect(await project.cli("apply", "apply")).toBe(0);
    expect(said()).toMatch(/-\/\+ terraform_data\.machine/);

    expect(await project.cli("destroy", "yes")).toBe(1);
    expect(said()).toContain("Not destroyed:");
    expect(said()).toContain("every root volume");
    expect(await project.cli("destroy", "destroy")).toBe(0);
    // Of its own targets, and of a plan that is therefore not all of it, Terraform warns; that is no news.
    expect(said()).not.toMatch(/targeting|may be incomplete|more to plan/);
    expect(addressesIn(project.s3.objects.get(STATE))).toEqual([]);
  });

  test("no credential and no variable is ever an argument, and each reaches the run", async () => {
    expect(await project.cli("plan", EMAIL)).toBe(0);
    const calls = (await project.calls()).join("\n");
    expect(calls).toContain("--env AWS_SECRET_ACCESS_KEY --env AWS_SESSION_TOKEN");
    expect(calls).toContain("--env TF_VAR_ssh_public_key");
    for (const name of ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"]) {
      expect(calls).not.toContain(project.env[name]);
      expect(said()).not.toContain(project.env[name]);
    }
    expect(calls).not.toContain("ssh-ed25519");
    expect(calls).toContain("label=disable");
    expect(calls).not.toContain(".aws");
  });

  test("a failing resource fails the run, says what was made, and the next run goes on from there", async () => {
    await provision(`test -e \${path.module}/allowed`);
    expect(await project.cli("apply", EMAIL, PROVISIONED)).toBe(1);
    expect(said()).toMatch(/terraform_data\.dependent: local-exec provisioner error/);
    expect(said()).toContain("of 2 changes were made. Running it again goes on from there.");
    await writeFile(join(project.terraformDir, "allowed"), "");
    expect(await project.cli("apply", PROVISIONED)).toBe(0);
  });

  test("Ctrl+C lets Terraform finish what it is at and lets go of the lock", async () => {
    await provision(
      `touch \${path.module}/started; for i in $(seq 100); do [ -e \${path.module}/go ] && break; sleep 0.05; done`,
    );
    const running = project.cli("apply", EMAIL, PROVISIONED);
    const there = (name: string) =>
      project.file(name).then(
        () => true,
        () => false,
      );
    let started = false;
    await waitUntil(
      () => {
        void there("started").then((yes) => {
          started = yes;
        });
        return started;
      },
      PATIENCE_MS,
      () => `it never started: ${said()}`,
    );
    expect(project.interrupt()).toBe(true);
    await waitUntil(
      () => said().includes("Interrupt received"),
      PATIENCE_MS,
      () => `Terraform heard no interrupt: ${said()}`,
    );
    await writeFile(join(project.terraformDir, "go"), "");
    expect(await running).toBe(130);
    expect(project.s3.objects.has(`${STATE}.tflock`)).toBe(false);
    await edit((text) => text.replace(/\n {2}provisioner[\s\S]*?\n {2}\}/, ""));
    expect([0]).toContain(await project.cli("apply", "apply"));
  });
});

describe.skipIf(NO_TERRAFORM)("what can be wrong (needs terraform)", () => {
  test("a lock that another computer holds: who, since when, how to go on", async () => {
    expect(await project.cli("plan", EMAIL)).toBe(0);
    const lock = {
      ID: "0c1f-lock",
      Operation: "OperationTypeApply",
      Info: "",
      Who: "me@laptop",
      Version: "1.15.5",
      Created: "2026-11-22T08:00:00.123Z",
      Path: STATE,
    };
    project.s3.put(`${STATE}.tflock`, JSON.stringify(lock));
    await edit((text) => text.replace('"one"', '"two"'));
    expect(await project.cli("plan")).toBe(1);
    expect(said()).toContain("me@laptop holds the lock on Terraform's state for apply, since 2026-11-22 08:00:00 UTC");
    expect(said()).toContain("terraform force-unlock 0c1f-lock");
    project.s3.remove(`${STATE}.tflock`);
    expect(await project.cli("plan")).toBe(0);
  });

  test("a bucket that this role may not use", async () => {
    const allow = project.s3.deny();
    expect(await project.cli("init")).toBe(1);
    expect(said()).toContain(`This role may not use the state bucket ${BUCKET}`);
    allow();
    expect(await project.cli("init", EMAIL), said()).toBe(0);
  });

  test("a bucket that somebody else took first, though it lets us in: nothing is read from it", async () => {
    expect(await project.cli("init", EMAIL)).toBe(0);
    const mend = await project.spoil("foreign");
    expect(await project.cli("apply", "y")).toBe(1);
    expect(said()).toContain(`The state bucket ${BUCKET} is another account's`);
    expect(project.s3.objects.has(STATE)).toBe(false);
    await mend();
    expect(await project.cli("init")).toBe(0);
  });

  test("a bucket whose own plan is not harmless: nothing is done, and the next run goes on", async () => {
    const path = join(project.terraformDir, "bootstrap", "main.tf");
    const text = await readFile(path, "utf8");
    const program = 'provisioner "local-exec" { command = "true" }';
    await writeFile(path, text.replace("input = var.bucket", `$&\n  ${program}`));
    expect(await project.cli("init")).toBe(1);
    expect(said()).toMatch(/The state bucket is left as it is: its plan is not harmless\. Runs programs for /);
    expect([...project.s3.objects.keys()]).toEqual([]);
    await writeFile(path, text);
    expect(await project.cli("init", EMAIL)).toBe(0);
  });

  test("a session that ends in the middle of an apply; what was made is kept and the rest goes on later", async () => {
    await provision(
      `echo ExpiredToken: The security token included in the request is expired >&2; test -e \${path.module}/signed-in`,
    );
    expect(await project.cli("apply", EMAIL, PROVISIONED)).toBe(1);
    expect(said()).toContain("The session ended while Terraform was at work.");
    await writeFile(join(project.terraformDir, "signed-in"), "");
    expect(await project.cli("apply", PROVISIONED)).toBe(0);
  });

  test("a state that could not be saved is brought back by the next run", async () => {
    expect(await project.cli("apply", EMAIL, "y")).toBe(0);
    const state = JSON.parse(project.s3.objects.get(STATE)?.toString() ?? "{}") as { serial: number };
    await writeFile(
      join(project.terraformDir, "errored.tfstate"),
      JSON.stringify({ ...state, serial: state.serial + 5 }),
    );
    expect(await project.cli("plan")).toBe(0);
    expect(said()).toContain("Bring back errored.tfstate");
    const restored = JSON.parse(project.s3.objects.get(STATE)?.toString() ?? "{}") as { serial: number };
    expect(restored.serial).toBeGreaterThanOrEqual(state.serial + 5);
    await expect(project.file("errored.tfstate")).rejects.toThrow();
  });

  test("a state that could not be saved, and that the real one has gone on from, or that is damaged, locks nothing", async () => {
    expect(await project.cli("apply", EMAIL, "y")).toBe(0);
    const older = project.s3.objects.get(STATE)?.toString() ?? "";
    await edit((text) => text.replace('"one"', '"two"'));
    expect(await project.cli("apply", "apply")).toBe(0);
    const now = project.s3.objects.get(STATE);
    for (const [left, name, why] of [
      [older, /^errored-serial-\d+-/, "The state has gone on since"],
      ["", /^errored-damaged-/, "It is empty"],
      [older.slice(0, 200), /^errored-damaged-/, "It is cut short"],
    ] as const) {
      await writeFile(join(project.terraformDir, "errored.tfstate"), left);
      expect(await project.cli("plan"), said()).toBe(0);
      expect(said()).toContain(why);
      const kept = (await readdir(project.terraformDir)).filter((one) => name.test(one)).at(-1);
      expect(await project.file(kept ?? "")).toBe(left);
      await expect(project.file("errored.tfstate")).rejects.toThrow();
      await rm(join(project.terraformDir, kept ?? ""));
    }
    expect(project.s3.objects.get(STATE)?.equals(now ?? Buffer.of())).toBe(true);
  });

  test.each([
    ["a syntax error", 'alert_email = "a@b.cd"\npersistent_roots = {\n', /terraform\.tfvars, line \d+: /],
    [
      "a variable that there is not",
      'alert_email = "a@b.cd"\npersistent_root = {}\n',
      /terraform\/terraform\.tfvars sets "persistent_root", which is no variable of ours/,
    ],
    ["a value of the wrong kind", 'alert_email = "a@b.cd"\npersistent_roots = "none"\n', /terraform\.tfvars, line 2/],
  ])("terraform.tfvars with %s", async (_, text, words) => {
    await writeFile(join(project.terraformDir, "terraform.tfvars"), text);
    expect(await project.cli("plan")).toBe(1);
    expect(said()).toMatch(words);
    // What the account has may have been recorded below; what the owner wrote is as it was.
    expect((await project.file("terraform.tfvars")).slice(0, text.length)).toBe(text);
    await writeFile(join(project.terraformDir, "terraform.tfvars"), `alert_email = "${EMAIL}"\n`);
    expect(await project.cli("plan")).toBe(0);
  });

  test("an error in a .tf file is told with its place", async () => {
    await edit((text) => text.replace("terraform_data.machine.id", "terraform_data.nobody.id"));
    expect(await project.cli("plan", EMAIL)).toBe(1);
    expect(said()).toMatch(/Reference to undeclared resource: .*\(main\.tf, line \d+\)/);
    expect(await project.cli("validate")).toBe(1);
    expect(said()).toMatch(/Reference to undeclared resource/);
    await edit((text) => text.replace("terraform_data.nobody.id", "terraform_data.machine.id"));
    expect(await project.cli("validate")).toBe(0);
  });

  test("fmt and validate", async () => {
    await edit((text) => `${text}\nlocals {\n a   = 1\n}\n`);
    expect(await project.cli("fmt")).toBe(0);
    expect(await project.file("main.tf")).toContain("  a = 1\n");
    expect(await project.cli("validate", EMAIL)).toBe(0);
  });
});

describe("an engine", () => {
  /** It fails in words, and once it is mended the same runs to its end. */
  async function mended(how: string, ...words: readonly string[]): Promise<void> {
    const mend = await project.spoil(how);
    expect(await project.cli("image")).toBe(1);
    for (const one of words) expect(said()).toContain(one);
    await mend();
    expect(await project.cli("image")).toBe(0);
  }

  test("whose machine is stopped", () =>
    mended("stopped", "Podman is installed but does not answer", "Run podman machine start."));

  test("that is Docker, whose group one is not in, as its client of 20.10 says it", async () => {
    await rename(join(project.folder, "bin", "podman"), join(project.folder, "bin", "docker"));
    const mend = await project.spoil("no-group");
    project.env.PATH = join(project.folder, "bin");
    expect(await project.cli("image")).toBe(1);
    expect(said()).toContain("you are not in its group. Run sudo usermod -aG docker $USER");
    await mend();
    // What it calls itself; all of /usr/bin may have a Podman.
    for (const name of ["basename", "touch"]) await symlink(`/usr/bin/${name}`, join(project.folder, "bin", name));
    expect(await project.cli("image")).toBe(0);
  });

  test.each([
    ["rate", "Docker Hub gives this network no more images for now"],
    ["broken-step", "could not be built: curl: (22) The requested URL returned error: 404."],
    ["no-network", "the registry is out of reach"],
  ])("whose build ends by %s: the real reason", (how, words) => mended(how, words));

  test("that cannot run the container", async () => {
    // What a real Podman says, and how it is mended, is in image.test.ts.
    const mend = await project.spoil("no-run");
    expect(await project.cli("fmt")).toBe(1);
    expect(said()).toContain(
      "podman could not run the container: Error: crun: permission denied. Run podman run --rm ",
    );
    await mend();
    if (!NO_TERRAFORM) expect(await project.cli("fmt"), said()).toBe(0);
  });

  test("that is not there at all", async () => {
    project.env.PATH = project.folder;
    expect(await project.cli("image")).toBe(1);
    expect(said()).toContain("neither Podman nor Docker is installed here");
    expect(said()).toMatch(/Install Podman|brew install podman/);
  });

  test("builds a changed Dockerfile, and an unchanged one never again", async () => {
    expect(await project.cli("image")).toBe(0);
    expect(await project.cli("image")).toBe(0);
    await writeFile(join(project.folder, "Dockerfile"), "FROM something else\n");
    expect(await project.cli("image")).toBe(0);
    const builds = (await project.calls()).filter((call) => call.startsWith("build"));
    expect(builds).toHaveLength(2);
    expect(builds[0]?.split(" ")[2]).not.toBe(builds[1]?.split(" ")[2]);
  });
});
