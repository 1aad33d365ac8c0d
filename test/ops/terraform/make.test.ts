/** The Makefile itself, from `make apply` on: this project's own sources, in a folder where nothing was ever done. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Program, runProgram } from "../../harness/program.ts";
import { addressesIn, NO_TERRAFORM, type Project, STATE, startProject } from "./project.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");

const AS_NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"];
/** Whether the checkout is nobody's to run from, which it must be to be tried as somebody else. */
const NOBODY = spawnSync("setpriv", [...AS_NOBODY, process.execPath, "-e", "0"]).status === 0;

describe.skipIf(NO_TERRAFORM)("make (needs terraform)", () => {
  let project: Project;

  beforeAll(async () => {
    project = await startProject();
    const links = [
      "Makefile",
      "package.json",
      "package-lock.json",
      "tsconfig.json",
      "esbuild.config.mjs",
      "ops",
      "tui",
      "test",
      "node_modules",
      "terraform/auto-stop",
    ];
    for (const name of links) await symlink(join(ROOT, name), join(project.folder, name));
  });
  afterAll(() => project.stop());

  /** Never npm: the modules are those of the checkout that the test itself runs from. */
  function make(target: string): Program {
    return runProgram("make", ["-o", "node_modules/.installed", target], {
      env: project.env,
      cwd: project.folder,
      columns: 120,
      rows: 60,
    });
  }

  async function finished(program: Program, code: number): Promise<void> {
    const { exitCode } = await program.exited;
    expect(exitCode, program.text()).toBe(code);
  }

  test("apply alone does everything; the image is built once, and again when the Dockerfile is newer", async () => {
    const first = make("apply");
    await first.waitFor("Where should messages go?");
    first.write("owner@example.com\r");
    await first.waitFor("Apply? [y/N]");
    first.write("y\r");
    await finished(first, 0);
    expect(await readFile(join(project.folder, "terraform/terraform.tfvars"), "utf8")).toMatch(
      /fcvm-metal-arm = \{ volume = "vol-/,
    );
    expect(addressesIn(project.s3.objects.get(STATE))).toContain("terraform_data.machine");
    expect(await readdir(project.folder)).toContain(".container-built");
    const built = (await stat(join(project.folder, ".container-built"))).mtimeMs;

    await finished(make("plan"), 0);
    expect((await stat(join(project.folder, ".container-built"))).mtimeMs).toBe(built);
    execFileSync("touch", [join(project.folder, "Dockerfile")]);
    await finished(make("plan"), 0);
    expect((await stat(join(project.folder, ".container-built"))).mtimeMs).toBeGreaterThan(built);
    // Newer but the same: the image is known by what its Dockerfile says.
    expect((await project.calls()).filter((call) => call.startsWith("build"))).toHaveLength(1);
  });

  test("shell gives the terminal to a shell in the container, signed in", async () => {
    const shell = make("shell");
    await shell.waitFor("are here, signed in.");
    shell.write("echo key=$AWS_ACCESS_KEY_ID in $(basename $PWD)\r");
    await shell.waitFor(`key=${project.env.AWS_ACCESS_KEY_ID} in terraform`);
    shell.write("exit 3\r");
    const { exitCode } = await shell.exited;
    expect(exitCode).not.toBe(0);
  });

  test("forced and in parallel: each step after the one before it, and the owner's terraform.tfvars is no target", () => {
    const flags = ["--dry-run", "--always-make", "--jobs=8", "--output-sync"];
    const steps = execFileSync("make", [...flags, "plan"], { cwd: ROOT, encoding: "utf8" });
    const order = ["npm ci", "esbuild.config.mjs", "cli.js image", "cli.js login", "cli.js plan"];
    const places = order.map((step) => steps.indexOf(step));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
    expect(steps).not.toContain("tfvars");
  });

  test.skipIf(!NOBODY)(
    "a state directory of root's is a sentence with what to do, in every verb, which goes on as far as it can (needs setpriv)",
    async () => {
      const home = await mkdtemp(join(tmpdir(), "home-of-root-"));
      try {
        await mkdir(join(home, ".local"));
        const env = { PATH: process.env.PATH, HOME: home, AWS_EC2_METADATA_DISABLED: "true" };
        for (const verb of ["status", "plan", "fmt", "kernel-guest arm"]) {
          const words = [...AS_NOBODY, process.execPath, join(ROOT, "dist", "cli.js"), ...verb.split(" ")];
          const { stdout, stderr } = spawnSync("setpriv", words, { env, encoding: "utf8" });
          expect(stderr).toMatch(/^\S+ may not be read or written\. .*sudo chown -R \$USER ~\/\.local/);
          expect(stderr.trim().split("\n").length).toBeGreaterThan(1);
          expect(stdout + stderr).not.toMatch(/^\s+at |node:/m);
        }
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
  );

  test("help names every target of the mission", () => {
    const help = execFileSync("make", ["help"], { cwd: ROOT, encoding: "utf8" });
    for (const target of [
      "init",
      "plan",
      "apply",
      "destroy",
      "fmt",
      "validate",
      "output",
      "shell",
      "connect",
      "clean",
      "login",
      "status",
      "tui",
      "demo",
      "simulator",
      "test",
      "bench",
    ]) {
      expect(help).toMatch(new RegExp(`^ {2}make ${target} +\\S`, "m"));
    }
  });
});
