/** The first apply on an empty account, and what is planned after everything that happens to machines, by the real provider. */

import {
  AssociateAddressCommand,
  AttachVolumeCommand,
  CreateVolumeCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  DisassociateAddressCommand,
  type Instance,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Account, AGREE, PROVIDER_PATIENCE_MS, startAccount } from "./account.ts";
import { NEEDS, NO_PROVIDER } from "./mirror.ts";

let account: Account;
beforeAll(async () => {
  if (!NO_PROVIDER) account = await startAccount();
});
afterAll(() => account?.stop());

/** The living machine of this name. */
async function machine(name: string): Promise<Instance & { InstanceId: string; root: string | undefined }> {
  const { Reservations = [] } = await account.moto.ec2.send(
    new DescribeInstancesCommand({ Filters: [{ Name: "tag:Name", Values: [name] }] }),
  );
  const live = Reservations.flatMap(({ Instances = [] }) => Instances).filter(
    ({ State }) => State?.Name !== "terminated",
  );
  expect(live).toHaveLength(1);
  const [one] = live;
  if (!one?.InstanceId) throw new Error(`there is no ${name}`);
  const root = one.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === one.RootDeviceName)?.Ebs?.VolumeId;
  return { ...one, InstanceId: one.InstanceId, root };
}

async function volumes() {
  const { Volumes = [] } = await account.moto.ec2.send(new DescribeVolumesCommand({}));
  return new Map(Volumes.map((one) => [one.VolumeId, one]));
}

/** What moto does not give back as it was given it, so that the provider wants to set it again. */
const FORGOTTEN = [
  "aws_lambda_function.auto_stop",
  "aws_rds_cluster.this",
  "aws_vpc_security_group_ingress_rule.database",
];

/** What a plan would do now, a line each. */
async function planned(): Promise<readonly string[]> {
  const { code, said, planned: seen } = await account.run("plan");
  expect(code, said).toBe(0);
  return (seen?.plan.changes ?? [])
    .filter(({ mode, kind, address }) => mode === "managed" && !(kind === "update" && FORGOTTEN.includes(address)))
    .map(({ kind, address }) => `${kind} ${address}`);
}

describe.skipIf(NO_PROVIDER)(NEEDS, { timeout: PROVIDER_PATIENCE_MS }, () => {
  test("an empty account: all of it in one apply, and nothing left to do", async () => {
    const { code, said, planned: seen } = await account.run("apply", AGREE);
    expect(code, said).toBe(0);
    expect(seen?.verdict.kind).toBe("safe");
    const tfvars = await account.file("terraform.tfvars");
    for (const name of ["fcvm-metal-arm", "fcvm-metal-x86"]) {
      const { root, PublicIpAddress } = await machine(name);
      expect(tfvars).toContain(`${name} = { volume = "${root}", address = "eipalloc-`);
      expect((await volumes()).get(root)?.Tags).toContainEqual({ Key: "snowglobe:persistent", Value: name });
      expect(said).toContain(PublicIpAddress);
    }
    expect(await planned()).toEqual([]);
  });

  test("stopped; its root off; another root on: nothing is planned", async () => {
    const { ec2 } = account.moto;
    const arm = await machine("fcvm-metal-arm");
    await ec2.send(new StopInstancesCommand({ InstanceIds: [arm.InstanceId] }));
    expect(await planned()).toEqual([]);
    await ec2.send(new DetachVolumeCommand({ VolumeId: arm.root }));
    expect(await planned()).toEqual([]);
    const { VolumeId } = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: arm.Placement?.AvailabilityZone, Size: 400, VolumeType: "gp2" }),
    );
    await ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: arm.InstanceId, Device: arm.RootDeviceName }));
    expect(await planned()).toEqual([]);
  });

  test("its address off: that alone is put back; newer images: nothing", async () => {
    const { ec2 } = account.moto;
    const arm = await machine("fcvm-metal-arm");
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
    const address = Addresses.find(({ InstanceId }) => InstanceId === arm.InstanceId);
    await ec2.send(new DisassociateAddressCommand({ AssociationId: address?.AssociationId }));
    expect(await planned()).toEqual(["create aws_eip_association.fcvm_metal_arm"]);
    await ec2.send(new AssociateAddressCommand({ AllocationId: address?.AllocationId, InstanceId: arm.InstanceId }));
    await account.moto.newImages();
    expect(await planned()).toEqual([]);
  });

  test("its entry lost from terraform.tfvars: it comes back from the state, and nothing is planned", async () => {
    const text = await account.file("terraform.tfvars");
    await account.write("terraform.tfvars", text.replace(/^ {2}fcvm-metal-x86 = .*\n/m, ""));
    expect(await planned()).toEqual([]);
    expect(await account.file("terraform.tfvars")).toMatch(/fcvm-metal-x86 = \{ volume = "vol-/);
  });
});
