import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { systemClock } from "../../../ops/clock.ts";
import { usualSteps } from "../../../ops/machine/usual.ts";
import { forecast, learned } from "../../../ops/operation/forecast.ts";
import { createHistory } from "../../../ops/operation/history.ts";
import { createOperations } from "../../../ops/operation/operations.ts";
import type { RunState, Step } from "../../../ops/operation/run.ts";
import type { StepAhead } from "../../../ops/operation/types.ts";

const USUAL: readonly StepAhead[] = [
  { id: "look", title: "Look", usualMs: [1000, 3000] },
  { id: "stop", title: "Stop", usualMs: [60_000, 240_000] },
  { id: "detach", title: "Detach", usualMs: [4000, 16_000] },
  { id: "start", title: "Start", usualMs: [20_000, 80_000] },
];

const step = (id: string, state: Step["state"], startedAt = 0, endedAt?: number): Step => ({
  id,
  title: id,
  state,
  detail: undefined,
  startedAt,
  endedAt,
});

it("counts the steps that are to come, and what is left of the present one", () => {
  const steps = [step("look", "done", 0, 1000), step("stop", "waiting", 1000)];
  expect(forecast({ steps }, USUAL, 31_000)).toMatchObject({ at: 2, of: 4, late: false, usualMs: [85_000, 339_000] });
  // Stop usually takes 150 s, and 30 are over; then 10 and 50.
  expect(forecast({ steps }, USUAL, 31_000)?.leftMs).toBe(120_000 + 10_000 + 50_000);
  expect(forecast({ steps }, USUAL, 1_000_000)).toMatchObject({ late: true, leftMs: 60_000 });
});

it("does not wait for what was passed over, and takes in what nobody expected", () => {
  const steps = [step("look", "done"), step("predecessor", "done"), step("detach", "running", 0)];
  const ahead = forecast({ steps }, USUAL, 0);
  expect(ahead?.toCome.map(({ id }) => id)).toEqual(["start"]);
  expect(ahead).toMatchObject({ at: 3, of: 4 });
  expect(forecast({ steps }, [], 0)).toBeUndefined();
});

it("learns from the last runs of the same kind on the same machine that ended well", async () => {
  const run = (id: string, over: Partial<RunState>) => ({
    id,
    name: "swap",
    title: "",
    machine: "fcvm-metal-arm" as const,
    startedAt: 0,
    endedAt: 1,
    outcome: { status: "done", sentence: "" } as const,
    ...over,
  });
  const runs = [run("a", {}), run("b", {}), run("c", { name: "stop" }), run("d", { outcome: undefined })];
  const opened: string[] = [];
  const history = {
    listRuns: async () => runs,
    openRun: async (id: string) => {
      opened.push(id);
      const end = id === "a" ? 90_000 : 70_000;
      return {
        ...runs[0],
        steps: [step("stop", "done", 0, end), step("start", "failed", 0, 5)],
      } as unknown as RunState;
    },
  };
  const known = await learned(USUAL, history, { name: "swap", machine: "fcvm-metal-arm" });
  expect(opened).toEqual(["a", "b"]);
  expect(known.map(({ usualMs }) => usualMs)).toEqual([
    [1000, 3000],
    [70_000, 90_000],
    [4000, 16_000],
    [20_000, 80_000],
  ]);
});

it("is what the operation says, once it knows: a prompt is at the end of another way each time", async () => {
  const operations = createOperations({
    clock: systemClock,
    history: createHistory(await mkdtemp(join(tmpdir(), "forecast-"))),
    explain: (error) => ({ kind: "internal", sentence: String(error) }),
  });
  const asked = Promise.withResolvers<void>();
  const run = operations.start({
    name: "ssh",
    title: "Open SSH",
    run: async (context) => {
      context.expects(usualSteps({ name: "walk", machine: "fcvm-metal-arm" }));
      await asked.promise;
      return { status: "done", sentence: "" };
    },
  });
  expect(run.ahead?.get().map(({ id }) => id)).toEqual(["look", "start", "address", "ssh"]);
  asked.resolve();
  await run.finished;
  expect(usualSteps({ name: "ssh", machine: "fcvm-metal-arm" })).toEqual([]);
});
