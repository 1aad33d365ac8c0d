import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../ops/clock.ts";
import { createProbes } from "../../../ops/ssh/probe.ts";
import type { ProbeState } from "../../../ops/ssh/types.ts";
import { type Core, when } from "../../../ops/store.ts";
import { type Rig, startRig } from "./rig.ts";

const ARM = "fcvm-metal-arm";
let rig: Rig;
let probes: Core<ProbeState>;

beforeEach(async () => {
  rig = await startRig({ jumpbox: { phase: "stopped" }, "fcvm-metal-x86": { phase: "running", root: "throw-away" } });
  // The stagger between the machines and the minutes between probes are nothing to wait for here.
  const clock = { ...systemClock, sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal) };
  probes = createProbes(clock, rig.fleet, rig.channel);
  probes.start();
});
afterEach(async () => {
  probes.stop();
  await rig.stop();
});

test("running machines are looked at, each telling its own story", async () => {
  const seen = await when(probes, (state) => state[ARM] !== undefined && state["fcvm-metal-x86"] !== undefined);
  expect(seen[ARM]).toMatchObject({
    kernel: "6.18.3-nested-dsb",
    nestedDsb: true,
    scratch: { mounted: true, device: "/dev/nvme1n1", model: "Amazon EC2 NVMe Instance Storage" },
    load: [0.42, 0.31, 0.2],
    interruption: undefined,
  });
  expect(seen["fcvm-metal-x86"]).toMatchObject({ nestedDsb: false, scratch: undefined });
  expect(seen.jumpbox).toBeUndefined();
});

test("a machine that stops is forgotten, and looked at again when it is back", async () => {
  const first = (await when(probes, (state) => state[ARM] !== undefined))[ARM];
  await rig.story({ [ARM]: { phase: "stopping" } });
  await when(probes, (state) => state[ARM] === undefined);
  rig.hosts.faults(ARM).refuseKeys(true);
  await rig.story({ [ARM]: { phase: "running", root: "throw-away", upFor: 1000 } });
  rig.hosts.faults(ARM).refuseKeys(false);
  const again = (await when(probes, (state) => state[ARM] !== undefined))[ARM];
  expect(again?.at).toBeGreaterThan(first?.at ?? 0);
  expect(again?.nestedDsb).toBe(false);
});

test("it says nothing after it was stopped", async () => {
  await when(probes, (state) => state[ARM] !== undefined);
  probes.stop();
  const held = probes.get();
  await rig.story({});
  expect(probes.get()).toBe(held);
});
