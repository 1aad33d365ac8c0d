/** Names that can be guessed, in a directory that anybody may write to: another user of the machine was there first. */

import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Builder, makeBuilder, whatLacks } from "./builder.ts";

const lacking = whatLacks() ?? (process.getuid?.() === 0 ? undefined : "root, for a second user");
const OTHER = 65_534;
let builder: Builder;

/** What the other user does in the shared directory. */
function other(script: string): void {
  const done = spawnSync("bash", ["-euc", script], { cwd: builder.path("shared"), uid: OTHER, gid: OTHER });
  expect([done.status, String(done.stderr)]).toEqual([0, ""]);
}

const TREE = "kernel-build-host/linux-6.18.3";
/** A tree that looks built, whose makefile says who ran it. */
const TRAP = `mkdir -p ${TREE}/include/config ${TREE}/arch/arm64/boot
echo 6.18.3-nested-dsb >${TREE}/include/config/kernel.release; echo x >${TREE}/arch/arm64/boot/Image
printf '%%:\\n\\t@id -u >>%s\\n' "$PWD/ran" >${TREE}/Makefile; echo 0123456789ab >kernel-build-host/.built; touch ran; chmod 666 ran`;

describe.skipIf(lacking)(`another user of the machine${lacking ? ` (skipped: no ${lacking})` : ""}`, () => {
  beforeEach(async () => {
    builder = await makeBuilder();
    chmodSync(builder.folder, 0o755);
    mkdirSync(builder.path("shared"));
    chmodSync(builder.path("shared"), 0o1777);
    builder.environment.BUILD_DIR = builder.path("shared/kernel-build-host");
    builder.write("CONFIG_A=y\n", "root/boot/config-6.8.0-1021-aws");
  });
  afterEach(() => builder.close());

  const refused = async (why: string, scripts: readonly string[] = ["build.sh", "install-host.sh"]) => {
    const sentence = new RegExp(
      `/shared/\\S+ ${why}, and it stands where everybody may put things: .* start again\\.$`,
    );
    for (const script of scripts) {
      const done = await builder.run(script);
      expect([script, done.code, done.failed]).toEqual([script, 1, expect.stringMatching(sentence)]);
    }
    expect(existsSync(builder.path("shared/ran")) ? statSync(builder.path("shared/ran")).size : 0).toBe(0);
  };

  test("whose directory stands under our name: nothing of it is run", async () => {
    other(TRAP);
    await refused("belongs to another user");
  });

  test("who laid a link there, to a place of theirs or of ours", async () => {
    other(`mkdir theirs; ln -s theirs kernel-build-host; cd theirs; mkdir -p kernel-build-host`);
    await refused("is a link");
  });

  test("who laid a file there", async () => {
    other("touch kernel-build-host");
    await refused("is no directory", ["build.sh"]);
  });

  test("who may write into ours, or into what leads to it, or owns the tree within", async () => {
    mkdirSync(builder.path("shared", TREE), { recursive: true });
    chmodSync(builder.path("shared/kernel-build-host"), 0o777);
    await refused("can be written to by anybody");
    chmodSync(builder.path("shared/kernel-build-host"), 0o775);
    chownSync(builder.path("shared/kernel-build-host"), 0, OTHER);
    await refused("can be written to by the group \\S+");
    chmodSync(builder.path("shared/kernel-build-host"), 0o755);
    chownSync(builder.path("shared", TREE), OTHER, OTHER);
    await refused("belongs to another user");
    builder.environment.BUILD_DIR = builder.path("shared/between/kernel-build-host");
    other("mkdir between; chmod 777 between");
    await refused("belongs to another user", ["build.sh"]);
  });

  test("who did nothing: it builds, and what is made there is ours alone", async () => {
    const done = await builder.run("build.sh");
    expect(done.failed).toBe("");
    expect(statSync(builder.path("shared/kernel-build-host")).mode & 0o777).toBe(0o755);
  });
});
