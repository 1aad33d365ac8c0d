/** The patches themselves, and what is said where one does not go on cleanly. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { largeTree } from "../simulator/hosts/kernel-paths.ts";
import { PATCHES_OF_FCVM } from "./asked-of-guests.ts";
import { type Builder, makeBuilder, whatLacks } from "./builder.ts";
import { writeTree } from "./tree.ts";

const lacking = whatLacks();
const kernel = join(import.meta.dirname, "../../kernel");
const patches = readdirSync(join(kernel, "patches")).sort();

test("there are seven, each with problem, cause and remedy, and three lines of context", () => {
  expect(patches).toEqual([
    "fuse-remap-file-range.patch",
    "mmfr4-override.patch",
    "nv2-vsock-cache-sync.patch",
    "nv2-vsock-rx-barrier.patch",
    "virtio-ring-broken-poll.patch",
    "vncr-fixmap-state.patch",
    "x86-async-pf-nested.patch",
  ]);
  for (const name of patches) {
    const text = readFileSync(join(kernel, "patches", name), "utf8");
    expect(text).toMatch(
      /^Subject: \[PATCH\] .{20,80}\n\nProblem: [\s\S]+\n\nCause: [\s\S]+\n\nRemedy: [\s\S]+\n---\n/,
    );
    for (const hunk of text.split(/^@@ .*@@.*\n/m).slice(1)) {
      const lines =
        hunk
          .split(/^diff /m)[0]
          ?.replace(/\n+$/, "")
          .split("\n") ?? [];
      expect(lines.findIndex((line) => /^[-+]/.test(line))).toBe(3);
      expect(lines.toReversed().findIndex((line) => /^[-+]/.test(line))).toBe(3);
    }
  }
});

test("each patch that fcvm carries is among them, or is left out for a reason", () => {
  for (const [name, one] of Object.entries(PATCHES_OF_FCVM)) {
    expect([name, "ours" in one ? patches.includes(one.ours) : one.none.length > 0]).toEqual([name, true]);
  }
});

describe.skipIf(lacking)(`applying${lacking ? ` (skipped: no ${lacking})` : ""}`, () => {
  let tree: string;
  let builder: Builder;
  beforeEach(async () => {
    tree = mkdtempSync(join(tmpdir(), "patches-"));
    builder = await makeBuilder();
  });
  afterEach(async () => {
    rmSync(tree, { recursive: true, force: true });
    await builder.close();
  });

  test("go on cleanly on the demo's tree too, whatever of its files they touch", () => {
    writeTree(tree, join(kernel, "patches"), largeTree());
    for (const name of patches) {
      const args = ["-p1", "-F0", "--dry-run", "-s", "-d", tree, "-i", join(kernel, "patches", name)];
      expect(spawnSync("patch", args, { encoding: "utf8" }), name).toMatchObject({ status: 0, stdout: "" });
    }
  });

  /** Only the phases up to `configure`, which the missing option ends. */
  const upToPatching = () =>
    builder.publish((source) => {
      writeFileSync(join(source, "Kconfig.lost"), "CONFIG_KVM=\n");
    });
  const change = (path: string, from: string | RegExp, to: string) =>
    builder.publish((source) => {
      writeFileSync(join(source, "Kconfig.lost"), "CONFIG_KVM=\n");
      const text = readFileSync(join(source, path), "utf8");
      expect(text).toMatch(from);
      writeFileSync(join(source, path), text.replace(from, to));
    });

  test("git and patch take them in any order, without fuzz and at the lines named", () => {
    for (const order of [patches, patches.toReversed()]) {
      writeTree(tree, join(kernel, "patches"));
      for (const name of order) {
        const file = join(kernel, "patches", name);
        if (order === patches) execFileSync("git", ["apply", "--check", file], { cwd: tree });
        const { status, stdout } = spawnSync("patch", ["-p1", "-F0", "--verbose", "-i", file], {
          cwd: tree,
          encoding: "utf8",
        });
        expect(status).toBe(0);
        expect(stdout).not.toMatch(/fuzz/);
      }
    }
  });

  test("what is in the source already is left as it is", async () => {
    builder.publish((source) => {
      writeFileSync(join(source, "Kconfig.lost"), "CONFIG_KVM=\n");
      execFileSync("patch", ["-p1", "-F0", "-i", join(kernel, "patches/mmfr4-override.patch")], { cwd: source });
    });
    const { lines } = await builder.run("build.sh");
    expect(lines).toContain("==> note mmfr4-override.patch is in this source already.");
    expect(lines).toContain("==> note nv2-vsock-cache-sync.patch applied.");
    expect(lines).toContain("==> note 7 patches are in the source; 7 files changed by that.");
  });

  test("one that no longer applies is named, with its hunk; a line of context that differs is enough", async () => {
    change("net/vmw_vsock/virtio_transport.c", "	if (!vsock->rx_run)\n", "	if (!READ_ONCE(vsock->rx_run))\n");
    const { code, failed } = await builder.run("build.sh");
    expect(code).toBe(1);
    expect(failed).toBe(
      "nv2-vsock-rx-barrier.patch no longer applies: hunk 2 of net/vmw_vsock/virtio_transport.c. Adapt it to this version, then build again.",
    );
    // Nothing of the set went in.
    expect(builder.read("build/linux-6.18.3/arch/arm64/kvm/nested.c")).not.toContain("dsb(sy)");
  });

  test("one half applied is told apart, with what is there", async () => {
    change(
      "net/vmw_vsock/virtio_transport.c",
      "#include <linux/virtio_vsock.h>\n",
      "#include <linux/virtio_vsock.h>\n#ifdef CONFIG_ARM64\n#include <asm/barrier.h>\n#endif\n",
    );
    const { failed } = await builder.run("build.sh");
    expect(failed).toMatch(
      /^nv2-vsock-rx-barrier\.patch is half applied: hunk 1 of net\/vmw_vsock\/virtio_transport\.c there already, the rest not\. Remove .*, then build again\.$/,
    );
  });

  test("applying again changes nothing; a patch taken away and put back leaves the tree as it was, and a hand's edit does not stay", async () => {
    upToPatching();
    const nested = () => builder.read("build/linux-6.18.3/arch/arm64/kvm/nested.c");
    await builder.run("build.sh");
    const before = nested();
    expect((await builder.run("build.sh")).lines).toContain(
      "==> note 7 patches are in the source; 0 files changed by that.",
    );
    const sync = builder.read("kernel/patches/nv2-vsock-cache-sync.patch");
    rmSync(builder.path("kernel/patches/nv2-vsock-cache-sync.patch"));
    await builder.run("build.sh");
    expect(nested()).not.toContain("dsb(sy)");
    expect(nested()).toContain("this_cpu_unmap_l1_vncr");
    builder.write(sync, "kernel/patches/nv2-vsock-cache-sync.patch");
    builder.write("edited by hand\n", "build/linux-6.18.3/arch/arm64/kernel/cpufeature.c");
    expect((await builder.run("build.sh")).lines).toContain(
      "==> note 7 patches are in the source; 2 files changed by that.",
    );
    expect(nested()).toBe(before);
  });

  test("one is left out where upstream has its remedy", async () => {
    for (const [version, count] of [
      ["6.18.51", 7],
      ["6.18.52", 6],
      ["6.18.100", 6],
    ] as const) {
      const wanted = spawnSync(
        "bash",
        ["-c", `here=${kernel}; source ${kernel}/lib/patches.sh; wanted_patches ${version}`],
        { encoding: "utf8" },
      );
      expect(wanted.stdout.trim().split("\n")).toHaveLength(count);
    }
  });
});

