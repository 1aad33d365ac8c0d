import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MACHINES } from "../../../ops/fleet/machines.ts";
import { type KernelSource, wantedPatches } from "../../../ops/kernel/inputs.ts";
import { type JobFacts, NO_FACTS, parseFacts, parseJob } from "../../../ops/kernel/jobs.ts";
import { createKernels, kernelStanding } from "../../../ops/kernel/kernels.ts";
import { outcomeOf } from "../../../ops/kernel/outcome.ts";
import { buildQuestion, changesSince, expectation, saysBuild } from "../../../ops/kernel/question.ts";
import { readSource } from "../../../ops/kernel/source.ts";
import { type KernelView, NO_PROGRESS } from "../../../ops/kernel/view.ts";
import { flow } from "../../../tui/format/flow.ts";

const ARM = MACHINES["fcvm-metal-arm"];
const HASH = "0123456789ab";
const file = (path: string, text: string) => ({
  path,
  content: Buffer.from(text),
  sha256: Buffer.from(text).toString("hex").padEnd(64, "0").slice(0, 64),
  executable: false,
});
const source: KernelSource = {
  version: "6.18.3",
  hash: "f".repeat(16),
  files: [
    file("config/guest-arm64.config", "a"),
    file("config/guest-x86.config", "b"),
    file("config/guest.config", "c"),
    file("config/host.config", "d"),
    file("patches/one.patch", "1"),
    file("patches/two.patch", "2\nFirst-in: 6.18.52\n"),
  ],
};
const sum = (path: string) => source.files.find((one) => one.path === path)?.sha256 ?? "";
const status = (more: object = {}) =>
  JSON.stringify({
    ...{ id: "20261122T193012123-guest", kind: "guest", version: "6.18.3", hash: HASH, host: "arm", unit: "pid 3" },
    ...{ started: 1000, phase: "done", state: "succeeded", ended: 1090, exit: 0, total: 2530, bytes: 12, log: "/l" },
    ...{ artefact: "/home/u/.local/state/snowglobe-kernel/artefacts/x.bin", unchanged: false, reason: "", ...more },
  });
const inputs = (...lines: string[]) => `inputs vmlinux-6.18.3-${HASH}.bin.inputs\nkind guest\n${lines.join("\n")}\n`;
const SAME = [
  "version 6.18.3",
  ...["guest-arm64.config", "guest.config"].map((name) => `configuration ${sum(`config/${name}`)} ${name}`),
  `patch ${sum("patches/one.patch")} one.patch`,
];
const facts = (...lines: string[]): JobFacts => parseFacts(`${status()}\n${inputs(...lines)}`);

describe("what a machine says", () => {
  test("a status line is read whole; seconds become milliseconds", () => {
    expect(parseJob(status())).toEqual({
      ...{ id: "20261122T193012123-guest", kind: "guest", version: "6.18.3", hash: HASH, host: "arm", phase: "done" },
      ...{ state: "succeeded", startedAt: 1_000_000, endedAt: 1_090_000, exit: 0, total: 2530, bytes: 12, log: "/l" },
      ...{ artefact: "/home/u/.local/state/snowglobe-kernel/artefacts/x.bin", unchanged: false, reason: "" },
    });
    expect(parseJob(status({ ended: null, exit: null, state: "running", phase: "new-one" }))).toMatchObject({
      endedAt: undefined,
      exit: undefined,
      phase: "starting",
    });
  });

  test("an ID that could name another file, a state or a kind that is none: no job", () => {
    for (const more of [{ id: "../../x" }, { id: "20261122T193012123-guest/.." }, { state: "odd" }, { kind: "both" }]) {
      expect(parseJob(status(more))).toBeUndefined();
    }
  });

  test("any text is survived", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom("{", "inputs ", "\n", `${HASH}.inputs\n`, status(), "patch "),
      fc.json(),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        for (const job of parseFacts(pieces.join("")).jobs) expect(job.id).toMatch(/^\d{8}T\d{9}-(guest|host)$/);
      }),
      { numRuns: 10_000 },
    );
  });
});

