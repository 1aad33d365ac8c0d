/** The real SDK clients against the simulator: names, nesting, errors and times come through as from AWS. */

import {
  CloudWatchClient,
  type CloudWatchClientConfig,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
} from "@aws-sdk/client-cloudwatch";
import {
  AssociateAddressCommand,
  AttachVolumeCommand,
  CancelSpotInstanceRequestsCommand,
  CreateSnapshotCommand,
  CreateTagsCommand,
  DeleteTagsCommand,
  DeleteVolumeCommand,
  DescribeAddressesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeSpotInstanceRequestsCommand,
  DescribeSpotPriceHistoryCommand,
  DescribeTagsCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  DisassociateAddressCommand,
  EC2Client,
  GetConsoleOutputCommand,
  ModifyInstanceAttributeCommand,
  paginateDescribeTags,
  RebootInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { SmithyRpcV2CborProtocol } from "@smithy/core/cbor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Simulator, startSimulator } from "./simulator.ts";
import { emptyAccount, STORY_IDS as ID, PERSISTENT } from "./story.ts";
import { signedClient } from "./testing.ts";
import { digestOf } from "./wire/signature.ts";

const ARM = PERSISTENT["fcvm-metal-arm"];
let simulator: Simulator;
let ec2: EC2Client;

beforeEach(async () => {
  simulator = await startSimulator({ latencyScale: 0 });
  ec2 = new EC2Client(signedClient(simulator));
});
afterEach(async () => {
  ec2.destroy();
  await simulator.stop();
});

describe("describe", () => {
  it("shows the story's instances with everything that the cockpit reads", async () => {
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
    const instances = Reservations.flatMap((reservation) => reservation.Instances ?? []);
    expect(instances.map((one) => one.State?.Name).sort()).toEqual(["running", "running", "stopped", "terminated"]);
    const arm = instances.find((one) => one.InstanceId === ID.arm);
    expect(arm).toMatchObject({
      InstanceType: "c7gd.metal",
      Architecture: "arm64",
      State: { Code: 16, Name: "running" },
      InstanceLifecycle: "spot",
      SpotInstanceRequestId: ID.armRequest,
      RootDeviceName: "/dev/sda1",
      Placement: { AvailabilityZone: "us-west-1a" },
      BlockDeviceMappings: [
        {
          DeviceName: "/dev/sda1",
          Ebs: { VolumeId: ID.armTemporaryDisk, Status: "attached", DeleteOnTermination: false },
        },
      ],
    });
    expect(arm?.LaunchTime?.getTime()).toBeLessThan(Date.now() - 11 * 60_000);
    expect(arm?.Tags).toContainEqual({ Key: "Name", Value: "fcvm-metal-arm" });
    expect(arm?.PublicIpAddress).not.toBe(ARM.publicIp);
    const x86 = instances.find((one) => one.InstanceId === ID.x86);
    expect(x86?.PublicIpAddress).toBe("203.0.113.164");
    expect(x86?.StateTransitionReason).toMatch(/^User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)$/);
    expect(x86?.StateReason?.Code).toBe("Client.UserInitiatedShutdown");
  });

  it("shows spot requests, volumes and addresses", async () => {
    const requests = await ec2.send(new DescribeSpotInstanceRequestsCommand({}));
    const states = requests.SpotInstanceRequests?.map((one) => `${one.State}/${one.Status?.Code}/${one.InstanceId}`);
    expect(states).toContain(`active/fulfilled/${ID.arm}`);
    expect(states).toContain(`disabled/instance-stopped-by-user/${ID.x86}`);
    expect(states).toContain(`closed/instance-terminated-by-user/${ID.armPredecessor}`);
    expect(requests.SpotInstanceRequests?.[0]).toMatchObject({
      Type: "persistent",
      InstanceInterruptionBehavior: "stop",
    });
    const volumes = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [ARM.volumeId] }));
    expect(volumes.Volumes).toMatchObject([
      { State: "available", Size: 300, VolumeType: "gp3", Iops: 3000, Throughput: 125, Attachments: [] },
    ]);
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({ AllocationIds: [ARM.allocationId] }));
    expect(Addresses).toMatchObject([{ PublicIp: "203.0.113.140", Domain: "vpc" }]);
    expect(Addresses[0]?.AssociationId).toBeUndefined();
  });

  it("gives empty lists for an empty account", async () => {
    simulator.update(emptyAccount);
    expect((await ec2.send(new DescribeInstancesCommand({}))).Reservations).toEqual([]);
    expect((await ec2.send(new DescribeVolumesCommand({}))).Volumes).toEqual([]);
    expect((await ec2.send(new DescribeAddressesCommand({}))).Addresses).toEqual([]);
  });

  it("filters by tag, state, attachment and wildcard, and refuses unknown filters", async () => {
    const names = async (...Filters: { Name: string; Values: string[] }[]) =>
      (await ec2.send(new DescribeInstancesCommand({ Filters }))).Reservations?.map(
        (reservation) => reservation.Instances?.[0]?.InstanceId,
      );
    const live = { Name: "instance-state-name", Values: ["running", "stopped"] };
    expect(await names({ Name: "tag:Name", Values: ["fcvm-metal-arm"] }, live)).toEqual([ID.arm]);
    expect(await names({ Name: "tag:Name", Values: ["fcvm-*"] }, live)).toHaveLength(2);
    const attached = await ec2.send(
      new DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [ID.jumpbox] }] }),
    );
    expect(attached.Volumes?.map((volume) => volume.VolumeId)).toEqual([ID.jumpboxRoot, ID.jumpboxHome]);
    const orphans = await ec2.send(
      new DescribeVolumesCommand({ Filters: [{ Name: "status", Values: ["available"] }] }),
    );
    expect(orphans.Volumes?.map((volume) => volume.VolumeId).sort()).toEqual([ARM.volumeId, ID.orphan].sort());
    await expect(names({ Name: "colour", Values: ["red"] })).rejects.toMatchObject({ name: "InvalidParameterValue" });
  });

  it("pages", async () => {
    const keys: (string | undefined)[] = [];
    let pages = 0;
    for await (const page of paginateDescribeTags({ client: ec2, pageSize: 7 }, {})) {
      keys.push(...(page.Tags ?? []).map((tag) => `${tag.ResourceId} ${tag.Key}`));
      pages += 1;
    }
    const whole = await ec2.send(new DescribeTagsCommand({}));
    expect(keys).toEqual(whole.Tags?.map((tag) => `${tag.ResourceId} ${tag.Key}`));
    expect(pages).toBe(Math.ceil(keys.length / 7));
    await expect(ec2.send(new DescribeInstancesCommand({ MaxResults: 2 }))).rejects.toMatchObject({
      name: "InvalidParameterValue",
    });
  });

  it("shows status checks, prices, console output and attributes", async () => {
    const running = await ec2.send(new DescribeInstanceStatusCommand({}));
    expect(running.InstanceStatuses?.map((status) => status.InstanceStatus?.Status)).toEqual(["ok", "ok"]);
    const all = await ec2.send(new DescribeInstanceStatusCommand({ IncludeAllInstances: true }));
    expect(all.InstanceStatuses).toHaveLength(4);
    const prices = await ec2.send(
      new DescribeSpotPriceHistoryCommand({
        InstanceTypes: ["c7gd.metal", "c5.metal"],
        ProductDescriptions: ["Linux/UNIX"],
        AvailabilityZone: "us-west-1a",
        StartTime: new Date(),
      }),
    );
    expect(prices.SpotPriceHistory?.map((price) => `${price.InstanceType} ${price.SpotPrice}`).sort()).toEqual([
      "c5.metal 1.587300",
      "c7gd.metal 1.241200",
    ]);
    const week = await ec2.send(new DescribeSpotPriceHistoryCommand({ InstanceTypes: ["c5.metal"] }));
    expect(week.SpotPriceHistory?.length).toBeGreaterThan(20);
    const console = await ec2.send(new GetConsoleOutputCommand({ InstanceId: ID.arm }));
    expect(Buffer.from(console.Output ?? "", "base64").toString()).toContain(ID.armTemporaryDisk);
    const attribute = await ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId: ID.arm, Attribute: "blockDeviceMapping" }),
    );
    expect(attribute.BlockDeviceMappings?.[0]?.Ebs?.VolumeId).toBe(ID.armTemporaryDisk);
  });
});

