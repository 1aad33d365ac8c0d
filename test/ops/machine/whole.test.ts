import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { operationOf } from "../../../ops/actions.ts";
import { createOps } from "../../../ops/compose.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import { connectMachine } from "../../../ops/machine/prerequisites.ts";
import { machineTools } from "../../../ops/machine/tools.ts";
import type { Run } from "../../../ops/operation/run.ts";
import type { Operation } from "../../../ops/operation/types.ts";
import { setStage } from "../../simulator/demo/stage.ts";
import { PERSISTENT } from "../../simulator/story.ts";

const ARM = "fcvm-metal-arm";
let end = async () => {};
afterEach(() => end());

it("swaps with everything real but AWS: an expired session, one that ends in the middle, and SSH to two roots", async () => {
  const directory = await mkdtemp(join(tmpdir(), "whole-swap-"));
  const stage = await setStage(directory, { latencyScale: 0.05 });
  const ops = createOps(environmentFrom({ ...stage.env, PATH: process.env.PATH }));
  end = async () => {
    await ops.stop();
    await stage.stop();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  const logins = () => ops.operations.get().filter((run) => run.get().name === "login").length;
  const follow = (run: Run, choice: string) => {
    run.subscribe(() => {
      const { question } = run.get();
      if (question) run.answer(question.id, question.question.kind === "choose" ? choice : "yes");
    });
    return run.finished;
  };
  // Whoever is asked to approve, approves.
  ops.operations.subscribe(() => {
    for (const run of ops.operations.get()) {
      if (run.get().name === "login")
        run.subscribe(() => run.get().deviceCode && stage.simulator.sso.decide("approved"));
    }
  });
  const perform = (operation: Operation, choice = "cancel") => follow(ops.operations.start(operation), choice);
  const files = async () => {
    const { stdout } = await ops.access.channel.run(ARM, PERSISTENT[ARM].publicIp, "ls");
    return stdout;
  };

  // First as it is, so that the temporary disk's host key is known for the address.
  expect(await perform(connectMachine(ARM, machineTools(ops)), "on")).toMatchObject({ status: "done" });
  expect(logins()).toBe(1);
  const temporary = await files();

  let expired = false;
  const ended = stage.simulator.onChange((account) => {
    const stopped = Object.values(account.instances).some((one) => one.tags.Name === ARM && one.state === "stopped");
    if (!stopped || expired) return;
    expired = true;
    stage.simulator.credentials.expireAll();
  });
  const swap = operationOf("swap", ops, ARM);
  if (!swap) throw new Error("there is no swap");
  const run = ops.operations.start(swap);
  expect(await follow(run, "keep")).toMatchObject({ status: "done" });
  ended();
  expect(expired).toBe(true);
  expect(run.get().log.map((line) => line.text)).toContain(ARM);
  expect(await files()).not.toBe(temporary);

  const connect = connectMachine(ARM, machineTools(ops));
  expect(await perform(connect)).toMatchObject({ status: "done" });
  expect(connect.address()).toBe(PERSISTENT[ARM].publicIp);
});
