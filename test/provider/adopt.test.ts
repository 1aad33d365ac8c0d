/** The account that one already has: machines made with the AWS CLI are taken over, by the real provider. */

import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Account, AGREE, PROVIDER_PATIENCE_MS, startAccount } from "./account.ts";
import { NEEDS, NO_PROVIDER } from "./mirror.ts";
import { ACCOUNT } from "./moto.ts";

let account: Account;
beforeAll(async () => {
  if (!NO_PROVIDER) account = await startAccount();
});
afterAll(() => account?.stop());

const cli = (call: string) => account.aws(call);

interface Made {
  readonly instance: string;
  readonly allocation: string;
  readonly association: string;
}

async function makeMachine(name: string, type: string, more = ""): Promise<Made> {
  const image = await cli(
    "ssm get-parameter --name /service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id --query Parameter.Value",
  );
  const tags = `ResourceType=instance,Tags=[{Key=Name,Value=${name}},{Key=Made,Value=by-hand}]`;
  const instance = await cli(
    `ec2 run-instances --image-id ${image} --instance-type ${type} --key-name fcvm-ec2 --placement AvailabilityZone=us-west-1b --tag-specifications ${tags} ${more} --query Instances[0].InstanceId`.replace(
      / {2,}/g,
      " ",
    ),
  );
  const allocation = await cli("ec2 allocate-address --domain vpc --query AllocationId");
  const association = await cli(
    `ec2 associate-address --allocation-id ${allocation} --instance-id ${instance} --query AssociationId`,
  );
  return { instance, allocation, association };
}

/** Everything of ours that must be there once, as IDs. */
async function everything() {
  const { ec2 } = account.moto;
  const [{ Reservations = [] }, { Volumes = [] }, { Addresses = [] }, { Vpcs = [] }] = await Promise.all([
    ec2.send(new DescribeInstancesCommand({})),
    ec2.send(new DescribeVolumesCommand({})),
    ec2.send(new DescribeAddressesCommand({})),
    ec2.send(new DescribeVpcsCommand({})),
  ]);
  return {
    instances: Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId }) => InstanceId)).sort(),
    volumes: Volumes.map(({ VolumeId }) => VolumeId).sort(),
    addresses: Addresses.map(({ AllocationId, InstanceId }) => `${AllocationId} ${InstanceId}`).sort(),
    networks: Vpcs.map(({ VpcId }) => VpcId).sort(),
  };
}

describe.skipIf(NO_PROVIDER)(NEEDS, { timeout: PROVIDER_PATIENCE_MS }, () => {
  let before: Awaited<ReturnType<typeof everything>>;

  test("three machines, their addresses and a home, made by hand, are taken over: none is made or moved", async () => {
    // Made before, as everything here: how it is made has its own test (apply.test.ts).
    await cli(`s3 mb s3://snowglobe-state-${ACCOUNT} --region us-west-1`);
    await cli("ec2 create-key-pair --key-name fcvm-ec2 --query KeyName");
    const spot =
      '--instance-market-options {"MarketType":"spot","SpotOptions":{"SpotInstanceType":"persistent","InstanceInterruptionBehavior":"stop"}}';
    const [jumpbox, arm, x86] = await Promise.all([
      makeMachine("jumpbox", "t4g.large"),
      makeMachine("fcvm-metal-arm", "c7gd.metal", spot),
      makeMachine("fcvm-metal-x86", "c5.metal", spot),
    ]);
    const home = await cli("ec2 create-volume --availability-zone us-west-1b --size 50 --query VolumeId");
    await cli(
      `ec2 attach-volume --volume-id ${home} --instance-id ${jumpbox.instance} --device /dev/sdf --query State`,
    );
    before = await everything();

    const { code, said, planned } = await account.run("apply", AGREE);
    expect(code, said).toBe(0);
    const imported = planned?.plan.changes
      .filter(({ importId }) => importId)
      .map(({ address, importId }) => [address, importId]);
    expect(Object.fromEntries(imported ?? [])).toEqual({
      "aws_key_pair.fcvm_ec2": "fcvm-ec2",
      "aws_instance.jumpbox": jumpbox.instance,
      "aws_instance.fcvm_metal_arm": arm.instance,
      "aws_instance.fcvm_metal_x86": x86.instance,
      "aws_eip.jumpbox": jumpbox.allocation,
      "aws_eip.fcvm_metal_arm": arm.allocation,
      "aws_eip.fcvm_metal_x86": x86.allocation,
      "aws_eip_association.jumpbox": jumpbox.association,
      "aws_eip_association.fcvm_metal_arm": arm.association,
      "aws_eip_association.fcvm_metal_x86": x86.association,
      "aws_ebs_volume.jumpbox_home": home,
      "aws_volume_attachment.jumpbox_home": `/dev/sdf:${home}:${jumpbox.instance}`,
    });
    expect(planned?.plan.changes.filter(({ kind }) => kind === "delete" || kind === "replace")).toEqual([]);
    const after = await everything();
    expect({ ...after, networks: [] }).toEqual({ ...before, networks: [] });
    expect(after.networks).toHaveLength(before.networks.length + 1);
  });

  test("a second machine of a name: refused, with what to do, and nothing is planned", async () => {
    await cli(`s3 rm s3://snowglobe-state-${ACCOUNT}/snowglobe/terraform.tfstate`);
    await makeMachine("fcvm-metal-arm", "c7gd.metal");
    const { code, said } = await account.run("plan");
    expect(code).toBe(1);
    expect(said).toMatch(/2 machines are named fcvm-metal-arm: i-\w+ \(running\) and i-\w+ \(running\)/);
    expect(said).toContain("another Name tag in the EC2 console");
  });
});