test("an option asked for is lost where the result has it otherwise", () => {
  const asked =
    'CONFIG_A=y\n# a reason\nCONFIG_B=m\nCONFIG_C="x"\n# CONFIG_D is not set\nCONFIG_E=y\nCONFIG_F=""\nCONFIG_G=4\nCONFIG_H=m\n# CONFIG_I is not set\n';
  const result = 'CONFIG_A=m\nCONFIG_B=y\nCONFIG_C="y"\nCONFIG_D=y\n# CONFIG_E is not set\nCONFIG_G=4\nCONFIG_AH=m\n';
  const lost = spawnSync(
    "bash",
    ["-c", `source ${kernel}/lib/configure.sh; lost_options <(printf %s "$1") <(printf %s "$2")`, "", asked, result],
    { encoding: "utf8" },
  );
  expect(lost.stdout.trim().split("\n")).toEqual(["A", "C", "D", "E", "H"]);
});

test("no fragment asks for what 6.18 no longer knows, and each option is asked for once", () => {
  for (const [kind, arch] of ["guest arm64", "guest x86", "host arm64", "host x86"].map((one) => one.split(" "))) {
    const names = [`${kind}.config`, `${kind}-${arch}.config`]
      .flatMap((name) => readFileSync(join(kernel, "config", name), "utf8").split("\n"))
      .map((line) => /^(?:# )?CONFIG_(\w+)(?:=| is not set)/.exec(line)?.[1])
      .filter((name) => name !== undefined);
    expect(new Set(names).size).toBe(names.length);
    const gone =
      /^(NFT_CHAIN_NAT|SQUASHFS_DECOMP_MULTI|SQUASHFS_DECOMP_MULTI_PERCPU|XZ_DEC_IA64|LZ4_COMPRESS|NFSD_V3)$/;
    expect(names.filter((name) => gone.test(name))).toEqual([]);
  }
});

test.skipIf(spawnSync("shellcheck", ["--version"]).status !== 0)("shellcheck has nothing to say", () => {
  const scripts = ["build.sh", "install-host.sh", "job.sh"].map((name) => join(kernel, name));
  const standIns = readdirSync(join(import.meta.dirname, "stand-ins")).map((name) =>
    join(import.meta.dirname, "stand-ins", name),
  );
  const said = spawnSync("shellcheck", ["-x", "--source-path=SCRIPTDIR", ...scripts, ...standIns], {
    encoding: "utf8",
  });
  expect(said.stdout).toBe("");
  expect(said.status).toBe(0);
});
