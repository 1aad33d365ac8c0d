/** Observation through real HTTP, against the simulated account. */

import { StopInstancesCommand } from "@aws-sdk/client-ec2";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AwsClients, createAwsClients } from "../../../ops/aws/clients.ts";
import { explain } from "../../../ops/aws/errors.ts";
import { systemClock } from "../../../ops/clock.ts";
import type { Environment } from "../../../ops/environment.ts";
import { assemble } from "../../../ops/fleet/assemble.ts";
import { HOUR } from "../../../ops/fleet/derive/ages.ts";
import { glance } from "../../../ops/fleet/glance.ts";
import { createMetrics, figuresOf } from "../../../ops/fleet/metrics.ts";
import { observe } from "../../../ops/fleet/observe.ts";
import { parseOwnerValues } from "../../../ops/fleet/owner-text.ts";
import { createFleetCore } from "../../../ops/fleet/refresh.ts";
import { spotPrices, spotWeek } from "../../../ops/fleet/spot-prices.ts";
import type { FleetState } from "../../../ops/fleet/state.ts";
import type { SignIn } from "../../../ops/signin/types.ts";
import { cell } from "../../../ops/store.ts";
import { PATIENCE_MS } from "../../harness/grid.ts";
import type { FaultKind } from "../../simulator/faults.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { emptyAccount, PERSISTENT, STORY_IDS, tfvarsText, twoOfOneName } from "../../simulator/story.ts";
import { type FakeSignIn, fakeSignIn } from "../fake-sign-in.ts";

let simulator: Simulator;
let signIn: FakeSignIn;
let clients: AwsClients;

async function begin(start: Parameters<typeof startSimulator>[0] = {}) {
  await end();
  simulator = await startSimulator(start);
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "", AWS_SESSION_TOKEN = "" } = simulator.signedInEnv;
  const keys = {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    sessionToken: AWS_SESSION_TOKEN,
  };
  signIn = fakeSignIn();
  const signedIn: SignIn = { ...signIn, credentials: async () => ({ ...keys }) };
  const environment: Environment = {
    env: simulator.env,
    home: "/",
    stateDir: "/",
    terraformDir: "/",
    kernelDir: "/",
    demo: true,
  };
  clients = createAwsClients(environment, systemClock, signedIn);
}
async function end() {
  clients?.stop();
  await simulator?.stop();
}
beforeEach(() => begin());
afterEach(end);

const look = async () => observe(await clients.ec2(), clients.time.now);
const called = () => simulator.calls.map((call) => call.operation);

