import { afterEach, beforeEach, expect, test } from "vitest";
import { when } from "../../../ops/store.ts";
import { PATIENCE_MS } from "../../harness/grid.ts";
import { ARM, build, done, type KernelRig, startRig } from "./rig.ts";

let rig: KernelRig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

test("a host kernel of the same inputs is over at once after its promotion, and the machine is probed when its trial ends", async () => {
  const ops = rig.computer();
  ops.fleet.start();
  ops.probes.start();
  const first = build(ops, ARM, { kind: "host" }, () => "yes");
  await when(ops.probes, (state) => state[ARM] !== undefined);
  await done(first.run);
  const ended = first.run.get().endedAt ?? 0;
  expect(ended).toBeGreaterThan(0);
  await when(ops.probes, (state) => (state[ARM]?.at ?? 0) >= ended, AbortSignal.timeout(PATIENCE_MS));

  const second = build(ops, ARM, { kind: "host" }, () => "yes");
  expect(await second.run.finished).toEqual({
    status: "nothing-to-do",
    sentence: `${ARM} runs this kernel already: 6.18.3-nested-dsb is its default, and no trial is needed.`,
  });
  expect(second.questions).toEqual([]);
  expect(second.view().job).toMatchObject({ state: "succeeded", unchanged: true });
  expect(second.view().progress.compiled).toBe(0);
});
