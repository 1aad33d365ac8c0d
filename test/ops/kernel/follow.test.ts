import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Run } from "../../../ops/operation/run.ts";
import { when } from "../../../ops/store.ts";
import { PATIENCE_MS } from "../../harness/grid.ts";
import { STORY_IDS } from "../../simulator/story.ts";
import { ARM, build, compiling, done, type KernelRig, logOf, startRig, until } from "./rig.ts";

let rig: KernelRig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

/** A cut between two connections cuts nothing: it is repeated until it is felt. */
async function cutUntilLost(run: Run) {
  const cutting = setInterval(rig.hosts.faults(ARM).cut, 50);
  try {
    return await until(run, ({ link }) => link.state === "lost");
  } finally {
    clearInterval(cutting);
  }
}

describe("a build that is held", () => {
  beforeEach(() => rig.hosts.kernels.hold(true));

  test("outlives cut links: said while it lasts, and not a byte is lost or doubled", async () => {
    const { run, view } = build(rig.computer(), ARM, { kind: "guest" });
    await until(run, compiling);
    expect(run.get().harmlessToDrop).toBe(true);
    for (let cut = 0; cut < 3; cut += 1) {
      const lost = await cutUntilLost(run);
      expect(lost.link).toMatchObject({
        sentence: expect.stringMatching(/^fcvm-metal-arm /),
        since: expect.any(Number),
      });
      await until(run, ({ link }) => link.state === "following");
    }
    rig.hosts.kernels.hold(false);
    await done(run);
    expect(logOf(run)).toBe(rig.remoteLog(view().job?.id ?? ""));
  });

  test("is followed at once by the next cockpit of this computer, and by another's, without a key", async () => {
    const before = rig.computer();
    const { run } = build(before, ARM, { kind: "guest" });
    const { job } = await until(run, compiling);
    const again = [rig.computer(), rig.computer("desktop")];
    for (const ops of again) {
      ops.fleet.start();
      ops.probes.start();
      ops.buildWatch.start();
    }
    const runs = await Promise.all(
      again.map(async (ops) => {
        const [own] = await when(ops.operations, (all) => all.length > 0, AbortSignal.timeout(PATIENCE_MS));
        if (!own) throw new Error("nothing was started");
        const view = await until(own, compiling);
        expect(view.job?.id).toBe(job?.id);
        expect(own.get()).toMatchObject({ harmlessToDrop: true, question: undefined });
        return own;
      }),
    );
    rig.hosts.kernels.hold(false);
    for (const one of [run, ...runs]) {
      await done(one);
      expect(logOf(one)).toBe(rig.remoteLog(job?.id ?? ""));
    }
    // Of one computer, both write the same bytes to one file; and the one job is followed once.
    expect(new Set([run, ...runs].map((one) => one.kernel?.get().log?.path)).size).toBe(2);
    expect(again.map((ops) => ops.operations.get().length)).toEqual([1, 1]);
  });

  test("two who start at once get one build, and the second is told", async () => {
    const both = [
      build(rig.computer(), ARM, { kind: "guest" }),
      build(rig.computer("desktop"), ARM, { kind: "guest" }),
    ];
    const ids = await Promise.all(both.map(async ({ run }) => (await until(run, compiling)).job?.id));
    expect(ids[0]).toBe(ids[1]);
    expect(readdirSync(rig.jobs())).toHaveLength(1);
    expect(both.flatMap(({ run }) => run.get().log.filter(({ text }) => /is followed \(job/.test(text)))).toHaveLength(
      1,
    );
    expect(both.flatMap(({ questions }) => questions)).toEqual([]);
  });

  test("is stopped by a cancel, said so, and another build goes on where it was", async () => {
    const ops = rig.computer();
    const { run, view } = build(ops, ARM, { kind: "guest" });
    await until(run, compiling);
    run.cancel();
    expect(await run.finished).toMatchObject({
      status: "cancelled",
      sentence: expect.stringMatching(/^The build on fcvm-metal-arm was cancelled \(at \d of 2530 files\)/),
    });
    expect(view()).toMatchObject({ job: { state: "cancelled" }, link: { state: "none" } });
    rig.hosts.kernels.hold(false);
    await done(build(ops, ARM, { kind: "guest" }).run);
  });

  test("a cancel that cannot reach the machine says that the build goes on", async () => {
    const { run } = build(rig.computer(), ARM, { kind: "guest" });
    await until(run, compiling);
    rig.hosts.faults(ARM).refuseKeys(true);
    run.cancel();
    expect(await run.finished).toMatchObject({
      status: "cancelled",
      sentence: expect.stringMatching(/could not be cancelled: .*It goes on there\.$/),
    });
    rig.hosts.faults(ARM).refuseKeys(false);
  });

  test("a machine that is stopped under it ends the run with what to do", async () => {
    const { run } = build(rig.computer(), ARM, { kind: "guest" });
    await until(run, compiling);
    rig.simulator.apply({ name: "StopInstances", instanceIds: [STORY_IDS.arm] });
    expect(await run.finished).toMatchObject({
      status: "failed",
      failure: {
        code: "BUILD_LOST",
        sentence: expect.stringContaining("fcvm-metal-arm was stopped"),
        action: expect.stringContaining("make kernel-arm"),
      },
    });
  });

  test("a machine that AWS takes back ends the run, and says whose doing it was", async () => {
    const { run, view } = build(rig.computer(), ARM, { kind: "guest" });
    await until(run, compiling);
    rig.simulator.happen({ name: "notice-interruption", instanceId: STORY_IDS.arm });
    expect(await run.finished).toMatchObject({
      status: "failed",
      failure: { code: "BUILD_LOST", sentence: expect.stringMatching(/^AWS took fcvm-metal-arm back|was taken back/) },
    });
    expect(["interrupted", "lost"]).toContain(view().job?.state);
  });

  test("bringing over anew disturbs nothing that runs", async () => {
    const { run, view } = build(rig.computer(), ARM, { kind: "guest" });
    await until(run, compiling);
    const [before] = rig.places();
    for (let change = 0; change < 3; change += 1) {
      writeFileSync(join(rig.kernelDir, "config/guest.config"), `# ${change}\n`, { flag: "a" });
      const other = build(rig.computer(`other-${change}`), ARM, { kind: "guest" });
      await until(other.run, compiling);
    }
    expect(rig.places()).toContain(before);
    expect(rig.places()).toHaveLength(5);
    rig.hosts.kernels.hold(false);
    await done(run);
    expect(view().job?.state).toBe("succeeded");
  });
});
