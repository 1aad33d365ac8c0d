import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Builder, makeBuilder, signFalsely, whatLacks } from "./builder.ts";

const lacking = whatLacks();
// A machine that builds a real kernel beside this is slow.
let builder: Builder;

const compiled = (lines: readonly string[]) =>
  lines.filter((line) => line.startsWith("  CC ")).map((line) => line.trim().split(/\s+/).at(-1));
const phases = (lines: readonly string[]) =>
  lines.filter((line) => line.startsWith("==> phase ")).map((line) => line.slice(10));
const hash = (lines: readonly string[]) => lines.map((line) => /^==> inputs (\S+)/.exec(line)?.[1]).find(Boolean);

describe.skipIf(lacking)(`build.sh${lacking ? ` (skipped: no ${lacking})` : ""}`, () => {
  beforeEach(async () => {
    builder = await makeBuilder();
  });
  afterEach(() => builder.close());

  test("makes a guest kernel from nothing, proves it and names it; unchanged, it is done at once; a changed patch rebuilds what it touches", async () => {
    const first = await builder.run("build.sh");
    expect(first.failed).toBe("");
    expect(first.code).toBe(0);
    expect(phases(first.lines)).toEqual([
      "check",
      "fetch",
      "verify",
      "patch",
      "configure",
      "compile",
      "link",
      "prove",
      "done",
    ]);
    expect(first.lines).toContain("==> total 2530");
    expect(first.lines).toContain("==> note 7 patches are in the source; 12 files changed by that.");
    expect(compiled(first.lines)).toHaveLength(12);
    const name = `vmlinux-6.18.3-${hash(first.lines)}.bin`;
    expect(builder.artefacts()).toEqual([name]);
    const artefact = builder.path("home/.local/state/snowglobe-kernel/artefacts", name);
    expect(first.lines).toContain(`==> artefact ${artefact}`);
    expect(readFileSync(artefact, "utf8")).toContain("arm64.nv2");
    expect(readFileSync(`${artefact}.inputs`, "utf8")).toMatch(
      /^kind guest\nversion 6\.18\.3\narch arm64\ncompiler gcc .*\nconfiguration [0-9a-f]{64} guest.config\nconfiguration [0-9a-f]{64} guest-arm64.config\npatch [0-9a-f]{64} fuse-remap-file-range.patch\n/,
    );
    const asked = builder.mirror.asked.length;
    const second = await builder.run("build.sh");
    expect(second.lines).toEqual([
      "==> phase check",
      `==> inputs ${hash(first.lines)} version 6.18.3`,
      "==> unchanged",
      `==> artefact ${artefact}`,
      "==> phase done",
    ]);

    rmSync(builder.path("kernel/patches/vncr-fixmap-state.patch"));
    const third = await builder.run("build.sh");
    expect(third.code).toBe(0);
    expect(compiled(third.lines)).toEqual(["arch/arm64/kvm/nested.o"]);
    // The number of the last build of this configuration, whole as it was.
    expect(third.lines).toContain("==> total 12");
    expect(hash(third.lines)).not.toBe(hash(first.lines));
    expect(builder.artefacts()).toHaveLength(2);
    expect(builder.read("build/linux-6.18.3/arch/arm64/kvm/nested.c")).toContain("dsb(sy);");
    expect(builder.read("build/linux-6.18.3/arch/arm64/kvm/nested.c")).not.toContain("this_cpu_unmap_l1_vncr");
    expect(builder.mirror.asked).toHaveLength(asked);
  });

  test("keeps three images and says which go", async () => {
    const kept = (name: string) => builder.path("home/.local/state/snowglobe-kernel/artefacts", name);
    const earlier = ["1", "2", "3"].map((age) => `vmlinux-6.18.3-${age.repeat(12)}.bin`);
    for (const [age, name] of earlier.entries()) {
      for (const file of [name, `${name}.inputs`]) {
        builder.write("an image\n", "home/.local/state/snowglobe-kernel/artefacts", file);
        utimesSync(kept(file), 1_000_000 + age, 1_000_000 + age);
      }
    }
    const done = await builder.run("build.sh");
    expect(done.failed).toBe("");
    expect(done.lines).toContain(`==> note Removed the old ${earlier[0]}.`);
    expect(done.lines.filter((line) => line.startsWith("==> note Kept: "))).toEqual([
      `==> note Kept: ${earlier[2]}.`,
      `==> note Kept: ${earlier[1]}.`,
    ]);
    expect(builder.artefacts()).toEqual([...earlier.slice(1), `vmlinux-6.18.3-${hash(done.lines)}.bin`].sort());
    expect(earlier.map((name) => existsSync(kept(`${name}.inputs`)))).toEqual([false, true, true]);
  });

  // The tree that the first of them builds stays: after a download there is nothing left to compile for the others.
  test("a download cut off goes on where it was, within one run and over runs; a mirror that stops or cannot resume; another file's first half", async () => {
    const part = "home/.local/state/snowglobe-kernel/sources/linux-6.18.3.tar.xz.part";
    const forget = () => rmSync(builder.path("home/.local/state/snowglobe-kernel"), { recursive: true });
    builder.mirror.faults.push(1000, 500);
    const done = await builder.run("build.sh");
    expect(done.failed).toBe("");
    expect(builder.mirror.asked.slice(1)).toEqual([
      "GET /v6.x/linux-6.18.3.tar.xz",
      "GET /v6.x/linux-6.18.3.tar.xz bytes=1000-",
      "GET /v6.x/linux-6.18.3.tar.xz bytes=1500-",
    ]);

    forget();
    builder.environment.SNOWGLOBE_KERNEL_STALL = "1";
    builder.mirror.faults.push("stall", 0, 0, 0);
    const stopped = await builder.run("build.sh");
    expect(stopped.code).toBe(1);
    expect(stopped.failed).toMatch(/^The mirror stops half-way: http.* What came is kept; build again/);
    const half = statSync(builder.path(part)).size;
    expect(half).toBeGreaterThan(1000);
    expect((await builder.run("build.sh")).failed).toBe("");
    expect(builder.mirror.asked.at(-1)).toBe(`GET /v6.x/linux-6.18.3.tar.xz bytes=${half}-`);

    forget();
    builder.mirror.faults.push(1000, "no ranges");
    expect((await builder.run("build.sh")).failed).toBe("");
    expect(builder.mirror.faults).toEqual([]);

    forget();
    builder.write("x".repeat(700), part);
    const other = await builder.run("build.sh");
    expect(other.failed).toBe("");
    expect(other.lines).toContain(
      "==> note The sum of linux-6.18.3.tar.xz is wrong after a resumed download; it is fetched once more from the start.",
    );
  });

  test("a tarball whose sum is wrong is refused, and nothing of it stays", async () => {
    builder.mirror.files.set("/v6.x/linux-6.18.3.tar.xz", Buffer.from("not the kernel"));
    const done = await builder.run("build.sh");
    expect(done.code).toBe(1);
    expect(done.failed).toMatch(
      /^The sum of linux-6\.18\.3\.tar\.xz is wrong: SHA-256 [0-9a-f]{64}, signed [0-9a-f]{64}\. It was thrown away/,
    );
    expect(existsSync(builder.path("home/.local/state/snowglobe-kernel/sources/linux-6.18.3.tar.xz.part"))).toBe(false);
    expect(existsSync(builder.path("build/linux-6.18.3"))).toBe(false);
  });

  test("sums that another key signed, or that were changed, are refused", async () => {
    const sums = builder.mirror.files.get("/v6.x/sha256sums.asc")?.toString() ?? "";
    builder.mirror.files.set("/v6.x/sha256sums.asc", Buffer.from(sums.replace(/^0{64}/m, "1".repeat(64))));
    const changed = await builder.run("build.sh");
    expect(changed.failed).toMatch(/^The signature of .* is not kernel\.org's: it was thrown away/);
    builder.mirror.files.set("/v6.x/sha256sums.asc", signFalsely(builder, sums));
    const foreign = await builder.run("build.sh");
    expect(foreign.failed).toMatch(/^The signature of .* is not kernel\.org's/);
    // Text outside the signature counts for nothing.
    builder.mirror.files.set("/v6.x/sha256sums.asc", Buffer.from(`${"2".repeat(64)}  linux-6.18.3.tar.xz\n${sums}`));
    expect((await builder.run("build.sh")).code).toBe(0);
  });

  test("kernel.org's key is known by its fingerprint, wherever it comes from", async () => {
    // A directory that hands out another key under the same name.
    delete builder.environment.SNOWGLOBE_KERNEL_KEY;
    builder.environment.OFFERED = builder.path("key.asc");
    builder.write(
      `#!/bin/bash\n[[ "$*" != *autosigner* && "$*" != *keyserver* ]] && exec /usr/bin/curl "$@"\necho "\${@: -1}" >>"$CALLS"\nwhile [ "$1" != -o ]; do shift; done\ncp "$OFFERED" "$2"\n`,
      "bin/curl",
    );
    chmodSync(builder.path("bin/curl"), 0o755);
    expect((await builder.run("build.sh")).failed).toBe(
      "kernel.org's signing key (B8868C80BA62A1FFFAF5FDA9632D3A06589DA6B1) could not be had from kernel.org nor from a key server. Try again.",
    );
    expect(builder.read("calls").trim().split("\n")).toEqual([
      "https://openpgpkey.kernel.org/.well-known/openpgpkey/kernel.org/hu/ew8uiogxwri7d3fuioqgt7u1d5sngorx?l=autosigner",
      "https://kernel.org/.well-known/openpgpkey/hu/ew8uiogxwri7d3fuioqgt7u1d5sngorx?l=autosigner",
      "https://keyserver.ubuntu.com/pks/lookup?op=get&options=mr&search=0xB8868C80BA62A1FFFAF5FDA9632D3A06589DA6B1",
    ]);
  });

  test("a version outside 6.18.y is refused with the reason, before anything is fetched", async () => {
    for (const version of ["7.0.14", "6.12.3", "6.18.3; true", "latest"]) {
      builder.environment.KERNEL_VERSION = version;
      const done = await builder.run("build.sh");
      expect(done.code).toBe(1);
      expect(done.failed).toBe(
        `Linux ${version} is refused: 7.x kernels froze nested guests where 6.18.3 and 6.18.44 did not, and the patches are for 6.18.y. Build 6.18.3.`,
      );
    }
    builder.environment.KERNEL_VERSION = "6.18.99";
    expect((await builder.run("build.sh")).failed).toMatch(/signed sums do not name linux-6\.18\.99\.tar\.xz/);
    expect(builder.mirror.asked.some((one) => one.includes("tar.xz") && !one.includes("6.18.99"))).toBe(false);
  });

  test("an option that Kconfig drops is named before anything is compiled", async () => {
    builder.publish((tree) => writeFileSync(join(tree, "Kconfig.lost"), "CONFIG_(KVM|SQUASHFS_LZ4)=\n"));
    const done = await builder.run("build.sh");
    expect(done.code).toBe(1);
    expect(done.failed).toBe(
      "Kconfig dropped KVM, SQUASHFS_LZ4: a dependency of each is missing in 6.18.3. Mend kernel/config/guest*.config, then build again.",
    );
    expect(compiled(done.lines)).toEqual([]);
  });

  test("too little room is said before anything is fetched; a disk that fills, memory that ends and a compiler's error while it builds", async () => {
    builder.write("9", "free");
    expect((await builder.run("build.sh")).failed).toMatch(/^A guest kernel needs 10 GB in .*, and 9 GB are free\./);
    expect(builder.mirror.asked).toEqual([]);
    // df rounds gigabytes up: half a one would be enough for what needs one.
    builder.write("10239M", "free");
    expect((await builder.run("build.sh")).failed).toMatch(/needs 10 GB in .*, and 9\.9 GB are free\./);
    builder.write("100", "free");
    for (const [what, sentence] of [
      ["#full", /^The disk of .* is full\. Make room, then build again: it goes on where it was\.$/],
      ["#oom", /^Memory ran out and the system killed a process of the build\./],
      ["int x;\n#error\n", /^make ended with an error/],
    ] as const) {
      builder.write("100", "free");
      if (!existsSync(builder.path("build/linux-6.18.3"))) expect((await builder.run("build.sh")).code).toBe(0);
      rmSync(builder.path("home/.local/state/snowglobe-kernel/artefacts"), { recursive: true });
      builder.write(what, "build/linux-6.18.3/init/version.c");
      const done = await builder.run("build.sh");
      expect(done.code).toBe(1);
      expect(done.failed).toMatch(sentence);
      if (what.includes("error")) expect(done.lines).toContain("init/version.c:2:2: error: #error broken");
      builder.write("100", "free");
      builder.write("int version;\n", "build/linux-6.18.3/init/version.c");
      // It goes on where it was.
      expect(compiled((await builder.run("build.sh")).lines)).toEqual(["init/version.o"]);
    }
  });

  test("two at once: the second is refused", async () => {
    builder.environment.HOLD = builder.path("hold");
    builder.write("", "hold");
    const first = builder.run("build.sh");
    await expect.poll(() => existsSync(builder.path("build/linux-6.18.3/.config"))).toBe(true);
    const second = await builder.run("build.sh");
    expect(second.failed).toBe("A kernel is being built on this machine already. kernel/job.sh status shows it.");
    rmSync(builder.path("hold"));
    expect((await first).code).toBe(0);
  });

  test("a host kernel: the distribution's configuration below ours, modules, its own tree; not the configuration of one of ours", async () => {
    builder.environment.BUILD_DIR = builder.path("kernel-build-host");
    builder.environment.RUNNING = "6.18.3-nested-dsb";
    builder.write("CONFIG_OF_OURS=y\n", "root/boot/config-6.18.3-nested-dsb");
    builder.write('CONFIG_OF_DISTRIBUTION=y\nCONFIG_LOCALVERSION="-aws"\n', "root/boot/config-6.8.0-1021-aws");
    const done = await builder.run("build.sh");
    expect(done.failed).toBe("");
    expect(builder.artefacts()).toEqual([`vmlinuz-6.18.3-nested-dsb-${hash(done.lines)}`]);
    expect(builder.read("kernel-build-host/linux-6.18.3/include/config/kernel.release")).toBe("6.18.3-nested-dsb\n");
    expect(builder.read("kernel-build-host/linux-6.18.3/.config")).toContain("CONFIG_OF_DISTRIBUTION=y");
    expect(done.lines).toContain("  CC [M]  drivers/net/tun.o");
    expect((await builder.run("build.sh")).lines).toContain("==> unchanged");
    // A tree that went with a stop is built again: the modules are in it.
    rmSync(builder.path("kernel-build-host"), { recursive: true });
    expect((await builder.run("build.sh")).lines).not.toContain("==> unchanged");
  });

  test("what the base has, this kernel knows and the result lacks is named in notes; what we ask for otherwise is not", async () => {
    builder.environment.BUILD_DIR = builder.path("kernel-build-host");
    const base = ["LOST_ONE=y", "LOST_TWO=m", "UNKNOWN=y", "STAYS=y", "BECOMES_MODULE=y", "MODULE_SIG=y", 'STRING="x"'];
    builder.write(base.map((one) => `CONFIG_${one}\n`).join(""), "root/boot/config-6.8.0-1021-aws");
    builder.publish((tree) => {
      const known = ["LOST_ONE", "LOST_TWO", "STAYS", "BECOMES_MODULE", "MODULE_SIG", "STRING"];
      writeFileSync(join(tree, "Kconfig"), known.map((one) => `menuconfig ${one}\n\tbool\n`).join(""));
      writeFileSync(join(tree, "Kconfig.lost"), "CONFIG_(LOST_ONE|LOST_TWO|UNKNOWN|STRING)=\n");
    });
    const { failed, lines } = await builder.run("build.sh");
    expect(failed).toBe("");
    expect(lines).toContain(
      "==> note The base has 2 options that Linux 6.18.3 knows and that are lost: a dependency of each is missing.",
    );
    expect(lines.filter((line) => line.includes("Lost from the base"))).toEqual([
      "==> note Lost from the base: LOST_ONE LOST_TWO",
    ]);
  });

  test("a slash at the end of BUILD_DIR is the same directory; a checkout with spaces builds; a BUILD_DIR with one is refused by name", async () => {
    builder.write("CONFIG_A=y\n", "root/boot/config-6.8.0-1021-aws");
    builder.environment.BUILD_DIR = `${builder.path("kernel-build-host")}//`;
    renameSync(builder.path("kernel"), builder.path("a checkout"));
    symlinkSync(builder.path("a checkout"), builder.path("kernel"));
    const host = await builder.run("../a checkout/build.sh");
    expect(host.failed).toBe("");
    expect(builder.artefacts()).toEqual([`vmlinuz-6.18.3-nested-dsb-${hash(host.lines)}`]);
    builder.environment.BUILD_DIR = builder.path("a build");
    const asked = builder.mirror.asked.length;
    expect((await builder.run("build.sh")).failed).toMatch(
      /^The path .*\/a build has a space, a colon or a quote in it, and no kernel builds there\. Choose another BUILD_DIR\.$/,
    );
    expect(builder.mirror.asked).toHaveLength(asked);
  });

  test("ccache that this very build installs is used by it: the next one has nothing to compile anew", async () => {
    const without = mkdtempSync(builder.path("path-"));
    for (const folder of ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]) {
      for (const tool of existsSync(folder) ? readdirSync(folder) : []) {
        if (tool !== "ccache" && !existsSync(join(without, tool))) symlinkSync(join(folder, tool), join(without, tool));
      }
    }
    builder.environment.PATH = `${builder.path("bin")}:${without}`;
    builder.environment.MISSING = "ccache";
    builder.write(`#!/bin/bash\nln -sf /bin/true ${builder.path("bin/ccache")}\n`, "bin/apt-get");
    expect((await builder.run("build.sh")).failed).toBe("");
    expect(builder.read("build/linux-6.18.3/.snowglobe/compiler")).toBe("ccache gcc\n");
  });

  test("an image without the barrier is no result; on x86 the image is vmlinux, and no barrier is looked for", async () => {
    builder.environment.NO_BARRIER = "yes";
    const none = await builder.run("build.sh");
    expect(none.failed).toMatch(
      /^kvm_nested_sync_hwstate\(\) has no dsb sy: nv2-vsock-cache-sync\.patch had no effect/,
    );
    expect(builder.artefacts()).toEqual([]);
    builder.environment.MACHINE = "x86_64";
    const done = await builder.run("build.sh");
    expect(done.failed).toBe("");
    expect(builder.artefacts()).toEqual([`vmlinux-6.18.3-${hash(done.lines)}.bin`]);
  });

  test("missing packages are installed; those that cannot be are named", async () => {
    builder.environment.MISSING = "bison flex";
    expect((await builder.run("build.sh")).code).toBe(0);
    expect(builder.read("calls")).toMatch(/install -y -qq --no-install-recommends bison flex\n$/);
    builder.environment.APT = "100";
    expect((await builder.run("build.sh")).failed).toMatch(
      /^These packages are missing and could not be installed: bison flex\./,
    );
    // sudo drops the environment, and a package that asks a question waits for ever.
    builder.write('#!/bin/bash\n[ "$*" = -u ] && echo 1000 || exec /usr/bin/id "$@"\n', "bin/id");
    builder.write('#!/bin/bash\nshift\nexec env -i PATH="$PATH" CALLS="$CALLS" "$@"\n', "bin/sudo");
    builder.write('#!/bin/bash\necho "$DEBIAN_FRONTEND: $*" >>"$CALLS"\n', "bin/apt-get");
    chmodSync(builder.path("bin/id"), 0o755);
    expect((await builder.run("build.sh")).code).toBe(0);
    expect(builder.read("calls")).toMatch(/noninteractive: -o \S+ install .* bison flex\n$/);
  });
});