describe("one look", () => {
  it("sees the story in four calls", async () => {
    const fleet = assemble(await look(), parseOwnerValues(tfvarsText()));
    expect(called().sort()).toEqual([
      "DescribeAddresses",
      "DescribeInstances",
      "DescribeSpotInstanceRequests",
      "DescribeVolumes",
    ]);
    const { jumpbox, "fcvm-metal-arm": arm, "fcvm-metal-x86": x86 } = fleet.machines;
    expect(jumpbox).toMatchObject({ instance: { state: "running" }, addressPlace: "here" });
    expect(arm).toMatchObject({
      instance: { id: STORY_IDS.arm, state: "running", market: "spot" },
      others: [{ id: STORY_IDS.armPredecessor, state: "terminated" }],
      spotRequest: { state: "active", statusCode: "fulfilled" },
      root: { id: STORY_IDS.armTemporaryDisk },
      rootKind: "temporary",
      persistent: { volumeId: PERSISTENT["fcvm-metal-arm"].volumeId, volume: { state: "available", sizeGiB: 300 } },
      addressPlace: "nowhere",
    });
    expect(x86).toMatchObject({
      instance: { state: "stopped" },
      spotRequest: { state: "disabled", statusCode: "instance-stopped-by-user" },
      rootKind: "persistent",
    });
    expect(fleet.orphans.map(({ id }) => id)).toEqual([STORY_IDS.orphan]);
    expect(fleet.straySpotRequests).toEqual([]);
  });

  it("sees an account without machines, and one name on two live instances", async () => {
    await begin({ story: emptyAccount });
    expect(assemble(await look(), {}).machines.jumpbox.instance).toBeUndefined();
    await begin({ story: twoOfOneName });
    const fleet = assemble(await look(), {});
    expect(fleet.machines["fcvm-metal-arm"].instance?.id).toBe(STORY_IDS.arm);
    expect(fleet.strayInstances).toHaveLength(1);
  });

  it.each<[FaultKind, string]>([
    [{ kind: "throttle" }, "throttled"],
    [{ kind: "server-error" }, "server"],
    [{ kind: "html" }, "server"],
    [{ kind: "malformed" }, "server"],
    [{ kind: "truncate" }, "offline"],
    [{ kind: "drop-before" }, "offline"],
    [{ kind: "error", code: "UnauthorizedOperation", message: "no", status: 403 }, "refused"],
    [{ kind: "error", code: "RequestExpired", message: "Request has expired." }, "signed-out"],
  ])("tells %j as %s", async (fault, kind) => {
    simulator.faults.add({ ...fault, operation: "DescribeVolumes" });
    const failure = await look().then(() => undefined, explain);
    expect(failure?.kind).toBe(kind);
    expect(failure?.action).toBeTruthy();
  });

  it("asks once more in bad weather, and never when it acts", async () => {
    simulator.faults.add({ kind: "server-error", operation: "DescribeVolumes", count: 1 });
    simulator.faults.add({ kind: "drop-after", operation: "StopInstances", count: 1 });
    expect((await look()).volumes.length).toBeGreaterThan(0);
    const ec2 = await clients.acting.ec2();
    const failure = await ec2
      .send(new StopInstancesCommand({ InstanceIds: [STORY_IDS.jumpbox] }))
      .then(() => undefined, explain);
    expect(failure?.kind).toBe("offline");
    expect(called().filter((operation) => operation === "StopInstances")).toHaveLength(1);
    expect(called().filter((operation) => operation === "DescribeVolumes")).toHaveLength(2);
  });

  it("looks in spite of a wrong clock, and knows AWS's time", async () => {
    simulator.faults.add({ kind: "clock-skew", ms: HOUR, operation: "*" });
    const { at } = await look();
    expect(Math.abs(at - Date.now() - HOUR)).toBeLessThan(HOUR / 2);
    simulator.faults.clear();
  });

  it("says that the session has expired, and makes new clients after a sign-in", async () => {
    const before = await clients.ec2();
    simulator.credentials.expireAll();
    expect((await look().then(() => undefined, explain))?.kind).toBe("signed-out");
    signIn.signInAgain();
    expect(await clients.ec2()).not.toBe(before);
    expect(await clients.ec2()).toBe(await clients.ec2());
  });

  it("ends at once when it is no longer wanted", async () => {
    simulator.faults.add({ kind: "delay", ms: 5_000, operation: "DescribeVolumes" });
    const controller = new AbortController();
    const looking = observe(await clients.ec2(), clients.time.now, controller.signal);
    await vi.waitFor(() => expect(called()).toContain("DescribeVolumes"));
    controller.abort();
    await expect(looking).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("the live fleet", () => {
  it("sees a change from outside, through its transition", async () => {
    await begin({ latencyScale: 0.02 });
    const core = createFleetCore(
      systemClock,
      signIn,
      {
        observe: async (signal, tables) => observe(await clients.ec2(), clients.time.now, signal, tables),
        glance: async (subject, signal) => ({
          seen: await glance(await clients.ec2(), subject, signal),
          at: clients.time.now(),
        }),
        owner: async () => ({}),
      },
      { load: async () => undefined, save: () => {}, flush: async () => {} },
    );
    core.start();
    const jumpbox = () => core.get().fleet?.machines.jumpbox.instance?.state;
    await vi.waitFor(() => expect(jumpbox()).toBe("running"));
    await (await clients.acting.ec2()).send(new StopInstancesCommand({ InstanceIds: [STORY_IDS.jumpbox] }));
    await core.refresh();
    await vi.waitFor(() => expect(jumpbox()).toBe("stopped"), { timeout: PATIENCE_MS });
    core.stop();
  });
});

describe("figures", () => {
  it("are twelve whole hours for all machines in one call, with holes where CloudWatch has nothing", async () => {
    // In the first minutes of an hour CloudWatch has nothing of that hour.
    await begin({ now: Math.floor(Date.now() / HOUR) * HOUR + HOUR / 2 });
    const { cpu, clock } = simulator;
    cpu.setHours(STORY_IDS.jumpbox, [...Array(12).fill(2), 90], clock.now());
    cpu.setHours(STORY_IDS.arm, [1, 1, 1, 1, 1, 1, 1, 1, null, 7, 1, 1, 1], clock.now());
    const fleet = assemble(await look(), {});
    const { cpu: found, lately } = await figuresOf(await clients.cloudwatch(), fleet, clock.now());
    expect(called().filter((operation) => operation === "GetMetricData")).toHaveLength(1);
    expect(found.jumpbox?.map(({ maximum }) => maximum)).toEqual(Array(12).fill(2));
    const arm = found["fcvm-metal-arm"];
    expect(arm?.map(({ maximum }) => maximum)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, undefined, 7, 1, 1]);
    expect(arm?.at(-1)?.start).toBe(Math.floor(clock.now() / HOUR) * HOUR - HOUR);
    expect(found["fcvm-metal-x86"]).toHaveLength(12);
    // The hour that is not over is no whole one, and is known all the same.
    expect(lately.jumpbox?.peak).toBe(90);
  });

  it("have the spot prices of both metal machines", async () => {
    const fleet = assemble(await look(), {});
    expect(await spotPrices(await clients.ec2(), fleet, simulator.clock.now())).toEqual({
      "fcvm-metal-arm": 1.2412,
      "fcvm-metal-x86": 1.5873,
    });
    await begin({ story: emptyAccount });
    const prices = await spotPrices(await clients.ec2(), assemble(await look(), {}), simulator.clock.now());
    expect(Object.keys(prices)).toEqual(["fcvm-metal-arm", "fcvm-metal-x86"]);
  });

  it("have the week before of the spot prices, a figure for six hours", async () => {
    const fleet = assemble(await look(), {});
    const { spotPerHour, spotWeek: week } = await spotWeek(await clients.ec2(), fleet, simulator.clock.now());
    expect(spotPerHour).toEqual({ "fcvm-metal-arm": 1.2412, "fcvm-metal-x86": 1.5873 });
    for (const name of ["fcvm-metal-arm", "fcvm-metal-x86"] as const) {
      expect(week[name]).toHaveLength(28);
      expect(Math.max(...(week[name] ?? []))).toBeLessThan(2 * (spotPerHour[name] ?? 0));
      expect(new Set(week[name]).size).toBeGreaterThan(3);
    }
  });

  it("come by themselves once the fleet is seen, fail quietly, and come back", async () => {
    simulator.faults.add({
      kind: "error",
      code: "AccessDenied",
      message: "no",
      status: 403,
      operation: "GetMetricData",
    });
    const fleet = assemble(await look(), {});
    const state = { fleet, source: "live", refreshing: false, failure: undefined, nextAt: undefined } as const;
    const metrics = createMetrics(systemClock, signIn, { get: () => state, subscribe: () => () => {} }, clients);
    metrics.start();
    await vi.waitFor(() => expect(metrics.get().spotPerHour["fcvm-metal-arm"]).toBe(1.2412));
    await vi.waitFor(() => expect(metrics.get().failure?.kind).toBe("refused"));
    metrics.stop();
    simulator.faults.clear();
    metrics.start();
    await vi.waitFor(() => expect(metrics.get().cpu.jumpbox).toHaveLength(12));
    expect(metrics.get().failure).toBeUndefined();
    metrics.stop();
  });

  it("forget a failure of one of the two when that one is back, and come back with the fleet after an outage", async () => {
    const outage = { kind: "throttled", sentence: "AWS is being asked too often." } as const;
    const fleet = assemble(await look(), {});
    const seen = cell<FleetState>({ fleet, source: "live", refreshing: false, failure: outage, nextAt: undefined });
    simulator.faults.add({ kind: "throttle", operation: "DescribeSpotPriceHistory" });
    const metrics = createMetrics(systemClock, signIn, seen, clients);
    metrics.start();
    await vi.waitFor(() => expect(metrics.get().failure?.kind).toBe("throttled"));
    await vi.waitFor(() => expect(metrics.get().cpu.jumpbox).toHaveLength(12));
    expect(metrics.get().failure?.kind).toBe("throttled");
    simulator.faults.clear();
    seen.update((state) => ({ ...state, failure: undefined }));
    await vi.waitFor(() => expect(metrics.get().spotPerHour["fcvm-metal-arm"]).toBe(1.2412));
    expect(metrics.get().failure).toBeUndefined();
    metrics.stop();
  });
});