describe("change", () => {
  it("does the whole swap as a client would", async () => {
    const stopped = await ec2.send(new StopInstancesCommand({ InstanceIds: [ID.arm] }));
    expect(stopped.StoppingInstances).toEqual([
      {
        InstanceId: ID.arm,
        CurrentState: { Code: 64, Name: "stopping" },
        PreviousState: { Code: 16, Name: "running" },
      },
    ]);
    const requests = await ec2.send(
      new DescribeSpotInstanceRequestsCommand({ SpotInstanceRequestIds: [ID.armRequest] }),
    );
    expect(requests.SpotInstanceRequests?.[0]).toMatchObject({
      State: "disabled",
      Status: { Code: "instance-stopped-by-user" },
    });
    const detached = await ec2.send(new DetachVolumeCommand({ VolumeId: ID.armTemporaryDisk, InstanceId: ID.arm }));
    expect(detached).toMatchObject({ State: "detaching", Device: "/dev/sda1" });
    const attached = await ec2.send(
      new AttachVolumeCommand({ VolumeId: ARM.volumeId, InstanceId: ID.arm, Device: "/dev/sda1" }),
    );
    expect(attached).toMatchObject({ State: "attaching", DeleteOnTermination: false });
    expect(attached.AttachTime).toBeInstanceOf(Date);
    const started = await ec2.send(new StartInstancesCommand({ InstanceIds: [ID.arm] }));
    expect(started.StartingInstances?.[0]?.CurrentState?.Name).toBe("pending");
    const associated = await ec2.send(
      new AssociateAddressCommand({ AllocationId: ARM.allocationId, InstanceId: ID.arm }),
    );
    expect(associated.AssociationId).toMatch(/^eipassoc-[0-9a-f]{17}$/);
    await ec2.send(new DeleteVolumeCommand({ VolumeId: ID.armTemporaryDisk }));
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [ID.arm] }));
    expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
      State: { Name: "running" },
      PublicIpAddress: "203.0.113.140",
      BlockDeviceMappings: [{ Ebs: { VolumeId: ARM.volumeId } }],
    });
    await ec2.send(new DisassociateAddressCommand({ AssociationId: associated.AssociationId }));
    expect(simulator.account().addresses[ARM.allocationId]?.instanceId).toBeUndefined();
  });

  it("sets DeleteOnTermination, tags, reboots, snapshots, cancels and terminates", async () => {
    await ec2.send(
      new ModifyInstanceAttributeCommand({
        InstanceId: ID.arm,
        BlockDeviceMappings: [{ DeviceName: "/dev/sda1", Ebs: { DeleteOnTermination: true } }],
      }),
    );
    expect(simulator.account().volumes[ID.armTemporaryDisk]?.attachment?.deleteOnTermination).toBe(true);
    await ec2.send(
      new CreateTagsCommand({
        Resources: [ID.armTemporaryDisk],
        Tags: [{ Key: "snowglobe:note", Value: "a <b> & ü" }],
      }),
    );
    const volumes = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [ID.armTemporaryDisk] }));
    expect(volumes.Volumes?.[0]?.Tags).toContainEqual({ Key: "snowglobe:note", Value: "a <b> & ü" });
    await ec2.send(new DeleteTagsCommand({ Resources: [ID.armTemporaryDisk], Tags: [{ Key: "snowglobe:note" }] }));
    expect(simulator.account().volumes[ID.armTemporaryDisk]?.tags["snowglobe:note"]).toBeUndefined();
    await ec2.send(new RebootInstancesCommand({ InstanceIds: [ID.arm] }));
    expect(simulator.account().instances[ID.arm]?.rebootedAt).toBeDefined();
    const snapshot = await ec2.send(
      new CreateSnapshotCommand({
        VolumeId: ID.armTemporaryDisk,
        TagSpecifications: [{ ResourceType: "snapshot", Tags: [{ Key: "Name", Value: "before" }] }],
      }),
    );
    expect(snapshot.State).toBe("pending");
    const snapshots = await ec2.send(
      new DescribeSnapshotsCommand({ OwnerIds: ["self"], SnapshotIds: [snapshot.SnapshotId ?? ""] }),
    );
    expect(snapshots.Snapshots).toMatchObject([{ State: "completed", Progress: "100%", VolumeSize: 300 }]);
    const cancelled = await ec2.send(
      new CancelSpotInstanceRequestsCommand({ SpotInstanceRequestIds: [ID.armRequest] }),
    );
    expect(cancelled.CancelledSpotInstanceRequests).toEqual([
      { SpotInstanceRequestId: ID.armRequest, State: "cancelled" },
    ]);
    const ended = await ec2.send(new TerminateInstancesCommand({ InstanceIds: [ID.arm] }));
    expect(ended.TerminatingInstances?.[0]?.CurrentState).toEqual({ Code: 32, Name: "shutting-down" });
  });

  it("launches a spot machine", async () => {
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({
        ImageId: "ami-0d4a5b6c7e8f90123",
        InstanceType: "c7gd.metal",
        MinCount: 1,
        MaxCount: 1,
        BlockDeviceMappings: [{ DeviceName: "/dev/sda1", Ebs: { VolumeSize: 300, DeleteOnTermination: false } }],
        InstanceMarketOptions: {
          MarketType: "spot",
          SpotOptions: { SpotInstanceType: "persistent", InstanceInterruptionBehavior: "stop" },
        },
        TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "fcvm-metal-arm" }] }],
      }),
    );
    expect(Instances[0]).toMatchObject({ State: { Name: "pending" }, InstanceLifecycle: "spot" });
    expect(simulator.account().instances[Instances[0]?.InstanceId ?? ""]?.tags.Name).toBe("fcvm-metal-arm");
  });

  it("answers errors as EC2 does", async () => {
    await expect(ec2.send(new StartInstancesCommand({ InstanceIds: ["i-0123456789abcdef0"] }))).rejects.toMatchObject({
      name: "InvalidInstanceID.NotFound",
      message: "The instance ID 'i-0123456789abcdef0' does not exist",
      $metadata: { httpStatusCode: 400 },
    });
    await expect(ec2.send(new StopInstancesCommand({ InstanceIds: [ID.arm], DryRun: true }))).rejects.toMatchObject({
      name: "DryRunOperation",
      $metadata: { httpStatusCode: 412 },
    });
    expect(simulator.account().instances[ID.arm]?.state).toBe("running");
    simulator.happen({ name: "lose-spot-capacity", type: "c5.metal" });
    await expect(ec2.send(new StartInstancesCommand({ InstanceIds: [ID.x86] }))).rejects.toMatchObject({
      name: "InsufficientInstanceCapacity",
      $metadata: { httpStatusCode: 500 },
    });
  });
});

