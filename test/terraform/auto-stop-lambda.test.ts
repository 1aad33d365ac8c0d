import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildAutoStop } from "../../terraform/auto-stop/build.mjs";
import type { Report } from "../../terraform/auto-stop/handler.ts";
import type { Account } from "../simulator/ec2/account.ts";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import { snsService } from "../simulator/sns/service.ts";
import { healthyAccount, STORY_IDS } from "../simulator/story.ts";
import { TERRAFORM_DIR } from "./hcl.ts";

const TOPIC = "arn:aws:sns:us-west-1:123456789012:snowglobe-alerts";
// Beside the modules, where the SDK is found as the runtime would have it, and where no build of others writes.
const FOLDER = join(TERRAFORM_DIR, "..", "node_modules", ".cache", `auto-stop-${process.pid}`);
const BUNDLE = join(FOLDER, "index.mjs");
const { arm, x86, x86Request } = STORY_IDS;
const IDLE = new Array<number>(13).fill(1);

let simulator: Simulator;
let sns: ReturnType<typeof snsService>;

beforeAll(() => buildAutoStop(FOLDER));
afterAll(() => rm(FOLDER, { recursive: true, force: true }));
beforeEach(async () => {
  sns = snsService([TOPIC]);
  simulator = await startSimulator({ latencyScale: 0, story: bothRunning, more: () => [sns] });
});
afterEach(() => simulator.stop());

/** Both dev servers have been up for three days. */
function bothRunning(now: number): Account {
  const account = healthyAccount(now);
  const launchedAt = now - 3 * 86_400_000;
  const up = (id: string) => {
    const instance = account.instances[id];
    if (!instance) throw new Error(`no ${id}`);
    return { ...instance, state: "running" as const, stateReason: undefined, endedAt: undefined, launchedAt };
  };
  const request = account.spotRequests[x86Request];
  if (!request) throw new Error("no request");
  return {
    ...account,
    instances: { ...account.instances, [arm]: up(arm), [x86]: up(x86) },
    spotRequests: { ...account.spotRequests, [x86Request]: { ...request, state: "active", statusCode: "fulfilled" } },
  };
}

interface Invocation {
  readonly reports: readonly Report[] | undefined;
  readonly error: string | undefined;
  readonly log: readonly Report[];
}

