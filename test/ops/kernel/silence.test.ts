import { afterEach, beforeEach, expect, test } from "vitest";
import { stopMachine } from "../../../ops/machine/operations.ts";
import { machineTools } from "../../../ops/machine/tools.ts";
import { runOperation } from "../machine/run-operation.ts";
import { ARM, build, compiling, done, type KernelRig, logOf, startRig, until } from "./rig.ts";

let rig: KernelRig;
beforeEach(async () => {
  rig = await startRig();
  rig.hosts.kernels.hold(true);
});
afterEach(() => rig.stop());

test("a link that falls silent is noticed, and followed on where it was; a stop names the build where it is heard of", async () => {
  const { run, view } = build(rig.computer(), ARM, { kind: "guest" });
  const { job } = await until(run, compiling);
  const other = machineTools(rig.computer("desktop"));
  const questions = async () => (await runOperation(stopMachine(ARM, other), other, () => undefined)).questions;
  const named = `A guest kernel is being built on it (${job?.id}): that ends too, unfinished.`;
  expect(await questions()).toMatchObject([{ title: `Stop ${ARM}?`, lines: expect.arrayContaining([named]) }]);

  rig.hosts.faults(ARM).blackhole(true);
  expect(await questions()).toMatchObject([{ title: `Stop ${ARM}?`, lines: expect.not.arrayContaining([named]) }]);
  const { link } = await until(run, (now) => now.link.state === "lost");
  expect(link).toMatchObject({ sentence: expect.stringContaining(ARM) });

  rig.hosts.faults(ARM).blackhole(false);
  await until(run, (now) => now.link.state === "following");
  rig.hosts.kernels.hold(false);
  await done(run);
  expect(logOf(run)).toBe(rig.remoteLog(job?.id ?? ""));
  expect(view().job).toMatchObject({ id: job?.id, state: "succeeded" });
});
