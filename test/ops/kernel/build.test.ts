import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ARM, build, done, type KernelRig, logOf, startRig } from "./rig.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });
let rig: KernelRig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

test("guest or host is asked once, the log comes over whole, and what is unchanged is over at once", async () => {
  const ops = rig.computer();
  const first = build(ops, ARM, { kind: undefined });
  await done(first.run);
  expect(first.questions).toHaveLength(1);
  expect(first.questions[0]).toMatchObject({
    kind: "choose",
    lines: expect.arrayContaining([
      "Linux 6.18.3 with mmfr4-override, nv2-vsock-cache-sync, nv2-vsock-rx-barrier, vncr-fixmap-state.",
      "Guest: The first guest kernel of this machine.",
    ]),
    choices: [
      { id: "cancel" },
      { id: "guest", detail: expect.stringContaining("a minute on 64 vCPUs") },
      { id: "host" },
    ],
  });
  expect(logOf(first.run)).toMatch(/^==> phase check\n[^]* {2}CC {6}init\/main\.o\n[^]*==> phase done/);
  expect(first.view()).toMatchObject({
    kind: "guest",
    job: { state: "succeeded", unchanged: false },
    progress: { phase: "done", compiled: 8, total: 2530 },
    errors: 0,
    link: { state: "none" },
  });
  expect(first.run.get().steps.filter(({ state }) => state !== "done")).toEqual([]);
  expect(first.run.get().steps.map(({ id }) => id)).toEqual(
    expect.arrayContaining(["bring", "build-starting", "build-fetch", "build-compile", "build-link", "build-prove"]),
  );
  expect(existsSync(join(rig.homeOn(ARM), ".local/share/snowglobe/kernel/newest/job.sh"))).toBe(true);

  const second = build(ops, ARM, { kind: undefined });
  expect(await second.run.finished).toMatchObject({
    status: "nothing-to-do",
    next: expect.stringMatching(
      /^It is ~\/\.local\/state\/snowglobe-kernel\/artefacts\/vmlinux-6\.18\.3-\w{12}\.bin\.$/,
    ),
  });
  expect(second.questions[0]?.lines).toContain("Guest: Nothing changed here since its last guest kernel.");
  expect(ops.kernels.get()[ARM]?.jobs).toHaveLength(2);
});
