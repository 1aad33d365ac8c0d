import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PATIENCE_MS } from "../../harness/grid.ts";
import { whatLacks } from "../../kernel/builder.ts";
import { ROOT } from "../../kernel/publish.ts";
import { type Rig, startRig } from "../../ops/ssh/rig.ts";
import { startKernelWorks } from "./kernel-works.ts";
import { markedWith } from "./processes.ts";

const ARM = "fcvm-metal-arm";
const lacking = whatLacks();
const STOCK = "6.8.0-1021-aws";
const TRIAL = "6.18.3-nested-dsb";
let rig: Rig;
let volume = "";

const run = (command: string) => rig.channel.run(ARM, rig.addressOf(ARM), command);
const say = async (command: string) => (await run(command)).stdout.trim();
const status = async () => JSON.parse((await say("~/kernel/job.sh status")).split("\n")[0] ?? "{}");
const reaches = (field: string, value: string) =>
  expect.poll(async () => (await status())[field], { interval: 50 }).toBe(value);
const answers = () => rig.channel.waitForSsh(ARM, rig.addressOf(ARM), AbortSignal.timeout(PATIENCE_MS));
const health = async () => JSON.parse(await say("~/kernel/install-host.sh health"));
/** Says reboot, and waits until another boot answers. */
const reboot = async () => {
  const before = await say("cat $SNOWGLOBE_ROOT/proc/sys/kernel/random/boot_id");
  await run("sudo -n reboot").catch(() => undefined);
  const after = () => say("cat $SNOWGLOBE_ROOT/proc/sys/kernel/random/boot_id").catch(() => before);
  await expect.poll(after, { interval: 30 }).not.toBe(before);
};

describe.skipIf(lacking)(`machines that build kernels${lacking ? ` (skipped: no ${lacking})` : ""}`, () => {
  beforeEach(async () => {
    rig = await startRig({ [ARM]: { phase: "running", root: "temporary" } });
    const id = rig.fleet.get().fleet?.machines[ARM].root?.id ?? "";
    volume = rig.hosts.volumePath(id);
    cpSync(join(ROOT, "kernel"), join(volume, "home/ubuntu/kernel"), { recursive: true });
  });
  afterEach(() => rig.stop());

  test("a guest builds for real, and goes on when its connection is closed", async () => {
    rig.hosts.kernels.hold(true);
    const { code, stdout } = await run("~/kernel/job.sh start guest");
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { state: "running", host: ARM }]);
    rig.hosts.faults(ARM).cut();
    await reaches("phase", "compile");
    rig.hosts.kernels.hold(false);
    await reaches("state", "succeeded");
    const { artefact, log } = await status();
    expect(existsSync(artefact)).toBe(true);
    expect(readFileSync(log, "utf8")).toContain("  CC      init/main.o");
  });

  test("a build dies with its machine: a stop interrupts it, a loss of power loses it, and nothing is left of either", async () => {
    rig.hosts.kernels.hold(true);
    await run("~/kernel/job.sh start guest");
    await reaches("phase", "compile");
    const mark = `SIM_BOOT=${await say("echo $SIM_BOOT")}`;
    expect(markedWith(mark).length).toBeGreaterThan(3);
    await run("sudo -n reboot").catch(() => undefined);
    await expect.poll(() => markedWith(mark).length).toBe(0);
    await answers();
    expect(await status()).toMatchObject({ state: "interrupted", phase: "compile" });
    await run("~/kernel/job.sh start guest");
    await reaches("phase", "compile");
    await rig.hosts.powerCycle(ARM);
    await answers();
    expect(await status()).toMatchObject({ state: "lost", exit: null });
  });

  test("a host kernel is installed, boots once, and stays where it is promoted", async () => {
    await run("~/kernel/job.sh start host");
    await reaches("state", "succeeded");
    expect(await say("uname -r")).toBe(STOCK);
    expect(await health()).toMatchObject({ trial: "armed", expected: TRIAL });
    await reboot();
    expect(await say("uname -r")).toBe(TRIAL);
    expect(await health()).toMatchObject({ trial: "running", healthy: true, nvme: 3, matches: true });
    await reboot();
    expect(await health()).toMatchObject({ uname: STOCK, trial: "fell-back", healthy: false });
    await run(
      "grub-reboot --boot-directory=$SNOWGLOBE_ROOT/boot 'gnulinux-advanced-1234-UUID>gnulinux-6.18.3-nested-dsb-advanced-1234-UUID'",
    );
    await reboot();
    expect(await say("~/kernel/install-host.sh promote")).toContain(`${TRIAL} is the default from now on.`);
    await reboot();
    expect(await health()).toMatchObject({ uname: TRIAL, trial: "none", healthy: true });
  });

  test("a trial that panics comes back on the old kernel; one without /dev/kvm is not healthy", async () => {
    await run("~/kernel/job.sh start host");
    await reaches("state", "succeeded");
    rig.hosts.trialFault(ARM, "panic");
    await reboot();
    expect(await health()).toMatchObject({ uname: STOCK, trial: "fell-back" });
    rig.hosts.trialFault(ARM, "no-kvm");
    await run("KERNEL_VERSION=6.18.3 ~/kernel/job.sh start host");
    await reaches("state", "succeeded");
    await reboot();
    expect(await health()).toMatchObject({ uname: TRIAL, trial: "running", kvm: false, healthy: false });
  });

  test("the source can be broken, and so can the mirror and the disk", async () => {
    rig.hosts.kernels.publish((tree) => writeFileSync(join(tree, "init/main.c"), "int x;\n#error\n"));
    rig.hosts.kernels.mirror.faults.push(5000);
    await run("~/kernel/job.sh start guest");
    await reaches("state", "failed");
    const { log } = await status();
    expect(readFileSync(log, "utf8")).toContain("init/main.c:2:2: error: #error broken");
    expect(rig.hosts.kernels.mirror.asked.filter((line) => line.includes("bytes="))).not.toEqual([]);
    writeFileSync(join(volume, ".free"), "1\n");
    rmSync(join(volume, "tmp"), { recursive: true });
    await run("~/kernel/job.sh start guest");
    await reaches("phase", "check");
    await reaches("state", "failed");
  });
});

test("where this computer lacks a tool, the machines' scripts say so instead of beginning", async () => {
  const directory = mkdtempSync(join(tmpdir(), "works-"));
  const path = process.env.PATH;
  try {
    process.env.PATH = directory;
    const bin = join(directory, "bin");
    const works = await startKernelWorks({ directory, bin, size: "small", reboot: () => {} });
    await works.stop();
    const env = { PATH: `${bin}:${path}`, SIM_PATH: path };
    const job = spawnSync(join(ROOT, "kernel/job.sh"), ["start", "guest"], { env, encoding: "utf8" });
    expect([job.status, job.stderr]).toEqual([
      1,
      expect.stringMatching(/^The demo's machines .* it has no \w+\. Install/),
    ]);
    expect(spawnSync("bash", ["-c", "echo $0 well"], { env, encoding: "utf8" }).stdout).toBe("bash well\n");
  } finally {
    process.env.PATH = path;
    rmSync(directory, { recursive: true, force: true });
  }
});
