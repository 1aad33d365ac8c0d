/** A job whose disk is full: it ends as failed, with its sentence, and not as if the machine had gone down. */

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Builder, makeBuilder, whatLacks } from "./builder.ts";

let builder: Builder;

function mount(...args: string[]): boolean {
  return spawnSync("mount", args).status === 0;
}
const lacking = whatLacks() ?? (process.getuid?.() === 0 ? undefined : "root, to mount a small disk");

const FILL = "cat /dev/zero >$HOME/.local/state/fill 2>/dev/null";
const jobs = async () =>
  (await builder.run("job.sh", "status")).lines
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe.skipIf(lacking)(`a full disk${lacking ? ` (skipped: no ${lacking})` : ""}`, () => {
  let mounted: string;
  beforeEach(async () => {
    builder = await makeBuilder();
    mounted = builder.path("home/.local/state");
    mkdirSync(mounted, { recursive: true });
    expect(mount("-t", "tmpfs", "-o", "size=256k", "tmpfs", mounted)).toBe(true);
    // The disk's own df.
    builder.write('#!/bin/bash\nexec /usr/bin/df "$@"\n', "bin/df");
  });
  afterEach(async () => {
    spawnSync("umount", ["-l", mounted]);
    await builder.close();
  });

  test.each([
    ["with a sentence of its own", 'fail "The disk of $state is full. Make room, then build again."'],
    ["by a program that cannot write", "put $SNOWGLOBE_JOB/phase <<<compile"],
  ])("a build that fills it ends as failed, %s", async (_, last) => {
    builder.write(
      `#!/bin/bash\nset -euo pipefail\nsource ${builder.path("kernel/lib/common.sh")}\ntrap say_end EXIT\n${FILL} || true\n${last}\n`,
      "kernel/build.sh",
    );
    await builder.run("job.sh", "start", "guest");
    await expect.poll(async () => (await jobs())[0]?.state).toBe("failed");
    expect((await jobs())[0]).toMatchObject({
      exit: 1,
      reason: expect.stringMatching(/^The disk of \S+ is full\. Make room, then build again/),
    });
  });

  test("one that is full already begins none, and says so", async () => {
    await builder.run("job.sh", "status");
    spawnSync("bash", ["-c", `mkdir -p snowglobe-kernel/jobs; cat /dev/zero >fill`], { cwd: mounted });
    const done = await builder.run("job.sh", "start", "guest");
    expect([done.code, done.failed]).toEqual([
      1,
      expect.stringMatching(/^No job can be written down in .* full or read-only\./),
    ]);
    expect(await jobs()).toEqual([]);
  });
});
