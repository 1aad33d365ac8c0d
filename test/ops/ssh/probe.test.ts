import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../ops/clock.ts";
import { FailureError } from "../../../ops/failure.ts";
import { createProbes, type Probes } from "../../../ops/ssh/probe.ts";
import { when } from "../../../ops/store.ts";
import { type Rig, startRig } from "./rig.ts";

const ARM = "fcvm-metal-arm";
let rig: Rig;
let probes: Probes;

beforeEach(async () => {
  rig = await startRig({ jumpbox: { phase: "stopped" }, "fcvm-metal-x86": { phase: "running", root: "temporary" } });
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
  await rig.story({ [ARM]: { phase: "running", root: "temporary", upFor: 1000 } });
  rig.hosts.faults(ARM).refuseKeys(false);
  const again = (await when(probes, (state) => state[ARM] !== undefined))[ARM];
  expect(again?.at).toBeGreaterThan(first?.at ?? 0);
  expect(again?.nestedDsb).toBe(false);
});

test("whoever knows of a change has it probed at once, also where it did not answer so far, or is being probed", async () => {
  probes.stop();
  // Minutes are minutes here; only the stagger is cut short.
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms > 4000 ? 3_600_000 : 1, signal),
  };
  const asked: string[] = [];
  let hold: Promise<void> | undefined;
  probes = createProbes(clock, rig.fleet, {
    ...rig.channel,
    run: async (machine, ...rest) => {
      asked.push(machine);
      const answer = await rig.channel.run(machine, ...rest);
      await hold;
      return answer;
    },
  });
  const times = () => asked.filter((machine) => machine === ARM).length;
  rig.hosts.faults(ARM).refuseKeys(true);
  probes.start();
  await expect.poll(times).toBe(1);
  await when(probes, (state) => state["fcvm-metal-x86"] !== undefined);
  rig.hosts.faults(ARM).refuseKeys(false);
  let release = () => {};
  hold = new Promise((resolve) => {
    release = resolve;
  });
  await expect
    .poll(() => {
      if (times() < 2) probes.again(ARM);
      return times();
    })
    .toBe(2);
  // That one is under way.
  probes.again(ARM);
  release();
  await expect.poll(times).toBe(3);
  await when(probes, (state) => state[ARM] !== undefined);
  expect(asked.filter((machine) => machine !== ARM)).toHaveLength(1);
});

test("another host key is told of, by what it was refused with, until the machine shows its own again", async () => {
  probes.stop();
  let answer: Error | undefined = new FailureError({
    kind: "refused",
    code: "HOST_KEY_CHANGED",
    sentence: "WARNING: it shows another host key.",
  });
  probes = createProbes(systemClock, rig.fleet, {
    ...rig.channel,
    run: async (machine) => {
      if (answer && machine === ARM) throw answer;
      return { code: 0, stdout: "" };
    },
  });
  probes.start();
  await when(probes.strangers, (all) => all[ARM]?.sentence.startsWith("WARNING") === true);
  expect(Object.keys(probes.strangers.get())).toEqual([ARM]);
  answer = new FailureError({ kind: "offline", sentence: "It does not answer." });
  probes.again(ARM);
  expect(Object.keys(probes.strangers.get())).toEqual([ARM]);
  answer = undefined;
  await expect
    .poll(() => {
      probes.again(ARM);
      return probes.strangers.get();
    })
    .toEqual({});
});

test("it says nothing after it was stopped", async () => {
  await when(probes, (state) => state[ARM] !== undefined);
  probes.stop();
  const held = probes.get();
  await rig.story({});
  expect(probes.get()).toBe(held);
});