describe("what would be built", () => {
  test("a patch that a version has by itself is not wanted there", () => {
    const names = (version: string) => wantedPatches({ ...source, version }).map(({ path }) => path.slice(8));
    expect(names("6.18.3")).toEqual(["one.patch", "two.patch"]);
    expect(names("6.18.51")).toEqual(["one.patch", "two.patch"]);
    expect(names("6.18.52")).toEqual(["one.patch"]);
    expect(names("6.18.100")).toEqual(["one.patch"]);
  });

  test("what changed since is named, each by its file; the other architecture's configuration is none of it", () => {
    const one: KernelSource = { ...source, files: source.files.slice(0, 5) };
    expect(changesSince(one, "guest", ARM, facts(...SAME))).toEqual([]);
    expect(changesSince(one, "host", ARM, facts(...SAME))).toBeUndefined();
    expect(changesSince(one, "guest", ARM, NO_FACTS)).toBeUndefined();
    const before = facts(
      "version 6.18.2",
      `patch ${"9".repeat(64)} old.patch`,
      `configuration ${"8".repeat(64)} guest.config`,
    );
    expect(changesSince(one, "guest", ARM, before)).toEqual([
      "Linux 6.18.3 in place of 6.18.2",
      "one.patch is new",
      "old.patch is gone",
      "configuration guest-arm64.config is new",
      "configuration guest.config changed",
    ]);
  });

  test("how long: as the last one, else a guess from its size, else next to nothing", () => {
    expect(expectation("guest", ARM, NO_FACTS, undefined)).toBe("about a minute and the download");
    expect(expectation("host", ARM, NO_FACTS, undefined)).toMatch(/^about 8 minutes/);
    expect(expectation("guest", ARM, facts(...SAME), ["x"])).toBe("1 min, as the last one");
    expect(expectation("guest", ARM, facts(...SAME), [])).toBe("a second or two, as nothing changed");
    expect(expectation("guest", ARM, parseFacts(status({ unchanged: true })), ["x"])).toMatch(/^about a minute/);
  });

  test("the details of the choices fit into a window of 80 columns", () => {
    const hours = parseFacts(
      `${status({ ended: 1000 + 86_399 })}\n${status({ id: "20261122T193012123-host", kind: "host" })}`,
    );
    for (const known of [NO_FACTS, hours, facts(...SAME)]) {
      const one: KernelSource = { ...source, files: source.files.slice(0, 5) };
      const question = buildQuestion(ARM, one, known);
      if (question.kind !== "choose") throw new Error("it is no choice");
      // 72 columns in the dialog, of which the marker and the labels take ten.
      for (const { detail = "" } of question.choices) expect(detail.length, detail).toBeLessThanOrEqual(62);
    }
  });

  test("whatever changed, the question is read whole in a window of 80 columns and 24 rows", async () => {
    const real = await readSource(join(import.meta.dirname, "../../../kernel"));
    const all = facts("version 6.18.2");
    const both = parseFacts(
      `${status()}\n${status({ id: "20261122T193012123-host", kind: "host", hash: "b".repeat(12) })}\n` +
        `${inputs("version 6.18.2")}inputs x-${"b".repeat(12)}.inputs\nkind host\nversion 6.18.2\n`,
    );
    expect(changesSince(real, "host", ARM, both)?.length).toBeGreaterThan(8);
    for (const known of [NO_FACTS, all, both]) {
      const { lines } = buildQuestion(ARM, real, known);
      const rows = lines.flatMap((line) => flow(line, 72));
      // What frame, title, margins, choices and keys leave of 24 rows.
      expect(rows.length, rows.join("\n")).toBeLessThanOrEqual(11);
    }
    expect(buildQuestion(ARM, real, NO_FACTS).lines[0]).toMatch(/^Linux 6\.18\.3 with \d patches\.$/);
    expect(saysBuild(ARM, "guest", real, both)).toMatch(
      /^Linux 6\.18\.3 with 7 patches \(fuse-remap-file-range, .*x86-async-pf-nested\)\. Since its last guest kernel: Linux 6\.18\.3 in place of 6\.18\.2, .* and \d more\. Expected: /,
    );
  });

  test("Cancel comes first, and only the ARM machine is asked about a host kernel", () => {
    const ids = (machine: keyof typeof MACHINES) => {
      const question = buildQuestion(MACHINES[machine], source, NO_FACTS);
      return question.kind === "choose" ? question.choices.map(({ id }) => id) : [];
    };
    expect(ids("fcvm-metal-arm")).toEqual(["cancel", "guest", "host"]);
    expect(ids("fcvm-metal-x86")).toEqual(["cancel", "guest"]);
  });
});

