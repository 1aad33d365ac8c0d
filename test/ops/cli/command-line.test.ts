/** This folder: tests of the command line as a function. Not here: processes (test/e2e). */
/** The command line from arguments to exit status, on the simulated account. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StopInstancesCommand } from "@aws-sdk/client-ec2";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createCommandLine, whose } from "../../../ops/command-line.ts";
import { type ComposedOps, createOps } from "../../../ops/compose.ts";
import { assemble } from "../../../ops/fleet/assemble.ts";
import type { Lines } from "../../../ops/run-lines.ts";
import { statusTable } from "../../../ops/status.ts";
import { fakeOps } from "../../harness/fakes.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { STORY_IDS } from "../../simulator/story.ts";
import { ENVIRONMENT } from "../../tui/run/scripted.tsx";
import { NOW, OWNER, story } from "../fleet/fixtures.ts";

let simulator: Simulator;
let home: string;
let ops: ComposedOps;
let out: string[];
let err: string[];

function commandLine(env = simulator.signedInEnv, ask: Lines["ask"] = undefined) {
  ops = createOps({
    env,
    home,
    stateDir: join(home, "state"),
    terraformDir: join(home, "terraform"),
    kernelDir: join(home, "kernel"),
    demo: true,
  });
  out = [];
  err = [];
  return createCommandLine(ops, { out: (line) => out.push(line), err: (line) => err.push(line), ask });
}

beforeEach(async () => {
  simulator = await startSimulator();
  home = await mkdtemp(join(tmpdir(), "command-line-"));
});
afterEach(async () => {
  await simulator.stop();
  await rm(home, { recursive: true, force: true });
});

describe("the command line", () => {
  it("prints the fleet as a plain table", async () => {
    expect(await commandLine().run(["status"])).toBe(0);
    const lines = out.join("\n").split("\n");
    expect(lines[0]).toMatch(/^MACHINE +STATE +TYPE/);
    expect(lines[2]).toMatch(/^fcvm-metal-arm +running +c7gd\.metal .*\(temporary\) .*below on-demand/);
    expect(lines[3]).toMatch(/^fcvm-metal-x86 +stopped +c5\.metal/);
    expect(lines.find((line) => line.startsWith("ALARM"))).toContain("temporary disk");
    expect(err).toEqual(["DEMO account 123456789012, as AdministratorAccess"]);
  });

  it("prints the same for a script, as JSON and nothing else", async () => {
    expect(await commandLine().run(["status-json"])).toBe(0);
    const { machines, notices } = JSON.parse(out.join("\n")) as Readonly<Record<"machines" | "notices", object[]>>;
    expect(machines[1]).toMatchObject({
      name: "fcvm-metal-arm",
      target: "arm",
      state: "running",
      instanceId: STORY_IDS.arm,
      addressIsHere: false,
      root: { id: STORY_IDS.armTemporaryDisk, isTemporary: true },
      costPerHour: expect.any(Number),
    });
    expect(notices).toContainEqual(expect.objectContaining({ severity: "alarm", machine: "fcvm-metal-arm" }));
    expect(err).toEqual(["DEMO account 123456789012, as AdministratorAccess"]);
  });

  it("prints it without figures where those are not to be had", async () => {
    simulator.faults.add({
      kind: "error",
      code: "AccessDenied",
      message: "no",
      status: 403,
      operation: "GetMetricData",
    });
    simulator.faults.add({ kind: "throttle", operation: "DescribeSpotPriceHistory" });
    expect(await commandLine().run(["status"])).toBe(0);
    expect(out.join("\n")).toContain("price unknown");
  });

  it("says in one sentence why it cannot, with status 1", async () => {
    expect(await commandLine(simulator.env).run(["status"])).toBe(1);
    expect(err).toEqual(["DEMO account, nobody is signed in", expect.any(String)]);
    simulator.faults.add({ kind: "html", operation: "DescribeVolumes" });
    expect(await commandLine().run(["status"])).toBe(1);
    expect(err[1]).toContain("web page");
    expect(out).toEqual([]);
  });

  it.each([[[]], [["nonsense"]], [["status", "arm"]], [["login", "arm"]], [["constructor"]]])(
    "explains itself for %j",
    async (arguments_) => {
      expect(await commandLine().run(arguments_)).toBe(1);
      expect(err[0]).toContain("make help");
    },
  );

  it("stops an operation at Ctrl+C, and leaves with 130; a no is 1", async () => {
    expect(await commandLine(simulator.env).run(["login"])).toBe(1);
    const asked = Promise.withResolvers<void>();
    const line = commandLine(simulator.env, (_, signal) => {
      asked.resolve();
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
    });
    const running = line.run(["login"]);
    await asked.promise;
    expect(line.interrupt()).toBe(true);
    expect(await running).toBe(130);
    expect(err.join()).toContain("Stopping after the current call");
  });

  it.each([
    [{ demo: false }, "REAL account 123456789012, as AdministratorAccess"],
    [
      { demo: false, env: { AWS_ENDPOINT_URL: "http://me:secret@127.0.0.1:5000" } },
      "NOT AWS but 127.0.0.1:5000: account 123456789012, as AdministratorAccess",
    ],
  ])("says first whose account it is, and never takes one for another: %j", async (environment, said) => {
    expect(await whose({ signIn: fakeOps().signIn, environment: { ...ENVIRONMENT, ...environment } })).toBe(said);
  });

  it("says nothing of an account where none is asked", async () => {
    commandLine(simulator.env);
    const start = () => {
      throw new Error("not now");
    };
    const without = { ...ops, operations: { ...ops.operations, start } };
    const lines: Lines = { out: () => {}, err: (line) => err.push(line), ask: undefined };
    expect(await createCommandLine(without, lines).run(["fmt"])).toBe(1);
    expect(err.join()).not.toContain("account");
  });

  it("asks whether to start with the spot price, though no screen has learned it", async () => {
    expect(await commandLine(undefined, async () => undefined).run(["start", "x86"])).toBe(1);
    expect(err.join("\n")).toMatch(/it costs \$1\.\d+\/h until it is stopped/);
    expect(err.join("\n")).not.toContain("on demand");
  });

  it("leaves at Ctrl+C", async () => {
    simulator.faults.add({ kind: "delay", ms: 5_000, operation: "DescribeVolumes" });
    const line = commandLine();
    const running = line.run(["status"]);
    await vi.waitFor(() => expect(simulator.calls.map((call) => call.operation)).toContain("DescribeVolumes"));
    expect(line.interrupt()).toBe(true);
    expect(await running).toBe(130);
    expect(line.interrupt()).toBe(false);
  });
});

describe("ops put together", () => {
  it("signs in once in the middle of operations, and goes on with them", async () => {
    commandLine(simulator.env);
    const stopAll = [STORY_IDS.jumpbox, STORY_IDS.arm].map((instanceId) =>
      ops.operations.start({
        name: "try",
        title: "Try",
        run: async ({ signal }) => {
          await ops.access.gate(async () => {
            const ec2 = await ops.access.aws.acting.ec2();
            return ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] }), { abortSignal: signal });
          }, signal);
          return { status: "done", sentence: "Stopped." };
        },
      }),
    );
    const logins = () => ops.operations.get().filter((run) => run.get().name === "login");
    await vi.waitFor(() => expect(logins()).toHaveLength(1));
    const [login] = logins();
    await vi.waitFor(() => expect(login?.get().question).toBeDefined());
    login?.answer(login.get().question?.id ?? 0, undefined);
    const outcomes = await Promise.all(stopAll.map((run) => run.finished));
    expect(outcomes).toMatchObject([{ failure: { kind: "signed-out" } }, { failure: { kind: "signed-out" } }]);
    expect(logins()).toHaveLength(1);
    await ops.stop();
    expect((await ops.access.history.listRuns()).map(({ name }) => name).sort()).toEqual(["login", "try", "try"]);
  });
});

describe("the status table", () => {
  it("is plain ASCII and tells what is not there", () => {
    const empty = { at: NOW, instances: [], spotRequests: [], volumes: [], addresses: [] };
    const table = statusTable(assemble(empty, {}), { cpu: {}, spotPerHour: {} }, NOW);
    expect(table).toContain("not there: no instance of this name");
    expect(table).toContain("None of the three machines exists");
    const full = statusTable(assemble(story(), OWNER), { cpu: {}, spotPerHour: { "fcvm-metal-arm": 1.1 } }, NOW);
    expect(full).toMatch(/^[\x20-\x7e\n]+$/);
  });
});