describe("STS and CloudWatch", () => {
  it("says who is asking", async () => {
    const sts = new STSClient(signedClient(simulator));
    const who = await sts.send(new GetCallerIdentityCommand({}));
    expect(who.Account).toBe("123456789012");
    expect(who.Arn).toMatch(/^arn:aws:sts::123456789012:assumed-role\/AWSReservedSSO_AdministratorAccess_\w+\/\w+$/);
    sts.destroy();
  });

  const protocols: readonly (readonly [string, Pick<CloudWatchClientConfig, "protocol">])[] = [
    ["JSON 1.0, as the SDK sends it", {}],
    ["RPC v2 CBOR", { protocol: SmithyRpcV2CborProtocol }],
  ];
  it.each(protocols)("gives hourly maxima with gaps over %s", async (_name, protocol) => {
    const cloudwatch = new CloudWatchClient({ ...signedClient(simulator), ...protocol });
    const hour = 3_600_000;
    const now = Math.floor(simulator.clock.now() / hour) * hour;
    simulator.cpu.setHours(ID.arm, [3, null, 97.5, 1], now - hour);
    const input: GetMetricDataCommandInput = {
      StartTime: new Date(now - 4 * hour),
      EndTime: new Date(now),
      ScanBy: "TimestampAscending",
      MetricDataQueries: [
        {
          Id: "arm",
          MetricStat: {
            Metric: {
              Namespace: "AWS/EC2",
              MetricName: "CPUUtilization",
              Dimensions: [{ Name: "InstanceId", Value: ID.arm }],
            },
            Period: 3600,
            Stat: "Maximum",
          },
        },
      ],
    };
    const { MetricDataResults = [] } = await cloudwatch.send(new GetMetricDataCommand(input));
    expect(MetricDataResults).toHaveLength(1);
    expect(MetricDataResults[0]).toMatchObject({ Id: "arm", Label: "CPUUtilization", StatusCode: "Complete" });
    expect(MetricDataResults[0]?.Values).toEqual([3, 97.5, 1]);
    expect(MetricDataResults[0]?.Timestamps?.map((time) => time.getTime())).toEqual(
      [4, 2, 1].map((ago) => now - ago * hour),
    );
    simulator.credentials.expireAll();
    await expect(cloudwatch.send(new GetMetricDataCommand(input))).rejects.toMatchObject({ name: "ExpiredToken" });
    cloudwatch.destroy();
  });

  it("answers a plain Query request too", async () => {
    const [start, end] = [new Date(Date.now() - 7_200_000), new Date()].map((date) => date.toISOString());
    const query = "MetricDataQueries.member.1";
    const body = new URLSearchParams({
      Action: "GetMetricData",
      Version: "2010-08-01",
      StartTime: start ?? "",
      EndTime: end ?? "",
      [`${query}.Id`]: "jump",
      [`${query}.MetricStat.Metric.Namespace`]: "AWS/EC2",
      [`${query}.MetricStat.Metric.MetricName`]: "CPUUtilization",
      [`${query}.MetricStat.Metric.Dimensions.member.1.Name`]: "InstanceId",
      [`${query}.MetricStat.Metric.Dimensions.member.1.Value`]: ID.jumpbox,
      [`${query}.MetricStat.Period`]: "300",
      [`${query}.MetricStat.Stat`]: "Average",
    });
    const unsigned = await fetch(simulator.url, { method: "POST", body });
    expect(unsigned.status).toBe(403);
    expect(await unsigned.text()).toContain("<Code>MissingAuthenticationToken</Code>");
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const scope = `${simulator.signedInEnv.AWS_ACCESS_KEY_ID}/${date.slice(0, 8)}/us-west-1/monitoring/aws4_request`;
    const url = new URL(simulator.url);
    const { AWS_SECRET_ACCESS_KEY = "", AWS_SESSION_TOKEN = "" } = simulator.signedInEnv;
    const plain = { "x-amz-date": date, "x-amz-security-token": AWS_SESSION_TOKEN };
    const signed = ["host", "x-amz-date", "x-amz-security-token"];
    const digest = digestOf(
      { method: "POST", url, headers: { ...plain, host: url.host }, bytes: Buffer.from(body.toString()) },
      { service: "monitoring", region: "us-west-1", date, signed },
      AWS_SECRET_ACCESS_KEY,
    );
    const by = (signature: string, more: Readonly<Record<string, string>> = plain) => ({
      ...more,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${signed.join(";")}, Signature=${signature}`,
    });
    const refused = async (headers: Readonly<Record<string, string>>) =>
      (await fetch(simulator.url, { method: "POST", body, headers })).text();
    expect(await refused(by("0".repeat(64)))).toContain("<Code>SignatureDoesNotMatch</Code>");
    expect(await refused(by(digest, { "x-amz-date": date }))).toContain("<Code>InvalidClientTokenId</Code>");
    const headers = by(digest);
    const answer = await (await fetch(simulator.url, { method: "POST", body, headers })).text();
    expect(answer).toMatch(/<GetMetricDataResult><MetricDataResults><member><Id>jump<\/Id>/);
    expect(answer.match(/<member>\d+\.?\d*<\/member>/g)?.length).toBeGreaterThan(20);
  });
});