/** Calls the bundle's handler in a process of its own, with the function's environment, as the runtime does. */
async function invoke(ids: readonly string[], change: Readonly<Record<string, string>> = {}): Promise<Invocation> {
  const runtime = `const { handler } = await import(${JSON.stringify(pathToFileURL(BUNDLE).href)});
    const out = await handler({ source: "aws.events" }).then((reports) => ({ reports }), (error) => ({ error: String(error.message) }));
    console.log("\\n===" + JSON.stringify(out));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", runtime], {
    env: {
      ...simulator.signedInEnv,
      AWS_MAX_ATTEMPTS: "1",
      IDLE_HOURS: "12",
      INSTANCE_IDS: ids.join(","),
      SNS_TOPIC_ARN: TOPIC,
      ...change,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [log = "", out = "{}"] = (await text(child.stdout)).split("\n===");
  return {
    reports: undefined,
    error: undefined,
    ...JSON.parse(out),
    log: log
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  };
}

const done = (invocation: Invocation) =>
  Object.fromEntries((invocation.reports ?? invocation.log).map((one) => [one.instance, one.done]));
const state = (id: string) => simulator.account().instances[id]?.state;
function make(id: string, hours: readonly (number | null)[]) {
  simulator.cpu.setHours(id, hours, simulator.clock.now());
}

describe("the auto-stop bundle, run as Lambda would", () => {
  test("holds our code only and asks for nothing but the runtime's SDK", async () => {
    const code = await readFile(BUNDLE, "utf8");
    expect(code.length).toBeLessThan(20_000);
    const imported = [...code.matchAll(/^import .* from "(.*)";$/gm)].map(([, name]) => name ?? "");
    expect(imported.every((name) => name.startsWith("@aws-sdk/client-"))).toBe(true);
  });

  test("stops the idle one, keeps the busy one, and tells of the stop", async () => {
    make(arm, IDLE);
    make(x86, IDLE.with(4, 60));
    const ran = await invoke([arm, x86]);
    expect(ran.error).toBeUndefined();
    expect(done(ran)).toEqual({ [arm]: "stopped", [x86]: "kept" });
    expect(state(arm)).toMatch(/stop/);
    expect(state(x86)).toBe("running");
    expect(sns.told).toHaveLength(1);
    expect(sns.told[0]).toMatchObject({ topicArn: TOPIC, subject: "snowglobe: fcvm-metal-arm was stopped" });
    expect(sns.told[0]?.message).toContain(arm);
    expect(ran.log).toEqual(ran.reports);
  });

  test("keeps machines with gaps, and machines that were started within the 12 hours, in silence", async () => {
    make(
      arm,
      IDLE.map((value, index) => (index === 6 ? null : value)),
    );
    make(x86, IDLE);
    simulator.update((account) => {
      const instance = account.instances[x86];
      if (!instance) return account;
      const launchedAt = simulator.clock.now() - 11 * 3_600_000;
      return { ...account, instances: { ...account.instances, [x86]: { ...instance, launchedAt } } };
    });
    expect(done(await invoke([arm, x86]))).toEqual({ [arm]: "kept", [x86]: "kept" });
    expect(sns.told).toEqual([]);
  });

  test("a machine that no longer exists, or is stopped already, hides no other", async () => {
    make(x86, IDLE);
    simulator.apply({ name: "StopInstances", instanceIds: [arm] });
    const ran = await invoke(["i-0123456789abcdef0", arm, x86, ""]);
    expect(ran.error).toBeUndefined();
    expect(done(ran)).toEqual({ "i-0123456789abcdef0": "gone", [arm]: "kept", [x86]: "stopped" });
  });

  test("a stop that fails is told and fails the run, and the next machine is stopped all the same", async () => {
    make(arm, IDLE);
    make(x86, IDLE);
    const message = "You are not authorized to perform this operation.";
    simulator.faults.add({
      kind: "error",
      code: "UnauthorizedOperation",
      message,
      status: 403,
      operation: "StopInstances",
      count: 1,
    });
    const ran = await invoke([arm, x86]);
    expect(ran.error).toContain("UnauthorizedOperation");
    expect(done(ran)).toEqual({ [arm]: "failed", [x86]: "stopped" });
    expect(sns.told.map((one) => one.subject)).toEqual([
      "snowglobe: fcvm-metal-arm could not be stopped",
      "snowglobe: fcvm-metal-x86 was stopped",
    ]);
    expect(sns.told[0]?.message).toContain(message);
  });

  test("a lost permission to read one machine's figures keeps that machine and fails the run, not the others", async () => {
    make(arm, IDLE);
    make(x86, IDLE);
    simulator.faults.add({
      kind: "error",
      code: "AccessDenied",
      message: "not authorized",
      status: 403,
      operation: "GetMetricData",
      count: 1,
    });
    const ran = await invoke([arm, x86]);
    expect(ran.error).toContain("not authorized");
    expect(done(ran)).toEqual({ [arm]: "failed", [x86]: "stopped" });
    expect(state(arm)).toBe("running");
  });

  test("a topic that is gone fails the run after everything is done", async () => {
    make(arm, IDLE);
    make(x86, IDLE);
    const ran = await invoke([arm, x86], { SNS_TOPIC_ARN: `${TOPIC}-gone` });
    expect(ran.error).toContain("Topic does not exist");
    expect(state(x86)).toMatch(/stop/);
  });

  test.each([["IDLE_HOURS"], ["INSTANCE_IDS"], ["SNS_TOPIC_ARN"]])("without %s it says so", async (name) => {
    const ran = await invoke([arm], { [name]: "" });
    expect(ran.error).toBe(`${name} is not set.`);
  });
});
