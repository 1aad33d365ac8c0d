/** The AWS CLI against the simulator, unchanged. It takes a second or two a call, so there are few. */

import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { s3Service } from "./s3/service.ts";
import { type Simulator, startSimulator } from "./simulator.ts";
import { STORY_IDS as ID, PERSISTENT } from "./story.ts";

const installed = spawnSync("aws", ["--version"]).status === 0;
const run = promisify(execFile);

describe.skipIf(!installed)(installed ? "aws" : "aws is not installed", () => {
  let simulator: Simulator;
  let home: string;

  beforeAll(async () => {
    simulator = await startSimulator({ latencyScale: 0, more: () => [s3Service()] });
    home = await mkdtemp(join(tmpdir(), "snowglobe-cli-"));
  });
  afterAll(async () => {
    await simulator.stop();
    await rm(home, { recursive: true, force: true });
  });

  const aws = (...words: readonly string[]): Promise<unknown> => awsAs({}, ...words);
  const awsAs = async (other: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<unknown> => {
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      AWS_PAGER: "",
      AWS_DEFAULT_OUTPUT: "json",
      ...simulator.signedInEnv,
      ...other,
    };
    const { stdout } = await run("aws", words, { env });
    return stdout.trim() === "" ? undefined : JSON.parse(stdout);
  };

  it("looks", async () => {
    const [instances, requests, volumes, who] = await Promise.all([
      aws("ec2", "describe-instances", "--filters", "Name=tag:Name,Values=fcvm-metal-arm"),
      aws("ec2", "describe-spot-instance-requests"),
      aws("ec2", "describe-volumes", "--volume-ids", ID.armTemporaryDisk),
      aws("sts", "get-caller-identity"),
    ]);
    expect(instances).toMatchObject({
      Reservations: [
        { Instances: [{ InstanceId: ID.arm, State: { Name: "running" }, InstanceLifecycle: "spot" }] },
        { Instances: [{ InstanceId: ID.armPredecessor, State: { Name: "terminated" } }] },
      ],
    });
    expect(requests).toMatchObject({
      SpotInstanceRequests: expect.arrayContaining([
        expect.objectContaining({ InstanceId: ID.x86, State: "disabled", Type: "persistent" }),
      ]),
    });
    expect(volumes).toMatchObject({
      Volumes: [
        { State: "in-use", Size: 300, Attachments: [{ InstanceId: ID.arm, Device: "/dev/sda1", State: "attached" }] },
      ],
    });
    expect(who).toMatchObject({ Account: "123456789012" });
  });

  it("stops, detaches, attaches and starts", async () => {
    const volume = PERSISTENT["fcvm-metal-arm"].volumeId;
    expect(await aws("ec2", "stop-instances", "--instance-ids", ID.arm)).toMatchObject({
      StoppingInstances: [{ CurrentState: { Code: 64, Name: "stopping" } }],
    });
    expect(await aws("ec2", "detach-volume", "--volume-id", ID.armTemporaryDisk)).toMatchObject({ State: "detaching" });
    const where = ["--volume-id", volume, "--instance-id", ID.arm, "--device", "/dev/sda1"];
    expect(await aws("ec2", "attach-volume", ...where)).toMatchObject({ State: "attaching" });
    expect(await aws("ec2", "start-instances", "--instance-ids", ID.arm)).toMatchObject({
      StartingInstances: [{ CurrentState: { Name: "pending" } }],
    });
    await expect(aws("ec2", "detach-volume", "--volume-id", volume)).rejects.toMatchObject({
      stderr: expect.stringMatching(/\(IncorrectState\).*DetachVolume operation: Unable to detach root volume/),
    });
  });

  it("has a bucket with its own keys, and none with another secret or without their token", async () => {
    await aws("s3api", "create-bucket", "--bucket", "states");
    const [seen, ...refused] = await Promise.all([
      aws("s3api", "list-objects-v2", "--bucket", "states", "--prefix", "a b/ü"),
      ...[{ AWS_SECRET_ACCESS_KEY: "another" }, { AWS_SESSION_TOKEN: "" }].map((other) =>
        awsAs(other, "s3api", "list-objects-v2", "--bucket", "states").then(
          () => "let in",
          ({ stderr }: { stderr: string }) => /\((\w+)\)/.exec(stderr)?.[1],
        ),
      ),
    ]);
    expect(seen).not.toContain("Error");
    expect(refused).toEqual(["SignatureDoesNotMatch", "InvalidToken"]);
  });

  it("reads CPU", async () => {
    const query = [
      {
        Id: "cpu",
        MetricStat: {
          Metric: {
            Namespace: "AWS/EC2",
            MetricName: "CPUUtilization",
            Dimensions: [{ Name: "InstanceId", Value: ID.jumpbox }],
          },
          Period: 3600,
          Stat: "Maximum",
        },
      },
    ];
    const end = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    const time = (at: number) => new Date(at).toISOString();
    const words = ["--start-time", time(end - 12 * 3_600_000), "--end-time", time(end)];
    const data = await aws("cloudwatch", "get-metric-data", ...words, "--metric-data-queries", JSON.stringify(query));
    const { MetricDataResults } = data as { MetricDataResults: readonly { readonly Values: readonly number[] }[] };
    expect(MetricDataResults[0]?.Values).toHaveLength(12);
  });
});
