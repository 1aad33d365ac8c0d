import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { standingOf } from "../../../ops/kernel/kernels.ts";
import type { Run } from "../../../ops/operation/run.ts";
import { when } from "../../../ops/store.ts";
import { PERSISTENT, STORY_IDS } from "../../simulator/story.ts";
import { ARM, build, compiling, done, type KernelRig, logOf, startRig, until, X86 } from "./rig.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });
let rig: KernelRig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

const jobs = ".local/state/snowglobe-kernel/jobs";
const remoteLog = (id: string) => readFileSync(join(rig.homeOn(ARM), jobs, id, "log"), "utf8").trimEnd();
/** A cut between two connections cuts nothing: it is repeated until it is felt. */
async function cutUntilLost(run: Run) {
  const cutting = setInterval(rig.hosts.faults(ARM).cut, 50);
  try {
    return await until(run, ({ link }) => link.state === "lost");
  } finally {
    clearInterval(cutting);
  }
}

const places = () => readdirSync(join(rig.homeOn(ARM), ".local/share/snowglobe/kernel")).sort();

test("guest or host is asked once, the log comes over whole, and what is unchanged is over at once", async () => {
  const ops = rig.computer();
  const first = build(ops, ARM, { kind: undefined });
  await done(first.run);
  expect(first.questions).toHaveLength(1);
  expect(first.questions[0]).toMatchObject({
    kind: "choose",
    lines: expect.arrayContaining([
      "Linux 6.18.3 with mmfr4-override, nv2-vsock-cache-sync, nv2-vsock-rx-barrier, vncr-fixmap-state.",
      "Guest: the first guest kernel of this machine.",
    ]),
    choices: [
      { id: "cancel" },
      { id: "guest", detail: expect.stringContaining("a minute on 64 vCPUs") },
      { id: "host" },
    ],
  });
  const view = first.view();
  expect(logOf(first.run)).toBe(remoteLog(view.job?.id ?? ""));
  expect(logOf(first.run)).toContain("\n  CC      init/main.o\n");
  expect(view).toMatchObject({
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

  const second = build(ops, ARM, { kind: undefined });
  expect(await second.run.finished).toMatchObject({
    status: "nothing-to-do",
    next: expect.stringMatching(
      /^It is ~\/\.local\/state\/snowglobe-kernel\/artefacts\/vmlinux-6\.18\.3-\w{12}\.bin\.$/,
    ),
  });
  expect(second.questions[0]?.lines).toContain("Guest: nothing changed here since its last guest kernel.");
  expect(ops.kernels.get()[ARM]?.jobs).toHaveLength(2);
  expect(places()).toHaveLength(2);

  // One patch is changed here: that file alone goes over, the question names it, and what is there already stays.
  appendFileSync(join(rig.kernelDir, "patches/mmfr4-override.patch"), "\n");
  const third = build(rig.computer("other"), ARM, { kind: undefined });
  await done(third.run);
  expect(third.questions[0]?.lines).toContain("Guest: since its last guest kernel: mmfr4-override.patch changed.");
  expect(third.run.get().steps.find(({ id }) => id === "bring")?.detail).toBe("new there: 1 files");
  expect(places()).toHaveLength(3);
  expect(places().filter((name) => name.startsWith("part"))).toEqual([]);
});

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
    expect(logOf(run)).toBe(remoteLog(view().job?.id ?? ""));
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
        const [own] = await when(ops.operations, (all) => all.length > 0, AbortSignal.timeout(30_000));
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
      expect(logOf(one)).toBe(remoteLog(job?.id ?? ""));
    }
    // Each writes to a file of its own, and the one job is followed once.
    expect(new Set([run, ...runs].map((one) => one.kernel?.get().log?.path)).size).toBe(3);
    expect(again.map((ops) => ops.operations.get().length)).toEqual([1, 1]);
  });

  test("two who start at once get one build, and the second is told", async () => {
    const both = [
      build(rig.computer(), ARM, { kind: "guest" }),
      build(rig.computer("desktop"), ARM, { kind: "guest" }),
    ];
    const ids = await Promise.all(both.map(async ({ run }) => (await until(run, compiling)).job?.id));
    expect(ids[0]).toBe(ids[1]);
    expect(readdirSync(join(rig.homeOn(ARM), jobs))).toHaveLength(1);
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
      sentence: expect.stringMatching(/^The build on fcvm-metal-arm was stopped \(at 0 of 2530 files\)/),
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
      sentence: expect.stringMatching(/could not be stopped: .*It goes on there\.$/),
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
        sentence: expect.stringContaining("fcvm-metal-arm was"),
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
    const [before] = places();
    for (let change = 0; change < 3; change += 1) {
      writeFileSync(join(rig.kernelDir, "config/guest.config"), `# ${change}\n`, { flag: "a" });
      const other = build(rig.computer(`other-${change}`), ARM, { kind: "guest" });
      await until(other.run, compiling);
    }
    expect(places()).toContain(before);
    expect(places()).toHaveLength(5);
    rig.hosts.kernels.hold(false);
    await done(run);
    expect(view().job?.state).toBe("succeeded");
  });
});

