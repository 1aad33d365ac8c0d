import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROBE_SCRIPT, parseProbe } from "../../../ops/ssh/probe-script.ts";

/** The probe's own words, on a machine whose status file says `text`. */
function probed(text: string) {
  const folder = mkdtempSync(join(tmpdir(), "status-"));
  try {
    writeFileSync(join(folder, "status"), text);
    const here = PROBE_SCRIPT.replace("/var/lib/snowglobe/first-boot.status", join(folder, "status"));
    // No network is asked: only what comes before the metadata.
    const output = execFileSync("sh", ["-c", here.slice(0, here.indexOf("metadata="))], { encoding: "utf8" });
    return parseProbe(output, 0)?.firstBoot;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  ["done\n\n", { state: "done", failed: [] }],
  ["running\n\n", { state: "running", failed: [] }],
  ["failed\nhome swap\n", { state: "failed", failed: ["home", "swap"] }],
  ["", undefined],
  ["\u001b[2Jnonsense\n", undefined],
] as const)("a first boot that says %j", (text, expected) => {
  expect(probed(text)).toEqual(expected);
});
