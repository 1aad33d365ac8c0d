/** The first apply on an empty account, and what is planned after everything that happens to machines, by the real provider. */

import { join } from "node:path";
import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  DisassociateAddressCommand,
  type Instance,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../harness/program.ts";
import { type Account, AGREE, PROVIDER_PATIENCE_MS, startAccount } from "./account.ts";
import { NEEDS, NO_PROVIDER } from "./mirror.ts";
import { ACCOUNT } from "./moto.ts";

const ROOT = join(import.meta.dirname, "..", "..");

let account: Account;
beforeAll(async () => {
  if (!NO_PROVIDER) account = await startAccount();
});
afterAll(() => account?.stop());

async function living(): Promise<readonly Instance[]> {
  const { Reservations = [] } = await account.moto.ec2.send(new DescribeInstancesCommand({}));
  return Reservations.flatMap(({ Instances = [] }) => Instances).filter(({ State }) => State?.Name !== "terminated");
}

/** The living machine of this name. */
async function machine(name: string): Promise<Instance & { InstanceId: string; root: string | undefined }> {
  const named = (await living()).filter(({ Tags = [] }) =>
    Tags.some(({ Key, Value }) => Key === "Name" && Value === name),
  );
  expect(named).toHaveLength(1);
  const [one] = named;
  if (!one?.InstanceId) throw new Error(`there is no ${name}`);
  const root = one.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === one.RootDeviceName)?.Ebs?.VolumeId;
  return { ...one, InstanceId: one.InstanceId, root };
}

async function volumes() {
  const { Volumes = [] } = await account.moto.ec2.send(new DescribeVolumesCommand({}));
  return new Map(Volumes.map((one) => [one.VolumeId, one]));
}

/** Everything that must outlive whatever is done to machines. */
async function kept() {
  const { Addresses = [] } = await account.moto.ec2.send(new DescribeAddressesCommand({}));
  return { addresses: Addresses.map(({ PublicIp }) => PublicIp).sort(), volumes: [...(await volumes()).keys()].sort() };
}

type Ran = Awaited<ReturnType<Account["run"]>>;

/** What a run's plan did, or would do, a line each. */
const changes = ({ planned }: Ran) =>
  (planned?.plan.changes ?? [])
    .filter(({ mode }) => mode === "managed")
    .map(({ kind, address }) => `${kind} ${address}`);

async function ran(words: string, ...answers: string[]): Promise<Ran> {
  const all = await account.run(words, ...answers);
  expect(all.code, all.said).toBe(0);
  return all;
}

async function planned(): Promise<readonly string[]> {
  return changes(await ran("plan"));
}

