/** Plans and applies in the built cockpit: how soon a large plan is on the screen, and what watching an apply costs. */

import { execFile, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Program } from "../harness/program.ts";
import { startSimulator } from "../simulator/simulator.ts";
import { cpuSeconds, startCockpit } from "./process.ts";
import { type BenchRow, median, Skipped, spreadOf } from "./row.ts";

const RESOURCES = 5000;
const APPLIED = 200;
const ROUNDS = 5;
const REPLAYS = 3;

/** An engine that answers what a plan needs before it, and gives `plan`, `show` and `apply` as a bench wants them. */
const ENGINE = `#!/bin/bash
[ "$1" = run ] || exit 0
while [ "$1" != terraform ]; do
  case $1 in
    *:/snowglobe/terraform) cd "\${1%:*}" ;;
    # Questions to the account: it has nothing of ours but the bucket.
    look) shift; for _; do echo '{}'; done; exit ;;
    owner) echo ok; exit ;;
  esac
  shift || exit
done
now() { date +%s%3N >"$PWD/$1"; }
export CHECKPOINT_DISABLE=1
unset TF_PLUGIN_CACHE_DIR
case $2 in
  init) ;;
  output) echo '{}' ;;
  plan) PLAN ;;
  show) SHOW ;;
  apply) now began; if [ -e replay.mjs ]; then node replay.mjs; else "$@"; fi; now ended ;;
esac
`;

interface Place {
  readonly engine: string;
  readonly terraform: string;
  readonly cockpit: () => Program;
  readonly stop: () => Promise<void>;
}

