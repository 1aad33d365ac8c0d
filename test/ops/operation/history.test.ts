import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { explain } from "../../../ops/aws/errors.ts";
import { createHistory, type History } from "../../../ops/operation/history.ts";
import { createOperations } from "../../../ops/operation/operations.ts";
import type { Operation } from "../../../ops/operation/types.ts";
import { fakeClock } from "../fake-clock.ts";

const quick: Operation = {
  name: "start",
  title: "Start fcvm-metal-arm",
  machine: "fcvm-metal-arm",
  run: async (context) => {
    context.step("start", "Start it", "running");
    context.log("aws_secret_access_key = wJalrXUtnFEMI");
    context.deviceCode({ userCode: "ABCD-EFGH", url: "u", urlComplete: "c", expiresAt: 1 });
    context.progress(1, 2, "steps");
    context.step("start", "Start it", "done", "took no time");
    return { status: "done", sentence: "It runs." };
  },
};

describe("the history", () => {
  let dir: string;
  let history: History;
  const clock = fakeClock();
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "history-"));
    history = createHistory(dir);
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  const run = (operation: Operation, into = history) =>
    createOperations({ clock, history: into, explain }).start(operation);
  const files = async () => (await readdir(join(dir, "history"))).sort();

  it("opens a run again just as it was drawn", async () => {
    const live = run(quick);
    await live.finished;
    await history.flush();
    const { steps, outcome, startedAt, endedAt, progress } = live.get();
    expect(await history.openRun(live.get().id)).toMatchObject({ steps, outcome, startedAt, endedAt, progress });
    expect(await history.listRuns()).toEqual([
      expect.objectContaining({ id: live.get().id, title: quick.title, machine: "fcvm-metal-arm", outcome, endedAt }),
    ]);
  });

  it("of a run that goes on without us is on disk as far as it is told, and its end is not waited for", async () => {
    const going = run({
      ...quick,
      run: async (context) => {
        context.step("build", "Build it", "running");
        return new Promise(() => {});
      },
    });
    await history.flush();
    const text = await readFile(join(dir, "history", `${going.get().id}.jsonl`), "utf8");
    expect(text).toContain("Build it");
    expect(text.endsWith("\n")).toBe(true);
  });

  it("is readable by its owner alone, and holds no device code, secret or typed answer", async () => {
    const live = run({
      ...quick,
      run: async (context) => {
        const asked = context.ask({
          kind: "text",
          title: "Token?",
          lines: [],
          placeholder: "",
          check: () => undefined,
        });
        live.answer(1, "typed-by-hand");
        expect(await asked).toBe("typed-by-hand");
        return quick.run(context);
      },
    });
    await live.finished;
    await history.flush();
    const file = join(dir, "history", `${live.get().id}.jsonl`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, "history"))).mode & 0o777).toBe(0o700);
    expect(await readFile(file, "utf8")).not.toMatch(/ABCD|wJalr|typed-by-hand/);
  });

  it("opens what a kill left: half a last line, and no result", async () => {
    const live = run(quick);
    await live.finished;
    await history.flush();
    const file = join(dir, "history", `${live.get().id}.jsonl`);
    await truncate(file, (await stat(file)).size - 20);
    const opened = await history.openRun(live.get().id);
    expect(opened?.steps[0]?.state).toBe("done");
    expect(opened?.outcome).toMatchObject({ status: "cancelled" });
    expect((await history.listRuns())[0]?.outcome).toBeUndefined();
    await truncate(file, 10);
    expect(await history.openRun(live.get().id)).toBeUndefined();
    expect(await history.listRuns()).toEqual([]);
    expect(await history.openRun("../../etc/passwd")).toBeUndefined();
  });

  it("keeps no more of a flood than it may, but always the result", async () => {
    const small = createHistory(dir, { runs: 9, bytesARun: 2_000, bytesInAll: 100_000 });
    const live = run(
      {
        ...quick,
        run: async (context) => {
          for (let line = 0; line < 1_000; line += 1) context.log(`line ${line}`);
          return { status: "done", sentence: "It runs." };
        },
      },
      small,
    );
    await live.finished;
    await small.flush();
    expect((await stat(join(dir, "history", `${live.get().id}.jsonl`))).size).toBeLessThan(2_500);
    const opened = await small.openRun(live.get().id);
    expect(opened?.log.at(-1)?.text).toBe("The history keeps no more of this.");
    expect(opened?.outcome?.status).toBe("done");
  });

  it("is bounded in number and in size: the oldest go", async () => {
    const small = createHistory(dir, { runs: 3, bytesARun: 1_000, bytesInAll: 100_000 });
    const operations = createOperations({ clock, history: small, explain });
    for (let round = 0; round < 6; round += 1) {
      await operations.start(quick).finished;
      await small.flush();
      await clock.advance(1_000);
    }
    expect(await files()).toHaveLength(3);
    await writeFile(join(dir, "history", "2020-fat.jsonl"), "x".repeat(100_000));
    await operations.start(quick).finished;
    await small.flush();
    expect(await files()).not.toContain("2020-fat.jsonl");
  });

  it("says once that it cannot be written, and stops nothing", async () => {
    await writeFile(join(dir, "history"), "a file where the directory should be");
    const live = run({
      ...quick,
      run: async (context) => {
        await vi.waitFor(() => expect(live.get().log).toHaveLength(1));
        return quick.run(context);
      },
    });
    expect(await live.finished).toMatchObject({ status: "done" });
    await history.flush();
    expect(live.get().log.filter((line) => line.stream === "note")).toHaveLength(1);
    expect(await history.listRuns()).toEqual([]);
  });

  it("lists what is there, whatever else lies there", async () => {
    await mkdir(join(dir, "history"));
    await writeFile(join(dir, "history", "nonsense.jsonl"), "nonsense");
    await writeFile(join(dir, "history", "empty.jsonl"), "");
    await writeFile(join(dir, "history", "note.txt"), "x");
    expect(await history.listRuns()).toEqual([]);
  });
});

describe("operations", () => {
  it("are held newest first, the live ones always and the ended ones up to a bound", async () => {
    const clock = fakeClock();
    const history: History = {
      begin: () => ({ write: () => {} }),
      listRuns: async () => [],
      openRun: async () => undefined,
      flush: async () => {},
    };
    const ended: string[] = [];
    const operations = createOperations({ clock, history, explain, onEnded: (run) => ended.push(run.get().id) });
    const waiting = operations.start({ ...quick, run: () => new Promise(() => {}) });
    for (let round = 0; round < 60; round += 1) await operations.start(quick).finished;
    expect(operations.get()).toHaveLength(52);
    expect(operations.get().at(-1)).toBe(waiting);
    expect(new Set(ended).size).toBe(60);
  });
});
