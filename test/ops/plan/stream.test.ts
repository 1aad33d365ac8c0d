import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPlanMemory } from "../../../ops/plan/last.ts";
import {
  applyEnded,
  applyOf,
  applyState,
  doneAndNot,
  NOT_BEGUN,
  planProgress,
  refreshTotal,
} from "../../../ops/plan/stream.ts";
import { driftWords } from "../../../ops/plan/view.ts";
import { parseLine } from "../../../ops/terraform/messages.ts";
import { CREATE, change, plan, REPLACE, UPDATE } from "./plans.ts";

const hook = (type: string, addr: string, action = "create", more = {}) =>
  JSON.stringify({
    "@level": "info",
    "@message": `${addr}: ${type}`,
    type,
    hook: { resource: { addr }, action, ...more },
  });

describe("the look at the account", () => {
  test("counts what is refreshed, of as many as are known", () => {
    const lines = [hook("refresh_start", "a.b"), hook("refresh_complete", "a.b"), hook("refresh_start", "a.c")];
    const progress = lines.map(parseLine).reduce(planProgress, { ...NOT_BEGUN, total: 63 });
    expect(progress).toMatchObject({ started: 2, refreshed: 1 });
    expect(refreshTotal(progress)).toBe(63);
    expect(refreshTotal({ ...progress, total: undefined })).toBe(2);
  });

  test("survives what it does not know: other types, newer versions, a crash, the engine's words", () => {
    const odd = [
      '{"type":"version","terraform":"2.7.0","ui":"9.9","@message":"Terraform 2.7.0"}',
      '{"type":"telepathy","@message":"hello"}',
      "panic: runtime error: index out of range",
      '{"type":"refresh_complete"',
      '{"type":"refresh_complete"}',
      "",
      "[1]",
      "null",
    ];
    expect(odd.map(parseLine).reduce(planProgress, NOT_BEGUN).refreshed).toBe(1);
    const apply = odd.map(parseLine).reduce((state, message) => applyState(state, message, 0), applyOf(plan([])));
    expect(apply.total).toBe(0);
  });

  test("a diagnostic of many kilobytes is cut, many of them are bounded, and the snippet is kept", () => {
    const diagnostic = {
      severity: "error",
      summary: "S",
      detail: "x".repeat(100_000),
      snippet: { context: "resource x", code: "a = 漢" },
    };
    const line = parseLine(JSON.stringify({ type: "diagnostic", diagnostic }));
    const { diagnostics } = Array.from({ length: 500 }, () => line).reduce(planProgress, NOT_BEGUN);
    expect(diagnostics).toHaveLength(200);
    expect(diagnostics[0]?.detail.length).toBeLessThan(9000);
    expect(diagnostics[0]?.snippet).toEqual({ context: "resource x", code: "a = 漢" });
  });

  test("never throws, whatever line comes", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.json(),
            fc
              .record({
                type: fc.constantFrom(
                  "apply_start",
                  "refresh_start",
                  "diagnostic",
                  "outputs",
                  "change_summary",
                  "provision_progress",
                ),
                hook: fc.jsonValue(),
                diagnostic: fc.jsonValue(),
                changes: fc.jsonValue(),
              })
              .map((one) => JSON.stringify(one)),
          ),
        ),
        (lines) => {
          const messages = lines.map(parseLine);
          messages.reduce(planProgress, NOT_BEGUN);
          messages.reduce((state, message) => applyState(state, message, 1), applyOf(plan([])));
        },
      ),
    );
  });
});

describe("an apply", () => {
  const model = plan([
    change("a.new", { actions: CREATE }),
    change("a.other", { actions: REPLACE }),
    change("a.third", { actions: UPDATE }),
  ]);
  const having = (...lines: string[]) =>
    lines
      .map(parseLine)
      .reduce((state, message, index) => applyState(state, message, 1000 * (index + 1)), applyOf(model));

  test("each resource waits, runs and is done; a replacement is done after its second half", () => {
    const half = having(hook("apply_start", "a.other", "delete"), hook("apply_complete", "a.other", "delete"));
    expect(half.resources.get("a.other")).toMatchObject({ state: "running", startedAt: 1000 });
    expect(half.done).toBe(0);
    const whole = having(
      hook("apply_start", "a.other", "delete"),
      hook("apply_complete", "a.other", "delete"),
      hook("apply_start", "a.other", "create"),
      hook("provision_progress", "a.other"),
      hook("apply_complete", "a.other", "create", { id_value: "i-1" }),
    );
    expect(whole.resources.get("a.other")).toMatchObject({
      state: "done",
      id: "i-1",
      startedAt: 1000,
      endedAt: 5000,
      said: "a.other: provision_progress",
    });
    expect(whole).toMatchObject({ done: 1, total: 3 });
    expect(whole.resources.get("a.new")).toMatchObject({ state: "waiting" });
  });

  test("that is cut short says what was done, what failed and what was not begun", () => {
    const state = applyEnded(
      having(
        hook("apply_start", "a.new"),
        hook("apply_complete", "a.new"),
        hook("apply_start", "a.third"),
        hook("apply_errored", "a.third"),
      ),
      9000,
    );
    expect(doneAndNot(state)).toBe(
      "1 of 3 changes were made: a.new. Failed or cut short: a.third. Not begun: a.other.",
    );
    expect(state.resources.get("a.other")?.state).toBe("stopped");
  });

  test("data sources read on the way are no change, and what nobody planned is shown all the same", () => {
    expect(having(hook("apply_start", "data.a.b", "read")).total).toBe(3);
    expect(having(hook("apply_start", "a.unplanned")).total).toBe(4);
  });
});

describe("the last plan", () => {
  test("in words", () => {
    expect(driftWords({ drift: 2, pending: 1 })).toBe("2 changes outside Terraform, 1 pending");
    expect(driftWords({ drift: 1, pending: 0 })).toBe("1 change outside Terraform");
    expect(driftWords({ drift: 0, pending: 3 })).toBe("3 pending");
    expect(driftWords({ drift: 0, pending: 0 })).toBeUndefined();
  });

  test("is there again in another process, and nonsense on disk is nothing", async () => {
    const dir = spawnSync("mktemp", ["-d"], { encoding: "utf8" }).stdout.trim();
    const memory = createPlanMemory(dir);
    expect(await memory.load()).toBeUndefined();
    memory.save({ at: 1, pending: 2, drift: 3, resources: 4 });
    await memory.flush();
    expect(await createPlanMemory(dir).load()).toEqual({ at: 1, pending: 2, drift: 3, resources: 4 });
    spawnSync("sh", ["-c", `echo '{"at":"x"}' > ${dir}/last-plan.json`]);
    expect(await createPlanMemory(dir).load()).toBeUndefined();
    spawnSync("rm", ["-r", dir]);
  });
});