describe("how the running kernel stands", () => {
  const built = (...lines: string[]) => {
    const kernels = createKernels();
    const host = status({ id: "20261122T193012123-host", kind: "host" });
    kernels.learn("fcvm-metal-arm", parseFacts(`${host}\n${inputs("kind host", ...lines)}`), source);
    return kernels.get()["fcvm-metal-arm"];
  };
  const OURS = "6.18.3-nested-dsb";

  test("not ours, ours and unknown, older by version, by patches, or current", () => {
    expect(kernelStanding("6.8.0-1021-aws", 0, built())).toEqual({ nestedDsb: false, age: "unknown", changes: [] });
    expect(kernelStanding(OURS, 0, undefined)).toEqual({ nestedDsb: true, age: "unknown", changes: [] });
    expect(kernelStanding("6.18.2-nested-dsb", 2e6, built())).toMatchObject({ age: "older" });
    expect(kernelStanding(OURS, 2e6, built("version 6.18.3"))).toMatchObject({
      age: "older",
      changes: ["one.patch is new", "two.patch is new", "configuration host.config is new"],
    });
    const same = ["version 6.18.3", `configuration ${sum("config/host.config")} host.config`];
    const patches = wantedPatches(source).map((one) => `patch ${one.sha256} ${one.path.slice(8)}`);
    expect(kernelStanding(OURS, 2e6, built(...same, ...patches))).toEqual({
      nestedDsb: true,
      age: "current",
      changes: [],
    });
  });

  test("what was built after it came up says nothing of it", () => {
    expect(kernelStanding(OURS, 1_050_000, built("version 6.18.3"))).toMatchObject({ age: "unknown" });
  });
});

describe("how it ended", () => {
  const view: KernelView = {
    ...{ machine: "fcvm-metal-arm", kind: "guest", job: parseJob(status()), log: undefined, link: { state: "none" } },
    ...{
      progress: { ...NO_PROGRESS, phase: "compile", compiled: 12, total: 30 },
      findings: [],
      errors: 0,
      warnings: 0,
    },
  };
  const ended = (more: object) => {
    const job = parseJob(status(more));
    if (!job) throw new Error("no job");
    return outcomeOf("fcvm-metal-arm", { kind: "ended", job }, view);
  };

  test.each([
    [{}, "done", /^The guest kernel was built on fcvm-metal-arm in 1 min\. It is ~\/\.local\/state\/.*x\.bin\./],
    [{ unchanged: true }, "nothing-to-do", /^Nothing changed/],
    [{ state: "failed", exit: 1, reason: "Disk full." }, "failed", /^Disk full\. .*make kernel-arm/],
    [{ state: "cancelled", exit: 143 }, "cancelled", /was cancelled \(at 12 of 30 files\)\. To go on, press k/],
    [{ state: "interrupted", exit: 143 }, "failed", /taken back, shut down or rebooted.*When it runs again/],
    [{ state: "lost", exit: null }, "failed", /ended without a word/],
  ])("%j", (more, expected, words) => {
    const outcome = ended(more);
    expect(outcome.status).toBe(expected);
    const said =
      outcome.status === "failed"
        ? [outcome.failure.sentence, outcome.failure.action]
        : [outcome.sentence, outcome.next];
    expect(said.join(" ")).toMatch(words);
  });
});

test("kernel/ that is not there is a sentence", async () => {
  const empty = mkdtempSync(join(tmpdir(), "no-kernel-"));
  for (const path of [empty, join(empty, "missing")]) {
    await expect(readSource(path)).rejects.toMatchObject({ failure: { kind: "missing", action: expect.any(String) } });
  }
  rmSync(empty, { recursive: true });
});