describe.skipIf(NO_PROVIDER)(NEEDS, { timeout: PROVIDER_PATIENCE_MS }, () => {
  test("an empty account: valid, all of it in one apply by a plain yes, and nothing left to do", async () => {
    const first = await ran("apply", "owner@example.com", "y");
    expect(first.planned?.verdict).toMatchObject({ kind: "safe" });
    const tfvars = await account.file("terraform.tfvars");
    for (const name of ["fcvm-metal-arm", "fcvm-metal-x86"]) {
      const { root, PublicIpAddress } = await machine(name);
      expect(tfvars).toContain(`${name} = { volume = "${root}", address = "eipalloc-`);
      expect((await volumes()).get(root)?.Tags).toContainEqual({ Key: "snowglobe:persistent", Value: name });
      expect(first.said).toContain(PublicIpAddress);
    }
    await ran("validate");
    expect(await planned()).toEqual([]);
  });

  test("stopped, newer images, an entry lost from terraform.tfvars; its root off; another root on: nothing is planned", async () => {
    const { ec2 } = account.moto;
    const arm = await machine("fcvm-metal-arm");
    await ec2.send(new StopInstancesCommand({ InstanceIds: [arm.InstanceId] }));
    await account.moto.newImages();
    const text = await account.file("terraform.tfvars");
    await account.write("terraform.tfvars", text.replace(/^ {2}fcvm-metal-x86 = .*\n/m, ""));
    expect(await planned()).toEqual([]);
    const lines = (one: string) => one.split("\n").sort();
    expect(lines(await account.file("terraform.tfvars"))).toEqual(lines(text));
    await ec2.send(new DetachVolumeCommand({ VolumeId: arm.root, InstanceId: arm.InstanceId }));
    expect(await planned()).toEqual([]);
    const { VolumeId } = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: arm.Placement?.AvailabilityZone, Size: 400, VolumeType: "gp2" }),
    );
    await ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: arm.InstanceId, Device: arm.RootDeviceName }));
    expect(await planned()).toEqual([]);
  });

  test("its address off: that alone is put back, by a plain yes", async () => {
    const { ec2 } = account.moto;
    const arm = await machine("fcvm-metal-arm");
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
    const address = Addresses.find(({ InstanceId }) => InstanceId === arm.InstanceId);
    await ec2.send(new DisassociateAddressCommand({ AssociationId: address?.AssociationId }));
    const back = await ran("apply", "y");
    expect(changes(back)).toEqual(["create aws_eip_association.fcvm_metal_arm"]);
    expect(back.planned?.verdict).toMatchObject({ kind: "safe" });
  });

  test("terminated: made again on a temporary disk; make swap-arm gives it its own back, and nothing is planned", async () => {
    const before = await kept();
    const gone = await machine("fcvm-metal-arm");
    await account.moto.ec2.send(new TerminateInstancesCommand({ InstanceIds: [gone.InstanceId] }));
    // EC2 has none to give at first: in words, within the minute, and the next run goes on.
    const words = "There is no Spot capacity available that matches your request.";
    const grant = account.moto.refuse("RunInstances", "InsufficientInstanceCapacity", words);
    const { code, said } = await account.run("apply", AGREE);
    grant();
    expect(code, said).toBe(1);
    expect(said).toContain("fcvm-metal-arm: AWS has no such machine to give just now.");
    expect(said).not.toContain("The log has every error");
    const again = await ran("apply", AGREE);
    expect(changes(again).map((one) => one.replace(/^replace (?=aws_eip_association)/, "create "))).toEqual([
      "create aws_eip_association.fcvm_metal_arm",
      "create aws_instance.fcvm_metal_arm",
      "update aws_lambda_function.auto_stop",
    ]);
    // Whom auto-stop watches is known only when the machine is there: never by a plain yes.
    expect(again.planned?.verdict).toMatchObject({ kind: "dangerous" });
    expect(JSON.stringify(again.planned?.verdict)).toMatch(/auto-stop's settings are known only after the apply/);
    const made = await machine("fcvm-metal-arm");
    const own = /^ {2}fcvm-metal-arm = \{ volume = "(vol-\w+)"/m.exec(await account.file("terraform.tfvars"))?.[1];
    expect(made.root).not.toBe(own);

    const swap = runProgram("make", ["-o", "node_modules/.installed", "swap-arm"], {
      env: { ...process.env, ...account.env },
      cwd: ROOT,
      columns: 160,
      rows: 60,
    });
    await swap.waitFor("1 to 4");
    // The last: and delete the temporary disk.
    swap.write("4\r");
    const { exitCode } = await swap.exited;
    expect(exitCode, swap.text()).toBe(0);
    expect((await machine("fcvm-metal-arm")).root).toBe(own);
    expect(await planned()).toEqual([]);
    const after = await kept();
    expect(after.addresses).toEqual(before.addresses);
    expect(after.volumes.filter((id) => before.volumes.includes(id))).toEqual(before.volumes);
  });

  test("the state of a newer provider: nothing is done to it, and what it was before is planned as before", async () => {
    const state = `s3://snowglobe-state-${ACCOUNT}/snowglobe/terraform.tfstate`;
    const copy = join(account.terraformDir, "copy.json");
    await account.aws(`s3 cp ${state} ${copy}`);
    const known = await account.file("copy.json");
    const newer = known.replace(/("type": "aws_instance",[\s\S]*?"schema_version": )1/g, (_, before) => `${before}2`);
    expect(newer).not.toBe(known);
    const put = async (text: string) => {
      await account.write("copy.json", text);
      await account.aws(`s3 cp ${copy} ${state}`);
    };
    await put(newer);
    const { code, said } = await account.run("apply", AGREE);
    expect(code, said).toBe(1);
    expect(said).toContain(
      "The state was written by a newer provider than this checkout has. Bring this checkout up to date",
    );
    await account.aws(`s3 cp ${state} ${copy}`);
    expect(await account.file("copy.json")).toBe(newer);
    await put(known);
    await ran("init");
    expect(await planned()).toEqual([]);
  });

  test("a lost state: all of it is taken over again, and nothing is made twice", async () => {
    const there = async () => ({
      ...(await kept()),
      machines: (await living()).map(({ InstanceId }) => InstanceId).sort(),
    });
    const before = await there();
    await account.aws(`s3 rm s3://snowglobe-state-${ACCOUNT}/snowglobe/terraform.tfstate`);
    const again = await ran("apply", "y");
    expect(again.planned?.verdict).toMatchObject({ kind: "safe" });
    expect(changes(again).filter((one) => /^(?:delete|replace|forget) /.test(one))).toEqual([]);
    const made = changes(again).filter((one) => one.startsWith("create "));
    // What is the same when it is made again (test/terraform/adopt.test.ts has the list).
    expect(made.join("\n")).not.toMatch(
      /aws_(?!ec2_tag|iam_role_policy|ebs_encryption|sns_topic_sub|lambda_function_event)/,
    );
    expect(await there()).toEqual(before);
  });

  test("stopped for a change, and not to be started yet: p starts it, and the next run has nothing left to do", async () => {
    const text = await account.file("jumpbox.tf");
    await account.write("jumpbox.tf", text.replace(/(instance_type +=) "t4g\.large"/, '$1 "t4g.xlarge"'));
    const id = (await machine("jumpbox")).InstanceId;
    const grant = account.moto.refuse(
      "StartInstances",
      "IncorrectSpotRequestState",
      `You can't start the Spot Instance '${id}' because the associated Spot Instance request is not in an appropriate state to support start.`,
    );
    const { code, said } = await account.run("apply", AGREE);
    grant();
    expect(code, said).toBe(1);
    expect(said).toContain("jumpbox was stopped, and EC2 lets it start only once its spot request is disabled");
    expect(said).toContain("Press p on it in a few minutes, then run it again");
    await ran("start jumpbox", "y");
    expect(await planned()).toEqual([]);
    expect(await machine("jumpbox")).toMatchObject({ InstanceType: "t4g.xlarge", State: { Name: "running" } });
  });

  test("destroyed: the machines go, what holds data stays, and the plan makes the machines again", async () => {
    const before = await kept();
    const destroyed = await ran("destroy", AGREE);
    const holds = /aws_(?:eip|ebs_volume|rds_cluster|backup_vault|key_pair|ec2_tag)\./;
    expect(changes(destroyed).filter((one) => !one.startsWith("delete ") || holds.test(one))).toEqual([]);
    expect(destroyed.said).not.toMatch(/-target|[Rr]esource targeting/);
    expect(await living()).toEqual([]);
    expect(await kept()).toEqual(before);
    const again = await planned();
    expect(again.filter((one) => one.startsWith("create aws_instance."))).toHaveLength(3);
    expect(again.filter((one) => !one.startsWith("create ") || holds.test(one))).toEqual([]);
  });
});