test("a host kernel is built, installed, tried by one boot that is asked for, and made the default", async () => {
  const ops = rig.computer();
  const answers: string[] = [];
  const { run, view } = build(ops, ARM, { kind: "host" }, ({ title }) => {
    answers.push(title);
    return "yes";
  });
  const outcome = await run.finished;
  expect(outcome, JSON.stringify(run.get().steps, null, 1)).toMatchObject({ status: "done" });
  expect(answers).toEqual([expect.stringMatching(/^Reboot fcvm-metal-arm into 6\.18\.3-nested-dsb/)]);
  expect(view()).toMatchObject({ kind: "host", job: { state: "succeeded" }, progress: { phase: "done" } });
  expect(run.get().log.map(({ text }) => text)).toContainEqual(expect.stringContaining("The first host kernel"));
  // The machine's own account of it: ours, and as new as what is here.
  const facts = ops.kernels.get()[ARM];
  expect(standingOf("6.18.3-nested-dsb", Date.now(), facts)).toEqual({ nestedDsb: true, age: "current", changes: [] });
  expect(standingOf("6.8.0-1021-aws", Date.now(), facts)).toMatchObject({ nestedDsb: false, age: "unknown" });
});

test("a trial that was not agreed to waits, and the next one who asks for a host kernel goes on with it", async () => {
  const ops = rig.computer();
  const first = build(ops, ARM, { kind: "host" }, () => undefined);
  await first.run.finished;
  expect(first.questions).toHaveLength(1);
  const second = build(ops, ARM, { kind: undefined }, ({ kind }) => (kind === "choose" ? "host" : "yes"));
  await done(second.run);
  expect(second.view().job).toBeUndefined();
  expect(ops.kernels.get()[ARM]?.jobs).toHaveLength(1);
});

test("refusals are sentences: the jumpbox, a host kernel on x86, a full disk, a build by hand", async () => {
  const ops = rig.computer();
  const ended = (machine: Parameters<typeof build>[1], kind: "guest" | "host") =>
    build(ops, machine, { kind }).run.finished;
  expect(await ended("jumpbox", "guest")).toMatchObject({
    status: "blocked",
    sentence: "The jumpbox builds no kernels: it has 2 vCPUs, and it is no hypervisor.",
  });
  expect(await ended(X86, "host")).toMatchObject({ status: "blocked", sentence: expect.stringContaining("arm only") });
  writeFileSync(join(rig.hosts.volumePath(PERSISTENT[ARM].volumeId), ".free"), "1\n");
  expect(await ended(ARM, "guest")).toMatchObject({
    status: "failed",
    failure: { code: "BUILD_FAILED", sentence: expect.stringMatching(/^A guest kernel needs 10 GB/) },
  });
  expect(existsSync(join(rig.homeOn(ARM), jobs))).toBe(true);
});
