import { spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Builder, makeBuilder, whatLacks } from "./builder.ts";

const lacking = whatLacks();
// A machine that builds a real kernel beside this is slow.
const jobs = "home/.local/state/snowglobe-kernel/jobs";
let builder: Builder;

interface Status {
  readonly id: string;
  readonly state: string;
  readonly phase: string;
  readonly exit: number | null;
  readonly [field: string]: unknown;
}

async function call(...args: string[]): Promise<{ code: number; jobs: Status[]; failed: string }> {
  const { code, lines, failed } = await builder.run("job.sh", ...args);
  return { code, failed, jobs: lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Status) };
}

const newest = async () => (await call("status")).jobs[0];
const ended = (state: string) => expect.poll(async () => (await newest())?.state, { interval: 100 }).toBe(state);
const hold = () => {
  builder.environment.HOLD = builder.path("hold");
  builder.write("", "hold");
};
const compiling = () => expect.poll(async () => (await newest())?.phase, { interval: 100 }).toBe("compile");

describe.skipIf(lacking)(`job.sh${lacking ? ` (skipped: no ${lacking})` : ""}`, () => {
  beforeEach(async () => {
    builder = await makeBuilder();
  });
  afterEach(async () => {
    await builder.run("job.sh", "cancel");
    await builder.close();
  });

  test("a job outlives its caller, tells all of itself by its directory, and an unchanged one is over at once", async () => {
    expect((await call("status")).jobs).toEqual([]);
    hold();
    const started = await call("start", "guest");
    expect(started.code).toBe(0);
    const job = started.jobs[0];
    expect(job).toMatchObject({
      kind: "guest",
      version: "6.18.3",
      state: "running",
      exit: null,
      ended: null,
      unit: expect.stringMatching(/^pid \d+$/),
    });
    expect(job?.id).toMatch(/^\d{8}T\d{9}-guest$/);
    await compiling();
    expect(await newest()).toMatchObject({ hash: expect.stringMatching(/^[0-9a-f]{12}$/), total: 2530 });
    rmSync(builder.path("hold"));
    await ended("succeeded");
    const done = await newest();
    expect(done).toMatchObject({
      id: job?.id,
      exit: 0,
      phase: "done",
      unchanged: false,
      reason: "",
      ended: expect.any(Number),
    });
    expect(existsSync(String(done?.artefact))).toBe(true);
    const log = builder.read(jobs, String(job?.id), "log");
    expect(log).not.toContain("Terminated");
    expect(done?.bytes).toBe(Buffer.byteLength(log));
    expect(log).toContain("  CC      init/main.o\n");
    expect(JSON.parse(builder.read(jobs, String(job?.id), "meta.json"))).toEqual({
      id: job?.id,
      kind: "guest",
      version: "6.18.3",
      hash: done?.hash,
      host: expect.any(String),
      unit: job?.unit,
      started: job?.started,
    });
    expect(readdirSync(builder.path(jobs, String(job?.id))).filter((name) => /\.\w{6}$/.test(name))).toEqual([]);
    await call("start", "guest");
    await ended("succeeded");
    expect(await newest()).toMatchObject({ unchanged: true, exit: 0 });
    expect((await call("status")).jobs.map((one) => one.id)).toHaveLength(2);
  });

  test("two people who start at once: one build, and both are told of the same", async () => {
    hold();
    const [one, two] = await Promise.all([call("start", "guest"), call("start", "guest")]);
    expect([one?.code, two?.code].sort()).toEqual([0, 75]);
    expect(one?.jobs[0]?.id).toBe(two?.jobs[0]?.id);
    expect(readdirSync(builder.path(jobs))).toHaveLength(1);
  });

  test("a cancel ends the build and all that it started, and is told apart from a failure", async () => {
    hold();
    await call("start", "guest");
    await compiling();
    const cancelled = await call("cancel");
    expect(cancelled.jobs[0]).toMatchObject({ state: "cancelled", phase: "compile" });
    expect(cancelled.jobs[0]?.exit).not.toBe(0);
    expect(builder.read(jobs, String(cancelled.jobs[0]?.id), "log")).not.toContain("Terminated");
    // The lock is free, so the next one starts, and goes on where this one was.
    rmSync(builder.path("hold"));
    expect((await call("start", "guest")).code).toBe(0);
    await ended("succeeded");
    expect((await call("cancel")).jobs[0]?.state).toBe("succeeded");
  });

  test("a failed build says why in its status", async () => {
    builder.write("1", "free");
    await call("start", "guest");
    await ended("failed");
    expect(await newest()).toMatchObject({
      exit: 1,
      phase: "check",
      reason: expect.stringMatching(/^A guest kernel needs 10 GB/),
    });
  });

  test("a runner that was killed outright leaves a lost job; one ended by a shutdown an interrupted one; AWS's notice is noted", async () => {
    hold();
    const killed = (await call("start", "guest")).jobs[0];
    await compiling();
    const session = Number(String(killed?.unit).slice(4));
    await builder.run("../bin/end-session", String(session), "KILL");
    await ended("lost");
    expect(await newest()).toMatchObject({ exit: null, phase: "compile" });
    const down = (await call("start", "guest")).jobs[0];
    await compiling();
    process.kill(Number(String(down?.unit).slice(4)), "SIGTERM");
    await ended("interrupted");
    const noticed = (await call("start", "guest")).jobs[0];
    await compiling();
    builder.mirror.files.set("/metadata/latest/api/token", Buffer.from("token"));
    builder.mirror.files.set("/metadata/latest/meta-data/spot/instance-action", Buffer.from('{"action":"stop"}'));
    await expect.poll(() => existsSync(builder.path(jobs, String(noticed?.id), "interrupted"))).toBe(true);
    rmSync(builder.path("hold"));
    await ended("succeeded");
    await call("start", "guest");
    await ended("interrupted");
    expect(await newest()).toMatchObject({
      exit: 1,
      reason: "AWS takes this machine back within two minutes, so nothing was begun. Build when it runs again.",
    });
    expect(builder.read(jobs, String(noticed?.id), "log")).toContain(
      "==> note AWS takes this machine back within two minutes.",
    );
  });

  test("a host's job builds, installs and arms the trial boot, and ends there", async () => {
    builder.environment.BUILD_DIR = builder.path("build-host");
    builder.write("image\n", "root/boot/vmlinuz-6.8.0-1021-aws");
    builder.write("", "root/boot/grub/grubenv");
    await builder.run("../bin/update-grub");
    expect((await call("start", "host")).jobs[0]).toMatchObject({ kind: "host" });
    await ended("succeeded");
    const done = await newest();
    expect(done).toMatchObject({
      phase: "done",
      artefact: expect.stringMatching(/vmlinuz-6\.18\.3-nested-dsb-\w{12}$/),
    });
    const phases = [...builder.read(jobs, String(done?.id), "log").matchAll(/^==> phase (\w+)$/gm)].map(
      ([, name]) => name,
    );
    expect(phases.slice(-3)).toEqual(["prove", "install", "done"]);
    expect(builder.read("root/boot/grub/grubenv")).toContain(
      "next_entry=gnulinux-advanced-1234-UUID>gnulinux-6.18.3-nested-dsb-advanced-1234-UUID",
    );
  });

  test("a promoted host kernel is unchanged also after the reboot that emptied /tmp: nothing is built, no trial armed", async () => {
    builder.environment.BUILD_DIR = builder.path("build-host");
    builder.write("", "root/boot/grub/grubenv");
    builder.write("", "root/dev/kvm");
    builder.write("", "root/sys/class/nvme/nvme0/model");
    const ours = "6.18.3-nested-dsb";
    const reboot = (release: string, boot: string) => {
      rmSync(builder.path("build-host"), { recursive: true, force: true });
      builder.write(`${boot}\n`, "root/proc/sys/kernel/random/boot_id");
      builder.environment.RUNNING = release;
    };
    const build = async () => {
      rmSync(builder.path("calls"), { force: true });
      await call("start", "host");
      await ended("succeeded");
      const done = await newest();
      const log = builder.read(jobs, String(done?.id), "log");
      const calls = existsSync(builder.path("calls")) ? builder.read("calls") : "";
      return { done, log, armed: calls.includes("grub-reboot"), compiled: log.includes("  CC ") };
    };
    // An upgrade brought a newer one, which nobody has booted: what is built on stays the same.
    for (const release of ["6.8.0-1021-aws", "6.8.0-1030-aws"]) {
      builder.write(`image of ${release}\n`, `root/boot/vmlinuz-${release}`);
      builder.write(`CONFIG_OF="${release}"\n`, `root/boot/config-${release}`);
    }
    reboot("6.8.0-1021-aws", "one");
    await builder.run("../bin/update-grub");
    expect(await build()).toMatchObject({ armed: true, compiled: true, done: { unchanged: false } });
    const waiting = await build();
    expect(waiting).toMatchObject({ armed: false, compiled: false, done: { unchanged: true } });
    expect(waiting.log).toContain("the next boot is its trial.");
    // It did not last: the same once more needs no compiler.
    reboot("6.8.0-1021-aws", "two");
    const again = await build();
    expect(again).toMatchObject({ armed: true, compiled: false, done: { unchanged: true } });
    expect(again.log).toContain(`==> note This same ${ours} has had a trial`);
    reboot(ours, "three");
    expect((await builder.run("install-host.sh", "promote")).failed).toBe("");
    const promoted = await build();
    expect(promoted).toMatchObject({ armed: false, compiled: false, done: { unchanged: true, phase: "done" } });
    expect(promoted.log).toMatch(/^==> unchanged$/m);
    expect(promoted.log).toContain("This machine runs this 6.18.3-nested-dsb already");
    expect(promoted.done?.artefact).toMatch(/vmlinuz-6\.18\.3-nested-dsb-\w{12}$/);
    // The image that was kept may be gone; other inputs are another kernel.
    rmSync(String(promoted.done?.artefact));
    expect((await build()).done).toMatchObject({ artefact: builder.path("root/boot", `vmlinuz-${ours}`) });
    builder.write(`${builder.read("kernel/config/host.config")}CONFIG_TUN=m\n`, "kernel/config/host.config");
    expect(await build()).toMatchObject({ armed: true, compiled: true, done: { unchanged: false } });
  });

  test("under systemd: a transient unit of the heartbeat's name, upgrades and a planned reboot held off, a cancel stops the unit", async () => {
    builder.write("", "root/run/systemd/system/here");
    builder.write("", "root/run/systemd/shutdown/scheduled");
    builder.write("", "root/var/lib/apt/daily_lock");
    hold();
    const job = (await call("start", "guest")).jobs[0];
    expect(job).toMatchObject({ state: "running", unit: `snowglobe-kernel-${job?.id}.service` });
    await compiling();
    const asked = builder.read("calls");
    expect(asked).toContain(`systemd-run --quiet --collect --unit=snowglobe-kernel-${job?.id} `);
    expect(asked).toMatch(/--property=OOMPolicy=continue .*--setenv=HOME=.*\/job\.sh run \d+T\d+-guest\n/);
    expect(asked).toContain("shutdown -c\n");
    const upgradesHeld = async () =>
      (await builder.run("../bin/is-locked", builder.path("root/var/lib/apt/daily_lock"))).code === 0;
    await expect.poll(upgradesHeld).toBe(true);
    await expect.poll(() => existsSync(builder.path(jobs, String(job?.id), "upgrades-held"))).toBe(true);
    expect((await call("cancel")).jobs[0]).toMatchObject({ state: "cancelled" });
    expect(builder.read("calls")).toContain(`systemctl stop snowglobe-kernel-${job?.id}.service\n`);
    await expect.poll(upgradesHeld).toBe(false);
  });

  test("a build by hand is respected; nonsense is refused", async () => {
    hold();
    const byHand = spawn(builder.path("kernel/build.sh"), [], { env: builder.environment, stdio: "ignore" });
    await expect.poll(() => existsSync(builder.path("build/linux-6.18.3/.config"))).toBe(true);
    const refused = await call("start", "guest");
    expect(refused.code).toBe(1);
    expect(refused.failed).toBe("A kernel is being built on this machine by hand. Wait for its end.");
    rmSync(builder.path("hold"));
    await new Promise((done) => byHand.once("exit", done));
    for (const args of [[], ["start"], ["start", "both"], ["status", "x"]]) {
      const { code } = await call(...args);
      expect(code).toBe(2);
    }
  });
});
