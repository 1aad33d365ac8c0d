import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Builder, makeBuilder, whatLacks } from "./builder.ts";
import { writeTree } from "./tree.ts";

const lacking = whatLacks();
const distribution = "6.8.0-1021-aws";
const ours = "6.18.3-nested-dsb";
const entry = (release: string) => `gnulinux-advanced-1234-UUID>gnulinux-${release}-advanced-1234-UUID`;
let builder: Builder;

const environment = () => builder.read("root/boot/grub/grubenv");
const install = () => builder.run("install-host.sh");
const health = async () =>
  JSON.parse((await builder.run("install-host.sh", "health")).lines.at(-1) ?? "null") as Record<string, unknown>;
const reboot = (into: string) => {
  builder.environment.RUNNING = into;
  builder.write(`boot-${into}\n`, "root/proc/sys/kernel/random/boot_id");
};
/** Every file under the fake root. */
const files = () => readdirSync(builder.path("root"), { recursive: true }).map(String).sort();

describe.skipIf(lacking)(`install-host.sh${lacking ? ` (skipped: no ${lacking})` : ""}`, () => {
  beforeEach(async () => {
    builder = await makeBuilder();
    // A machine as Ubuntu left it, and a host kernel as build.sh leaves it.
    builder.write("image of the distribution\n", `root/boot/vmlinuz-${distribution}`);
    builder.write("an older image\n", "root/boot/vmlinuz-6.8.0-1009-aws");
    builder.write("", "root/boot/grub/grubenv");
    builder.write("", "root/dev/kvm");
    mkdirSync(builder.path("root/sys/class/nvme/nvme0"), { recursive: true });
    reboot(distribution);
    await builder.run("../bin/update-grub");
    const tree = builder.path("build/linux-6.18.3");
    writeTree(tree, builder.path("kernel/patches"));
    builder.write(`${ours}\n`, "build/linux-6.18.3/include/config/kernel.release");
    for (const [name, text] of [
      ["arch/arm64/boot/Image", "image of ours\n"],
      ["System.map", "map\n"],
      [".config", "CONFIG_A=y\n"],
    ] as const)
      builder.write(text, "build/linux-6.18.3", name);
    builder.write("0123456789ab\n", "build/.built");
    rmSync(builder.path("calls"), { force: true });
  });
  afterEach(() => builder.close());

  test("the default is what runs before anything is installed; one trial boot is armed by ids", async () => {
    const done = await install();
    expect(done.failed).toBe("");
    expect(builder.read("calls").trim().split("\n")).toEqual([
      `grub-set-default ${entry(distribution)}`,
      `update-initramfs -c -k ${ours}`,
      "update-grub",
      `grub-reboot ${entry(ours)}`,
    ]);
    expect(environment()).toBe(`saved_entry=${entry(distribution)}\nnext_entry=${entry(ours)}\n`);
    expect(builder.read(`root/boot/vmlinuz-${ours}`)).toBe("image of ours\n");
    expect(builder.read(`root/boot/vmlinuz-${distribution}`)).toBe("image of the distribution\n");
    expect(existsSync(builder.path("root/lib/modules", ours, "modules.dep"))).toBe(true);
    expect(builder.read("root/etc/default/grub.d/99-snowglobe-kernel.cfg")).toBe(
      'GRUB_DEFAULT=saved\nGRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT kvm-arm.mode=nested numa=off panic=-1"\n',
    );
    expect(await health()).toMatchObject({ uname: distribution, expected: ours, trial: "armed", healthy: false });
    expect((await builder.run("install-host.sh", "promote")).failed).toBe(
      `${ours} has not been booted yet. Reboot first.`,
    );
  });

  test("a trial that comes up well is promoted, and only then", async () => {
    await install();
    reboot(ours);
    builder.environment.NO_NETWORK = "yes";
    expect(await health()).toEqual({
      uname: ours,
      default: distribution,
      built: "",
      expected: ours,
      matches: true,
      root: true,
      network: false,
      nvme: 1,
      kvm: true,
      healthy: false,
      trial: "running",
    });
    expect((await builder.run("install-host.sh", "promote")).failed).toMatch(
      /^6\.18\.3-nested-dsb runs, but not well \(root true, network false, NVMe 1, \/dev\/kvm true\)\./,
    );
    expect(environment()).toContain(`saved_entry=${entry(distribution)}\n`);
    builder.environment.NO_NETWORK = "";
    expect(await health()).toMatchObject({ healthy: true });
    const promoted = await builder.run("install-host.sh", "promote");
    expect(promoted.lines).toContain(`==> note ${ours} is the default from now on.`);
    expect(environment()).toContain(`saved_entry=${entry(ours)}\n`);
    expect(await health()).toMatchObject({ trial: "none", healthy: true, expected: "" });
  });

  test.each([
    ["ROOT_OPTIONS", "ro", { root: false }],
    ["NO_NETWORK", "yes", { network: false }],
  ])("health misses %s", async (name, value, expected) => {
    builder.environment[name] = value;
    expect(await health()).toMatchObject({ ...expected, healthy: false });
  });

  test("health misses a disk and /dev/kvm", async () => {
    rmSync(builder.path("root/sys/class/nvme/nvme0"), { recursive: true });
    rmSync(builder.path("root/dev/kvm"));
    expect(await health()).toMatchObject({ nvme: 0, kvm: false, healthy: false });
  });

  test("a trial that did not come up is said, and changes nothing", async () => {
    await install();
    reboot(distribution);
    builder.write("another-boot\n", "root/proc/sys/kernel/random/boot_id");
    expect(await health()).toMatchObject({ trial: "fell-back", matches: false, healthy: false });
    expect((await builder.run("install-host.sh", "promote")).failed).toMatch(
      /did not come up: 6\.8\.0-1021-aws runs\./,
    );
    expect(environment()).toContain(`saved_entry=${entry(distribution)}\n`);
  });

  test("built anew while it runs: its files are kept, and the distribution's kernel is the one to fall back to", async () => {
    await install();
    reboot(ours);
    await builder.run("install-host.sh", "promote");
    const build = (image: string, hash: string) => {
      builder.write(image, "build/linux-6.18.3/arch/arm64/boot/Image");
      builder.write(`${hash}\n`, "build/.built");
    };
    builder.write("those that run\n", "root/lib/modules", ours, "modules.dep");
    build("an image never booted\n", "111111111111");
    await install();
    build("a newer image\n", "222222222222");
    const again = await install();
    expect(again.failed).toBe("");
    expect(environment()).toContain(`saved_entry=${entry(distribution)}\n`);
    expect(builder.read(`root/boot/vmlinuz-${ours}`)).toBe("a newer image\n");
    expect(builder.read(`root/boot/vmlinuz-${ours}.old`)).toBe("image of ours\n");
    // What is installed now is written into the files that are there: hard links would change with them.
    expect(builder.read("root/lib/modules", `${ours}.old`, "modules.dep")).toBe("those that run\n");
    expect(builder.read("root/lib/modules", ours, "modules.dep")).toBe("one\n");
    expect(await health()).toMatchObject({ trial: "armed" });
  });

  test.each([
    [
      "ABSTRACTION",
      "lvm",
      /^GRUB cannot write its environment in .* \(ext2 lvm\s*\): a trial boot could not fall back\. Nothing was installed\.$/,
    ],
    ["ABSTRACTION", "diskfilter mdraid1x", /^GRUB cannot write its environment/],
    ["FILE_SYSTEM", "btrfs", /^GRUB cannot write its environment/],
    ["READ_ONLY", "yes", /^.*grubenv cannot be written: a trial boot could not fall back\. Nothing was installed\.$/],
    [
      "RUNNING",
      "6.5.0-custom",
      /^GRUB has no entry for 6\.5\.0-custom, so there is nothing to fall back to\. Nothing was installed/,
    ],
  ])("refused, and nothing is changed: %s=%s", async (name, value, sentence) => {
    builder.environment[name] = value;
    const before = files();
    const done = await install();
    expect(done.code).toBe(1);
    expect(done.failed).toMatch(sentence);
    expect(files()).toEqual(before);
    expect(environment()).toBe("");
  });

  test("no room in /boot, no build, another release: refused", async () => {
    builder.write("0", "free");
    expect((await install()).failed).toMatch(
      /^A kernel and its initramfs need 400 MB in .*\/boot, and 0 MB are free\./,
    );
    builder.write("100", "free");
    rmSync(builder.path("build/.built"));
    expect((await install()).failed).toMatch(/^There is no 6\.18\.3-nested-dsb in /);
    builder.write("0123456789ab\n", "build/.built");
    writeFileSync(builder.path("build/linux-6.18.3/include/config/kernel.release"), "6.18.3\n");
    expect((await install()).failed).toMatch(/^There is no 6\.18\.3-nested-dsb in /);
  });

  test("where GRUB makes no entry for it, nothing is armed and the default stays", async () => {
    builder.environment.NO_ENTRY = ours;
    expect((await install()).failed).toMatch(
      /^update-grub made no entry for 6\.18\.3-nested-dsb\. The default is still 6\.8\.0-1021-aws/,
    );
    expect(environment()).toBe(`saved_entry=${entry(distribution)}\n`);
  });

  test("what is installed is known after a reboot that took the tree: armed, running, the default, fallen back", async () => {
    const said = async () => (await install()).lines.find((line) => line.startsWith("==> note This"));
    await install();
    rmSync(builder.path("build"), { recursive: true });
    rmSync(builder.path("calls"));
    expect(await said()).toBe(`==> note This ${ours} is installed already, and the next boot is its trial.`);
    reboot(ours);
    expect(await said()).toMatch(/^==> note This 6\.18\.3-nested-dsb runs on trial already/);
    expect(existsSync(builder.path("calls"))).toBe(false);
    reboot(distribution);
    builder.write("another-boot\n", "root/proc/sys/kernel/random/boot_id");
    expect(await said()).toBe(
      `==> note This same ${ours} has had a trial and was not made the default: ${distribution} runs. It gets another one.`,
    );
    expect(await health()).toMatchObject({ trial: "armed", built: "" });
    expect(environment()).toContain(`next_entry=${entry(ours)}\n`);
    reboot(ours);
    await builder.run("install-host.sh", "promote");
    rmSync(builder.path("calls"));
    expect(await said()).toMatch(/^==> note This machine runs this 6\.18\.3-nested-dsb already, and it is the default/);
    expect(existsSync(builder.path("calls"))).toBe(false);
    expect(await health()).toMatchObject({ trial: "none", built: "0123456789ab" });
    // Somebody else's image under its name is another kernel.
    builder.write("something else\n", `root/boot/vmlinuz-${ours}`);
    expect((await install()).failed).toMatch(/^There is no 6\.18\.3-nested-dsb in /);
    expect(await health()).toMatchObject({ built: "" });
  });

  test("upgrades wait from the arming of a trial to its promotion, for two hours at most", async () => {
    builder.write("", "root/run/systemd/system/here");
    builder.write("", "root/run/systemd/shutdown/scheduled");
    builder.write("", "root/var/lib/apt/daily_lock");
    const condition = "root/etc/systemd/system/apt-daily-upgrade.service.d/snowglobe-trial.conf";
    const trial = builder.path("root/var/lib/snowglobe-kernel/trial");
    await install();
    const calls = builder.read("calls");
    for (const call of ["systemctl daemon-reload", "systemctl stop apt-daily-upgrade.service", "shutdown -c"]) {
      expect(calls.indexOf(call)).toBeLessThan(calls.indexOf("grub-reboot "));
      expect(calls).toContain(call);
    }
    const upgradesMayBegin = () => {
      const command = /^ExecCondition=\/bin\/sh -c '(.*)'$/m.exec(builder.read(condition))?.[1];
      return spawnSync("/bin/sh", ["-c", command ?? "exit 9"]).status;
    };
    expect(upgradesMayBegin()).toBe(1);
    const longAgo = Date.now() / 1000 - 2 * 3600 - 60;
    utimesSync(trial, longAgo, longAgo);
    expect(upgradesMayBegin()).toBe(0);
    // Agreed to late: from then on they wait again.
    expect((await builder.run("install-host.sh", "reboot", "running")).code).toBe(4);
    await builder.run("install-host.sh", "reboot", "armed");
    expect(builder.read("calls")).toMatch(/reboot\n$/);
    expect(upgradesMayBegin()).toBe(1);
    reboot(ours);
    expect(upgradesMayBegin()).toBe(1);
    await builder.run("install-host.sh", "promote");
    expect(existsSync(builder.path(condition))).toBe(false);
    expect(existsSync(trial)).toBe(false);
    expect(builder.read("calls")).toMatch(/systemctl daemon-reload\n$/);
  });

  test("an upgrade that is at work is let finish before a trial is armed", async () => {
    builder.write("", "root/run/systemd/system/here");
    builder.write("", "root/var/lib/apt/daily_lock");
    const upgrade = spawn("flock", [builder.path("root/var/lib/apt/daily_lock"), "cat"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    upgrade.stdin.write("at work\n");
    await once(upgrade.stdout, "data");
    const installing = spawn(builder.path("kernel/install-host.sh"), [], { env: builder.environment });
    let said = "";
    installing.stdout.on("data", (text: Buffer) => (said += text));
    await expect.poll(() => said).toContain("==> note An upgrade is under way: its end is waited for.\n");
    expect(environment()).not.toContain("next_entry");
    upgrade.stdin.end();
    await once(installing, "close");
    expect(environment()).toContain(`next_entry=${entry(ours)}\n`);
  });
});