async function place(plan: string, show: string): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), "snowglobe-bench-plan-"));
  const [terraform, bin, home] = ["terraform", "bin", "home"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const one of [terraform, bin, home, join(terraform, ".terraform")]) await mkdir(one);
  await writeFile(join(directory, "Dockerfile"), "FROM scratch\n");
  await writeFile(join(terraform, "terraform.tfvars"), 'alert_email = "owner@example.com"\n');
  await writeFile(join(bin, "podman"), ENGINE.replace("PLAN", plan).replace("SHOW", show));
  await chmod(join(bin, "podman"), 0o700);
  const simulator = await startSimulator();
  const env = {
    ...process.env,
    ...simulator.signedInEnv,
    HOME: home,
    XDG_STATE_HOME: join(directory, "state"),
    SNOWGLOBE_DEMO: "1",
    SNOWGLOBE_TERRAFORM_DIR: terraform,
    PATH: `${bin}:${process.env.PATH}`,
  };
  return {
    engine: join(bin, "podman"),
    terraform,
    cockpit: () => startCockpit(env, { columns: 120, rows: 40 }),
    stop: async () => {
      await simulator.stop();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** From the last byte of the plan to its rows on the screen. */
export async function benchPlan(): Promise<readonly BenchRow[]> {
  const { terraform, cockpit, stop } = await place("cat plan.jsonl", "cat plan.json; now shown");
  try {
    await writeFile(join(terraform, "plan.jsonl"), planLines());
    await writeFile(join(terraform, "plan.json"), JSON.stringify(planJson()));
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const program = cockpit();
      await program.waitFor("TEMPORARY DISK", 30_000);
      await program.press("a");
      await program.waitFor(`+ ${RESOURCES} to create`, 60_000);
      times.push(Date.now() - Number(await readFile(join(terraform, "shown"), "utf8")));
      program.kill("SIGKILL");
      await program.exited;
    }
    const row = {
      name: `plan of ${RESOURCES} on screen after its last line`,
      value: median(times),
      unit: "ms",
      spread: spreadOf(times),
      target: "≤ 300",
    };
    return [row];
  } finally {
    await stop();
  }
}

function planLines(): string {
  const lines = Array.from({ length: RESOURCES }, (_, index) => {
    const addr = `aws_instance.machine[${index}]`;
    return {
      "@message": `${addr}: Plan to create`,
      type: "planned_change",
      change: { resource: { addr }, action: "create" },
    };
  });
  const changes = { add: RESOURCES, change: 0, remove: 0, operation: "plan" };
  const sum = { "@message": `Plan: ${RESOURCES} to add.`, type: "change_summary", changes };
  return `${[...lines, sum].map((line) => JSON.stringify(line)).join("\n")}\n`;
}

function planJson(): object {
  const after = {
    ami: "ami-0123456789abcdef0",
    instance_type: "c7gd.metal",
    root_block_device: [{ volume_size: 300, volume_type: "gp3", delete_on_termination: false }],
    tags: { Name: "machine", Project: "snowglobe" },
  };
  return {
    format_version: "1.2",
    resource_changes: Array.from({ length: RESOURCES }, (_, index) => ({
      address: `aws_instance.machine[${index}]`,
      mode: "managed",
      type: "aws_instance",
      name: "machine",
      index,
      change: { actions: ["create"], before: null, after, after_unknown: { id: true, arn: true } },
    })),
  };
}

/**
 * How long an apply of built-in resources takes that the cockpit watches, against one that nobody does. Of the real one the
 * processor's other work is a part; so the messages of one that nobody watched are replayed as well, at their own pace:
 * that differs by nothing but how soon they are read.
 */
export async function benchApply(): Promise<readonly BenchRow[]> {
  if (spawnSync("terraform", ["version"], { stdio: "ignore" }).status !== 0) throw new Skipped("no terraform");
  const { engine, terraform, cockpit, stop } = await place('exec "$@"', 'exec "$@"');
  try {
    await writeFile(
      join(terraform, "main.tf"),
      `variable "alert_email" { type = string }
variable "ssh_public_key" { default = "" }
variable "adopt" { default = {} }
variable "persistent_roots" { default = {} }
resource "terraform_data" "one" {
  count = ${APPLIED}
  input = count.index
}
`,
    );
    await command(terraform, "init", "-input=false");
    const compare = async (rounds: number) => {
      const all: Watched[] = [];
      // The first round warms the caches for both.
      for (let round = 0; round <= rounds; round += 1) {
        await rm(join(terraform, "terraform.tfstate"), { force: true });
        await command(terraform, "plan", "-out=alone");
        // By the same engine and the same clock; what it says goes nowhere.
        await inEngine(engine, terraform, "apply", "-json", "alone");
        const alone = await took(terraform);
        await rm(join(terraform, "terraform.tfstate"), { force: true });
        all.push({ alone, ...(await watch(cockpit(), terraform)) });
      }
      return all.slice(1);
    };
    const real = await compare(ROUNDS);
    await record(terraform);
    const replayed = await compare(REPLAYS);
    const cpu = real.map(({ cpuMs }) => cpuMs);
    return [
      againstAlone(`apply of ${APPLIED} in the cockpit`, real, "terraform apply -json > /dev/null"),
      againstAlone(`its messages at their own pace, read by the cockpit`, replayed, "the same > /dev/null"),
      { name: "processor time of the cockpit over that apply", value: median(cpu), unit: "ms", spread: spreadOf(cpu) },
    ];
  } finally {
    await stop();
  }
}

/** Milliseconds of one apply: with nobody, and with the cockpit, which used so much of the processor meanwhile. */
interface Watched {
  readonly alone: number;
  readonly watched: number;
  readonly cpuMs: number;
}

function againstAlone(name: string, rounds: readonly Watched[], what: string): BenchRow {
  const ratios = rounds.map(({ watched, alone }) => watched / alone);
  return {
    name,
    value: median(rounds.map(({ watched }) => watched)),
    unit: "ms",
    against: `${what}, ${median(rounds.map(({ alone }) => alone)).toFixed(0)} ms`,
    ratio: median(ratios),
    spread: spreadOf(ratios),
    target: "≤ 1.1",
  };
}

/** From now on the engine gives the messages of a real apply, each so long after the first one as it was then. */
async function record(terraform: string): Promise<void> {
  await rm(join(terraform, "terraform.tfstate"), { force: true });
  await command(terraform, "plan", "-out=alone");
  const { stdout } = await promisify(execFile)("terraform", ["apply", "-json", "alone"], {
    cwd: terraform,
    env: quiet,
  });
  await writeFile(join(terraform, "messages.jsonl"), stdout);
  await writeFile(
    join(terraform, "replay.mjs"),
    `import { readFileSync } from "node:fs";
const lines = readFileSync("messages.jsonl", "utf8").trimEnd().split("\\n");
const at = (line) => Date.parse(JSON.parse(line)["@timestamp"]);
const began = performance.now();
for (const line of lines) {
  const wait = at(line) - at(lines[0]) - (performance.now() - began);
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  process.stdout.write(line + "\\n");
}
`,
  );
}

async function watch(program: Program, terraform: string): Promise<Omit<Watched, "alone">> {
  await program.waitFor("TEMPORARY DISK", 30_000);
  await program.press("a");
  await program.waitFor(`+ ${APPLIED} to create`, 60_000);
  await program.waitFor("a apply");
  await program.press("a");
  await program.waitFor("Leave everything as it is");
  // A key that comes in the same moment as the dialog may still go to what is under it.
  while (!program.text().includes("[ Apply ]")) {
    await program.press("tab");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await rm(join(terraform, "ended"), { force: true });
  const before = cpuSeconds(program.pid);
  await program.press("enter");
  // To read the screen all the time would take the processor from what is measured.
  while (!existsSync(join(terraform, "ended"))) await new Promise((resolve) => setTimeout(resolve, 100));
  const cpuMs = (cpuSeconds(program.pid) - before) * 1000;
  await program.waitFor(`${APPLIED} of ${APPLIED} done`, 60_000);
  await program.waitFor("Apply complete!", 30_000);
  program.kill("SIGKILL");
  await program.exited;
  return { watched: await took(terraform), cpuMs };
}

/** Milliseconds of the last apply, by the engine's own marks. */
async function took(terraform: string): Promise<number> {
  const [began, ended] = await Promise.all(["began", "ended"].map((name) => readFile(join(terraform, name), "utf8")));
  return Number(ended) - Number(began);
}

/** Terraform asks nobody for its newest version. */
const quiet = { ...process.env, CHECKPOINT_DISABLE: "1" };

const command = (cwd: string, ...args: readonly string[]) => ended("terraform", args, cwd);

function inEngine(engine: string, terraform: string, ...args: readonly string[]): Promise<void> {
  return ended(
    engine,
    ["run", "--volume", `${terraform}:/snowglobe/terraform`, "image", "terraform", ...args],
    terraform,
  );
}

function ended(program: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: quiet, stdio: "ignore" });
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ${args[0]} ended with ${code}`)),
    );
  });
}
