/** What was written on a temporary disk: the script by a real shell, and how its answer is read. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseWritten, WRITTEN } from "../../../ops/ssh/probe-script.ts";

/** A root volume; `put` writes a file so many seconds after its first boot began. */
function disk() {
  const root = mkdtempSync(join(tmpdir(), "written-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const put = (name: string, seconds: number, text = "twelve bytes") => {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    utimesSync(path, 1_700_000_000 + seconds, 1_700_000_000 + seconds);
  };
  put("var/lib/cloud/instance/sem/config_ssh", 0, "");
  put("var/lib/snowglobe/first-boot.status", 300, "done\n");
  put("home/ubuntu/.bashrc", -10);
  const ask = () =>
    parseWritten(
      execFileSync("/bin/sh", ["-s"], {
        input: WRITTEN,
        encoding: "utf8",
        env: { PATH: process.env.PATH, HOME: join(root, "home/ubuntu"), SNOWGLOBE_ROOT: root },
      }),
    );
  return { put, ask };
}

test("nothing, as the machine came up", () => {
  expect(disk().ask()).toEqual({ files: 0, bytes: 0, atLeast: false });
});

test("a person's files count; dot-directories, the image's files and what the first boot fetched do not", () => {
  const { put, ask } = disk();
  put("home/ubuntu/from-the-image", -5);
  put("home/ubuntu/.cache/thing", 400);
  put("home/ubuntu/.cargo/bin/tool", 200);
  put("home/ubuntu/claude-history-sync/old", 200);
  put("home/ubuntu/early work", 100);
  put("home/ubuntu/src/main.rs", 400);
  put("home/ubuntu/claude-history-sync/mine", 500);
  put("home/another/notes", 600);
  expect(ask()).toEqual({ files: 4, bytes: 48, atLeast: false });
});

test("what is no count is none", () => {
  for (const text of ["", "written", "written 1 2", "written -1 2 all", "written 1 2 lots", "bash: awk: not found"]) {
    expect(parseWritten(text)).toBeUndefined();
  }
  expect(parseWritten("motd\nwritten 7 9000 more\n")).toEqual({ files: 7, bytes: 9000, atLeast: true });
});
