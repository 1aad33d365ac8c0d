/** The swap as a person has it written down, with the AWS CLI and ssh, and the built `make swap-arm`: two ways to one world. */

import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { waitUntil } from "../harness/grid.ts";
import type { Account } from "../simulator/ec2/account.ts";
import { PERSISTENT, STORY_IDS } from "../simulator/story.ts";
import { type Scene, scene } from "./stage.ts";

const { volumeId: OWN, allocationId, publicIp } = PERSISTENT["fcvm-metal-arm"];
const INSTANCE = STORY_IDS.arm;
const OLD = STORY_IDS.armTemporaryDisk;
const QUICK = { latencyScale: 0.02 };

const installed = spawnSync("aws", ["--version"]).status === 0;
const run = promisify(execFile);

describe.skipIf(!installed)(installed ? "a swap by hand" : "aws is not installed", () => {
  it("ends in the same world as make swap-arm", async () => {
    const start = { ...QUICK, now: Date.now() };
    const [hand, make] = await Promise.all([scene(start), scene(start)]);
    await Promise.all([byHand(hand), byMake(make)]);
    await Promise.all([isOver(hand), isOver(make)]);
    const world = worldOf(hand.simulator.account());
    expect(worldOf(make.simulator.account())).toEqual(world);
    expect(world.volumes[OWN]).toMatchObject({ on: INSTANCE, deleteOnTermination: false });
    expect(world.volumes[OLD]).toBeUndefined();
  });
});

/** The seed's own procedure (mission.md, "The order"): each step waits for the one before. */
async function byHand({ simulator, hosts, directory }: Scene): Promise<void> {
  const env = { PATH: process.env.PATH, HOME: directory, AWS_PAGER: "", ...simulator.signedInEnv };
  const ec2 = async (...words: string[]) =>
    (await run("aws", ["ec2", ...words, "--output", "text"], { env })).stdout.trim();
  const waitFor = (wanted: string, ...words: string[]) => waitUntil(async () => (await ec2(...words)) === wanted);
  const instance = ["describe-instances", "--instance-ids", INSTANCE, "--query"];
  const volume = (id: string, query: string) => ["describe-volumes", "--volume-ids", id, "--query", query];
  await ec2("stop-instances", "--instance-ids", INSTANCE);
  await waitFor("stopped", ...instance, "Reservations[0].Instances[0].State.Name");
  const request = ["--spot-instance-request-ids", STORY_IDS.armRequest, "--query", "SpotInstanceRequests[0].State"];
  await waitFor("disabled", "describe-spot-instance-requests", ...request);
  await ec2("detach-volume", "--volume-id", OLD);
  await waitFor("available", ...volume(OLD, "Volumes[0].State"));
  await ec2("attach-volume", "--volume-id", OWN, "--instance-id", INSTANCE, "--device", "/dev/sda1");
  await waitFor("attached", ...volume(OWN, "Volumes[0].Attachments[0].State"));
  await ec2("start-instances", "--instance-ids", INSTANCE);
  await waitFor("running", ...instance, "Reservations[0].Instances[0].State.Name");
  await ec2("associate-address", "--allocation-id", allocationId, "--instance-id", INSTANCE);
  const known = ["-o", `UserKnownHostsFile=${directory}/known_hosts`, "-o", "StrictHostKeyChecking=accept-new"];
  const ssh = ["-F", hosts.sshConfigPath, "-i", hosts.keyPath, ...known, `ubuntu@${publicIp}`, "hostname; uptime"];
  await waitUntil(async () => {
    const heard = await run("ssh", ssh).catch(() => undefined);
    return heard?.stdout.startsWith("fcvm-metal-arm") ?? false;
  });
  await ec2("delete-volume", "--volume-id", OLD);
}

async function byMake({ command, simulator }: Scene): Promise<void> {
  const swap = command({ ...simulator.signedInEnv }, "swap", "arm");
  await swap.waitFor(/y\/N/i);
  swap.write("y\r");
  expect((await swap.exited).exitCode, swap.text()).toBe(0);
}

/** Nothing is under way any more but what AWS forgets in hours. */
function isOver({ simulator }: Scene): Promise<void> {
  return waitUntil(() => Object.values(simulator.account().pending).every(({ kind }) => kind.startsWith("forget")));
}

/** What there is and where, without times, and without what happens to have been counted. */
function worldOf({ instances, spotRequests, volumes, addresses, snapshots }: Account) {
  const each = <Row, Told>(table: Readonly<Record<string, Row>>, tell: (row: Row) => Told) =>
    Object.fromEntries(Object.entries(table).map(([id, row]) => [id, tell(row)]));
  return {
    instances: each(instances, ({ state, spotRequestId, tags }) => ({ state, spotRequestId, tags })),
    spotRequests: each(spotRequests, ({ state, statusCode, instanceId }) => ({ state, statusCode, instanceId })),
    volumes: each(volumes, ({ state, attachment, tags }) => ({
      state,
      on: attachment?.instanceId,
      device: attachment?.device,
      deleteOnTermination: attachment?.deleteOnTermination,
      tags,
    })),
    addresses: each(addresses, ({ instanceId }) => instanceId),
    snapshots: Object.keys(snapshots),
  };
}
