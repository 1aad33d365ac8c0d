/** A machine that AWS takes again and again: everything is real but AWS, and cloud-init renews the host keys each time. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { operationOf } from "../../../ops/actions.ts";
import { type ComposedOps, createOps } from "../../../ops/compose.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import { waitUntil } from "../../harness/grid.ts";
import { type Stage, setStage } from "../../simulator/demo/stage.ts";
import { IMAGES } from "../../simulator/ec2/images.ts";
import { PERSISTENT } from "../../simulator/story.ts";
import { yes } from "./run-operation.ts";

const ARM = "fcvm-metal-arm";
const OWN = PERSISTENT[ARM];
const STRANGER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIhZLNoe3+qf6vFif2O73hwHYnhWJlBFdjbXdAlPL/IU stranger";

describe("a machine that is recreated", () => {
  let directory: string;
  let stage: Stage;
  let ops: ComposedOps;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "recreated-"));
    stage = await setStage(directory, { latencyScale: 0.02 });
    ops = createOps(environmentFrom({ ...stage.env, PATH: process.env.PATH }));
    ops.operations.subscribe(() => {
      for (const run of ops.operations.get()) {
        if (run.get().name === "login")
          run.subscribe(() => run.get().deviceCode && stage.simulator.sso.decide("approved"));
      }
    });
  });
  afterEach(async () => {
    await ops.stop();
    await stage.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  const current = () =>
    Object.values(stage.simulator.account().instances).find(
      (one) => one.tags.Name === ARM && !["terminated", "shutting-down"].includes(one.state),
    );
  const swap = async () => {
    const operation = operationOf("swap", ops, ARM);
    if (!operation) throw new Error("there is no swap");
    const run = ops.operations.start(operation);
    run.subscribe(() => {
      const { question } = run.get();
      if (question) run.answer(question.id, yes(question.question));
    });
    const outcome = await run.finished;
    return { outcome, log: run.get().log.map(({ text }) => text) };
  };
  /** AWS takes the machine, and Terraform makes another one of the same name. */
  const recreate = async () => {
    const { simulator } = stage;
    const old = current();
    if (!old?.spotRequestId) throw new Error("no machine");
    simulator.apply({ name: "CancelSpotInstanceRequests", requestIds: [old.spotRequestId] });
    simulator.apply({ name: "TerminateInstances", instanceIds: [old.id] });
    const made = simulator.apply({
      name: "RunInstances",
      imageId: IMAGES.arm64.id,
      type: "c7gd.metal",
      count: 1,
      keyName: "fcvm-ec2",
      devices: [{ device: "/dev/sda1", sizeGiB: 300, deleteOnTermination: false }],
      spot: { type: "persistent", interruptionBehavior: "stop" },
      tags: { instance: { Name: ARM } },
    });
    expect(made.error).toBeUndefined();
    const isReady = () =>
      simulator.account().instances[old.id]?.state === "terminated" &&
      simulator.account().volumes[OWN.volumeId]?.state === "available" &&
      current()?.state === "running";
    await waitUntil(isReady);
  };
  const shell = async (command: string) => (await ops.access.channel.run(ARM, OWN.publicIp, command)).stdout;

  it("is swapped each time, with a prompt on the same files and its new host key verified by the console", async () => {
    const seen = new Set<string | undefined>();
    for (const round of [1, 2, 3]) {
      const { outcome, log } = await swap();
      expect(outcome, log.join("\n")).toMatchObject({ status: "done" });
      expect(log).toContain(`The host key of ${ARM} is verified: AWS's console shows the same.`);
      expect((await shell("cat rounds 2>/dev/null; echo x >>rounds")).trim().split("\n").join("")).toBe(
        "x".repeat(round - 1),
      );
      seen.add(current()?.id);
      if (round < 3) await recreate();
    }
    expect(seen.size).toBe(3);
  });

  it("is not let in on where the console shows another key than ssh, and nothing is deleted then", async () => {
    expect((await swap()).outcome.status).toBe("done");
    await recreate();
    stage.hosts.keysOnConsole(ARM, () => [STRANGER]);
    const { outcome, log } = await swap();
    expect(outcome).toMatchObject({
      status: "blocked",
      sentence: expect.stringMatching(/WARNING: .*SHA256:\S+, but the console of i-\S+ shows SHA256:/),
    });
    expect(log.join("\n")).not.toContain("is verified");
    const marked = Object.values(stage.simulator.account().volumes).filter(
      (one) => one.tags["snowglobe:instance"] === current()?.id,
    );
    expect(marked.map(({ state }) => state)).toEqual(["available"]);
  });
});
