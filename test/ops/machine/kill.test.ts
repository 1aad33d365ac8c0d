import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rootOf } from "../../simulator/ec2/account.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { PERSISTENT, STORY_IDS } from "../../simulator/story.ts";

const SPEED = 60;
const ARM = "fcvm-metal-arm";

let directory: string;
let program: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "swap-"));
  program = join(directory, "swap.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "swap-runner.ts")],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    logLevel: "error",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function swapIn(simulator: Simulator): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: directory, SIM_SPEED: String(SPEED), ...simulator.signedInEnv };
  return spawn(process.execPath, [program], { env, stdio: ["ignore", "pipe", "inherit"] });
}

const ended = (child: ChildProcess) => new Promise<void>((resolve) => child.once("close", () => resolve()));

async function until(test: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!test()) {
    if (Date.now() > deadline) throw new Error(`${what} has not come`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Kills the swap while `operation` hangs, before it takes effect or after, for the time that it is called the `nth` time. */
async function killAt(operation: string, when: "before" | "after", nth = 1): Promise<Simulator> {
  const simulator = await startSimulator({ speed: SPEED });
  const called = () => simulator.calls.filter((call) => call.operation === operation).length;
  let changes = 0;
  simulator.onChange(() => {
    changes += 1;
  });
  const clear = simulator.faults.add({ kind: "delay", ms: 60_000, when, operation, skip: nth - 1 });
  const child = swapIn(simulator);
  const end = ended(child);
  let before = 0;
  await until(() => {
    if (called() < nth) before = changes;
    return called() >= nth;
  }, `${operation} number ${nth}`);
  // A describe changes nothing, and what a call changes, it changes at once.
  if (when === "after" && !operation.startsWith("Describe")) await until(() => changes > before, "its effect");
  child.kill("SIGKILL");
  await end;
  clear();
  return simulator;
}

async function finishes(simulator: Simulator): Promise<void> {
  const child = swapIn(simulator);
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await ended(child);
  expect(said).toMatch(/"status":"(done|nothing-to-do)"/);
  const account = simulator.account();
  const arm = account.instances[STORY_IDS.arm];
  expect(arm?.state).toBe("running");
  expect(arm && rootOf(account, arm)?.id).toBe(PERSISTENT[ARM].volumeId);
  expect(account.addresses[PERSISTENT[ARM].allocationId]?.instanceId).toBe(STORY_IDS.arm);
  expect(account.volumes[STORY_IDS.armThrowAwayRoot]?.state ?? "deleting").toBe("deleting");
}

const WRITES = [
  "CreateTags",
  "StopInstances",
  "DetachVolume",
  "AttachVolume",
  "StartInstances",
  "AssociateAddress",
  "DeleteVolume",
];

describe("a swap that is killed goes on when it is run again", () => {
  for (const operation of WRITES) {
    for (const when of ["before", "after"] as const) {
      it.concurrent(`killed at ${operation}, ${when} it takes effect`, async () => {
        const simulator = await killAt(operation, when);
        try {
          await finishes(simulator);
        } finally {
          await simulator.stop();
        }
      });
    }
  }
  for (const nth of [1, 2, 5]) {
    it.concurrent(`killed at look number ${nth}`, async () => {
      const simulator = await killAt("DescribeVolumes", "before", nth);
      try {
        await finishes(simulator);
      } finally {
        await simulator.stop();
      }
    });
  }
});
