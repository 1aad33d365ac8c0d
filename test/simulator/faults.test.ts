/** Signatures, faults and controls: what goes wrong between a client and AWS goes wrong here on request. */

import { request } from "node:http";
import { CloudWatchClient, GetMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import {
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  EC2Client,
  StartInstancesCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fault } from "./faults.ts";
import { remoteSimulator } from "./remote.ts";
import { type Simulator, startSimulator } from "./simulator.ts";
import { snsService } from "./sns/service.ts";
import { STORY_IDS as ID } from "./story.ts";
import { signedClient } from "./testing.ts";

let simulator: Simulator;
let ec2: EC2Client;

beforeEach(async () => {
  simulator = await startSimulator({ latencyScale: 0, more: () => [snsService([])] });
  ec2 = new EC2Client(signedClient(simulator));
});
afterEach(async () => {
  ec2.destroy();
  await simulator.stop();
});

const NO_METRICS = { MetricDataQueries: [], StartTime: new Date(0), EndTime: new Date(1) };

const look = () => ec2.send(new DescribeInstancesCommand({}));
const stopArm = () => ec2.send(new StopInstancesCommand({ InstanceIds: [ID.arm] }));
const armState = () => simulator.account().instances[ID.arm]?.state;

describe("signatures", () => {
  it("refuses a request without one, in EC2's words", async () => {
    const body = new URLSearchParams({ Action: "DescribeInstances", Version: "2016-11-15" });
    const response = await fetch(simulator.url, { method: "POST", body });
    expect(response.status).toBe(401);
    expect(await response.text()).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<Response><Errors><Error><Code>AuthFailure<\/Code><Message>[^<]+<\/Message><\/Error><\/Errors><RequestID>[^<]+<\/RequestID><\/Response>$/,
    );
  });

  it("refuses keys that it has not issued, and another region", async () => {
    const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "x" };
    const stranger = new EC2Client({ ...signedClient(simulator), credentials });
    await expect(stranger.send(new DescribeInstancesCommand({}))).rejects.toMatchObject({
      name: "AuthFailure",
      $metadata: { httpStatusCode: 401 },
    });
    const elsewhere = new EC2Client({ ...signedClient(simulator), region: "eu-west-1" });
    await expect(elsewhere.send(new DescribeInstancesCommand({}))).rejects.toMatchObject({ name: "AuthFailure" });
    const sts = new STSClient({ ...signedClient(simulator), credentials });
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: "InvalidClientTokenId" });
  });

  it("refuses another secret and a missing session token, each service in its words", async () => {
    const { credentials } = signedClient(simulator);
    const { accessKeyId, secretAccessKey } = credentials;
    const refused = (given: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) => {
      const as = { ...signedClient(simulator), credentials: given };
      return Promise.all(
        [
          () => new EC2Client(as).send(new DescribeInstancesCommand({})),
          () => new STSClient(as).send(new GetCallerIdentityCommand({})),
          () => new CloudWatchClient(as).send(new GetMetricDataCommand(NO_METRICS)),
          () => new SNSClient(as).send(new PublishCommand({ Message: "x" })),
        ].map((call) => call().then(String, (error: Error) => error.name)),
      );
    };
    const others = ["SignatureDoesNotMatch", "SignatureDoesNotMatch", "SignatureDoesNotMatch"];
    expect(await refused({ ...credentials, secretAccessKey: "another" })).toEqual(["AuthFailure", ...others]);
    expect(await refused({ accessKeyId, secretAccessKey })).toEqual([
      "AuthFailure",
      ...others.map(() => "InvalidClientTokenId"),
    ]);
  });

  it("refuses keys whose time is over, each service in its words", async () => {
    await look();
    simulator.credentials.expireAll();
    await expect(look()).rejects.toMatchObject({ name: "RequestExpired", $metadata: { httpStatusCode: 400 } });
    const sts = new STSClient(signedClient(simulator));
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: "ExpiredToken" });
  });

  it.each([-3_600_000, 3_600_000])(
    "refuses a client whose clock is wrong by %d ms, and tells the right time",
    async (ms) => {
      simulator.faults.add({ operation: "*", kind: "clock-skew", ms });
      await expect(look()).rejects.toMatchObject({ name: ms > 0 ? "RequestExpired" : "AuthFailure" });
      // The SDK corrects its clock by the Date header and signs anew.
      const corrected = new EC2Client(signedClient(simulator, 2));
      await expect(corrected.send(new DescribeInstancesCommand({}))).resolves.toBeDefined();
    },
  );
});

