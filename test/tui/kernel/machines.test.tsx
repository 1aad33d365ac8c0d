import { expect, it } from "vitest";
import { whyNot } from "../../../ops/actions.ts";
import type { KernelFacts } from "../../../ops/kernel/kernels.ts";
import { fakeOps } from "../../harness/fakes.ts";
import { aFleet, aProbe, live, NOW } from "../../harness/fleets.ts";
import { onScreen } from "../fleet/on-screen.tsx";
import { aJob } from "./scripted-build.ts";

const HOST = aJob({
  kind: "host",
  state: "succeeded",
  phase: "done",
  startedAt: NOW - 90_000_000,
  endedAt: NOW - 86_400_000,
});

const facts = (changes: readonly string[], jobs = [HOST]): KernelFacts => ({
  jobs,
  changes: new Map([[HOST.hash, changes]]),
  version: "6.18.3",
});

const LARGE = [200, 50] as const;
const probes = { "fcvm-metal-arm": aProbe(), "fcvm-metal-x86": aProbe({ kernel: "6.8.0-1021-aws", nestedDsb: false }) };

it("each machine shows whether its kernel has the patches, and its last build", async () => {
  const ops = fakeOps({ fleet: live(aFleet()), probes, kernels: { "fcvm-metal-arm": facts([]) } });
  await onScreen({ ops }, LARGE, async (screen) => {
    const text = screen.text();
    expect(text).toContain("6.18.3-nested-dsb ✓ with the patches here");
    expect(text).toMatch(/last build +host 6\.18\.3 +built in 1 h +1 d ago/);
    ops.cells.kernels.set({ "fcvm-metal-arm": facts(["nv2-vsock-rx-barrier.patch changed"]) });
    await screen.waitFor("6.18.3-nested-dsb ▲ older than the patches here");
    expect(screen.text()).toContain("nv2-vsock-rx-barrier.patch changed");
    expect(screen.text()).toContain("6.18.3-nested-dsb ▲ older ");
  });
  await onScreen({ ops, selected: "fcvm-metal-x86" }, LARGE, (screen) => {
    expect(screen.text()).toContain("6.8.0-1021-aws unpatched");
  });
});

it("a build that failed is told with its reason, one that runs as under way", async () => {
  const failed = aJob({ state: "failed", endedAt: NOW - 120_000, reason: "The disk is full." });
  const ops = fakeOps({ fleet: live(aFleet()), probes, kernels: { "fcvm-metal-arm": facts([], [failed]) } });
  await onScreen({ ops }, LARGE, async (screen) => {
    expect(screen.text()).toMatch(/last build +guest 6\.18\.3 +failed +2 min ago +The disk is full\./);
    expect(screen.text()).toContain("6.18.3-nested-dsb ✓ patched");
    const running = aProbe({ build: { id: failed.id, kind: "guest" } });
    ops.cells.probes.set({ "fcvm-metal-arm": running });
    await screen.waitFor((text) => /last build +guest 6\.18\.3 +under way/.test(text));
  });
});

it("k says why it builds nothing on the jumpbox, and on a machine that is not there", () => {
  const { machines } = aFleet({ "fcvm-metal-arm": { phase: "absent" }, "fcvm-metal-x86": { phase: "stopped" } });
  expect(whyNot("kernel", machines.jumpbox)).toBe("jumpbox builds no kernels");
  expect(whyNot("kernel", machines["fcvm-metal-arm"])).toBe("there is no fcvm-metal-arm in this account");
  expect(whyNot("kernel", machines["fcvm-metal-x86"])).toBeUndefined();
  expect(whyNot("kernel", undefined)).toBe("no machine has been seen yet");
});
