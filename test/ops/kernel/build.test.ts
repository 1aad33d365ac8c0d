import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { kernelStanding } from "../../../ops/kernel/kernels.ts";
import { PERSISTENT } from "../../simulator/story.ts";
import { ARM, build, done, type KernelRig, logOf, startRig, X86 } from "./rig.ts";

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
    lines: expect.arrayContaining(["Linux 6.18.3 with 7 patches.", "Guest: the first guest kernel of this machine."]),
    choices: [
      { id: "cancel" },
      { id: "guest", detail: "about a minute and the download; for Firecracker microVMs" },
      { id: "host" },
    ],
  });
  const view = first.view();
  expect(logOf(first.run)).toBe(rig.remoteLog(view.job?.id ?? ""));
  expect(logOf(first.run)).toContain("\n  CC      init/main.o\n");
  expect(view).toMatchObject({
    kind: "guest",
    job: { state: "succeeded", unchanged: false },
    progress: { phase: "done", compiled: 12, total: 2530 },
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
  expect(rig.places()).toHaveLength(2);

  // One patch is changed here: that file alone goes over, the question names it, and what is there already stays.
  appendFileSync(join(rig.kernelDir, "patches/mmfr4-override.patch"), "\n");
  const third = build(rig.computer("other"), ARM, { kind: undefined });
  await done(third.run);
  expect(third.questions[0]?.lines).toContain("Guest: since its last guest kernel: mmfr4-override.patch changed.");
  expect(third.run.get().steps.find(({ id }) => id === "bring")?.detail).toBe("1 file copied");
  expect(rig.places()).toHaveLength(3);
  expect(rig.places().filter((name) => name.startsWith("part"))).toEqual([]);
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
  expect(kernelStanding("6.18.3-nested-dsb", Date.now(), facts)).toEqual({
    nestedDsb: true,
    age: "current",
    changes: [],
  });
  expect(kernelStanding("6.8.0-1021-aws", Date.now(), facts)).toMatchObject({ nestedDsb: false, age: "unknown" });
});

test("a trial that was not agreed to waits, and the next one who asks for a host kernel goes on with it", async () => {
  const ops = rig.computer();
  const first = build(ops, ARM, { kind: "host" }, () => undefined);
  await first.run.finished;
  expect(first.questions).toHaveLength(1);
  const second = build(ops, ARM, { kind: undefined }, ({ kind }) => (kind === "choose" ? "host" : "yes"));
  await done(second.run);
  expect(second.view()).toMatchObject({ job: undefined, kind: "host" });
  expect(ops.kernels.get()[ARM]?.jobs).toHaveLength(1);
});

test("an error of the compiler ends the build: found with its file and line, and said", async () => {
  rig.hosts.kernels.publish((tree) => appendFileSync(join(tree, "init/main.c"), "#error broken\n"));
  const { run, view } = build(rig.computer(), ARM, { kind: "guest" });
  expect(await run.finished).toMatchObject({
    status: "failed",
    failure: { code: "BUILD_FAILED", sentence: expect.stringMatching(/^make ended with an error/) },
  });
  const [first] = view().findings;
  // What make and build.sh say of it is no other one.
  expect(view()).toMatchObject({ errors: 1, findings: [first] });
  expect(first).toMatchObject({ severity: "error", file: "init/main.c", line: 2, column: 2, text: "#error broken" });
  expect(view().log?.slice(first?.at ?? 0, (first?.at ?? 0) + 1)).toEqual(["init/main.c:2:2: error: #error broken"]);
  expect(run.get().log.filter(({ stream }) => stream === "err")[0]?.text).toBe("init/main.c:2:2: #error broken");
  expect(run.get().steps.at(-1)).toMatchObject({ id: "build-compile", state: "failed" });
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
  expect(existsSync(rig.jobs())).toBe(true);
});