describe("faults", () => {
  const answers: readonly (readonly [Fault, string, number])[] = [
    [{ operation: "DescribeInstances", kind: "throttle", count: 1 }, "RequestLimitExceeded", 503],
    [{ operation: "*", kind: "server-error", count: 1 }, "InternalError", 500],
    [{ operation: "ec2:*", kind: "server-error", status: 503, count: 1 }, "Unavailable", 503],
    [{ operation: "*", kind: "no-capacity", count: 1 }, "InsufficientInstanceCapacity", 500],
    [
      { operation: "*", kind: "error", code: "UnauthorizedOperation", message: "no", status: 403, count: 1 },
      "UnauthorizedOperation",
      403,
    ],
  ];
  it.each(answers)("%o", async (fault, name, httpStatusCode) => {
    simulator.faults.add(fault);
    await expect(look()).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
    await expect(look()).resolves.toBeDefined();
  });

  it("strikes only the named operation, only so often, after letting so many pass", async () => {
    simulator.faults.add({ operation: "DescribeInstances", kind: "throttle", skip: 1, count: 2 });
    await ec2.send(new DescribeVolumesCommand({}));
    await look();
    await expect(look()).rejects.toMatchObject({ name: "RequestLimitExceeded" });
    await expect(look()).rejects.toMatchObject({ name: "RequestLimitExceeded" });
    await look();
    expect(simulator.faults.list()).toEqual([]);
  });

  it("drops a call before or after it took effect", async () => {
    simulator.faults.add({ operation: "StopInstances", kind: "drop-before", count: 1 });
    await expect(stopArm()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(armState()).toBe("running");
    simulator.faults.add({ operation: "StopInstances", kind: "drop-after", count: 1 });
    await expect(stopArm()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(armState()).toBe("stopped");
  });

  it("reads as it was one change ago, or some time ago", async () => {
    simulator.setLatencyScale(1);
    await stopArm();
    simulator.faults.add({ operation: "DescribeInstances", kind: "stale", of: { changes: 1 }, count: 1 });
    simulator.faults.add({ operation: "DescribeInstances", kind: "stale", of: { ms: 60_000 }, skip: 1, count: 1 });
    for (const state of ["running", "running", "stopping"]) {
      const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [ID.arm] }));
      expect(Reservations?.[0]?.Instances?.[0]?.State?.Name).toBe(state);
    }
  });

  it("answers a page, which the SDK takes for an answer without contents", async () => {
    simulator.faults.add({ operation: "*", kind: "html", count: 1 });
    const page = await look();
    expect(page.Reservations).toBeUndefined();
    expect(page.$metadata.requestId).toBeUndefined();
    expect((await look()).$metadata.requestId).toBeDefined();
  });

  it.each(["malformed", "truncate"] as const)("answers %s, which no client understands", async (kind) => {
    simulator.faults.add({ operation: "*", kind, count: 1 });
    await expect(look()).rejects.toBeInstanceOf(Error);
    await expect(look()).resolves.toBeDefined();
  });

  it("holds a call before its effect or its answer", async () => {
    simulator.faults.add({ operation: "StopInstances", kind: "delay", ms: 60_000 });
    const held = stopArm().catch((error: unknown) => error);
    await expect.poll(() => simulator.calls.length).toBe(1);
    expect(armState()).toBe("running");
    simulator.faults.clear();
    simulator.faults.add({ operation: "StopInstances", kind: "delay", ms: 60_000, when: "after" });
    const effected = stopArm().catch((error: unknown) => error);
    await expect.poll(armState).toBe("stopped");
    // Stopping the simulator lets nothing hang.
    await simulator.stop();
    expect(await held).toBeInstanceOf(Error);
    expect(await effected).toBeInstanceOf(Error);
  });
});

describe("controls over HTTP", () => {
  it("drives and shows everything from another process", async () => {
    const remote = remoteSimulator(simulator.url);
    await remote.addFault({ operation: "DescribeInstances", kind: "throttle" });
    await expect(look()).rejects.toMatchObject({ name: "RequestLimitExceeded" });
    await remote.clearFaults();
    await look();
    const { count, calls } = await remote.calls();
    expect(count).toBe(2);
    expect(calls.map(({ operation, status, faults }) => ({ operation, status, faults }))).toEqual([
      { operation: "DescribeInstances", status: 503, faults: ["throttle"] },
      { operation: "DescribeInstances", status: 200, faults: [] },
    ]);
    await remote.forgetCalls();
    expect((await remote.calls()).count).toBe(0);
    await remote.clock({ latencyScale: 1 });
    expect(await remote.call({ name: "StopInstances", instanceIds: [ID.arm] })).toMatchObject({
      result: { changes: [{ current: "stopping" }] },
    });
    expect(await remote.call({ name: "StartInstances", instanceIds: [ID.arm] })).toMatchObject({
      error: { code: "IncorrectInstanceState" },
    });
    const { due, now } = await remote.state();
    expect(due[`stop:${ID.arm}`]).toBeGreaterThan(now + 15_000);
    await remote.settle(`stop:${ID.arm}`);
    expect((await remote.state()).account.instances[ID.arm]?.state).toBe("stopped");
    const before = await remote.clock({ speed: 0 });
    await remote.clock({ advance: 61_000 });
    const { account, now: later } = await remote.state();
    expect(later - before.now).toBe(61_000);
    expect(account.spotRequests[ID.armRequest]?.state).toBe("disabled");
    await remote.happen({ name: "lose-spot-capacity", type: "c7gd.metal" });
    await remote.setAccount({ ...account, instances: {} });
    expect((await look()).Reservations).toEqual([]);
    await remote.expireCredentials();
    await expect(look()).rejects.toMatchObject({ name: "RequestExpired" });
  });

  it("refuses what it does not know", async () => {
    expect((await fetch(`${simulator.url}/_sim/nothing`)).status).toBe(404);
    expect((await fetch(`${simulator.url}/_sim/clock`, { method: "POST", body: "{" })).status).toBe(400);
  });
});

it("answers a start in the middle of a drop with what is true then", async () => {
  await stopArm();
  simulator.faults.add({ operation: "StartInstances", kind: "drop-after", count: 1 });
  const retrying = new EC2Client(signedClient(simulator, 3));
  const { StartingInstances } = await retrying.send(new StartInstancesCommand({ InstanceIds: [ID.arm] }));
  expect(StartingInstances?.[0]?.PreviousState?.Name).not.toBe("stopped");
});

it("sends the Date header of its own clock", async () => {
  const date = await new Promise<string | undefined>((resolve, reject) => {
    simulator.clock.advance(86_400_000);
    request(simulator.url, { method: "GET" }, (response) => resolve(response.headers.date))
      .on("error", reject)
      .end();
  });
  expect(Date.parse(date ?? "") - Date.now()).toBeGreaterThan(86_000_000);
});
