/** This folder: tests of past runs, orphan volumes and quitting. Not here: runs that are live (test/tui/run). */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { systemClock } from "../../../ops/clock.ts";
import { createHistory, type History, type RunSummary } from "../../../ops/operation/history.ts";
import { createOperations } from "../../../ops/operation/operations.ts";
import { HistoryScreen, StoredRunScreen } from "../../../tui/history/history.tsx";
import { whenWords } from "../../../tui/shared/run-line.ts";
import { renderScreen } from "../../harness/screen.tsx";
import { ENVIRONMENT } from "../run/scripted.tsx";

const SIZE = { columns: 80, rows: 24 };

async function shown(history: Pick<History, "listRuns">, live: ReadonlySet<string> = new Set()) {
  const opened: string[] = [];
  let left = 0;
  const screen = await renderScreen(
    <HistoryScreen
      {...SIZE}
      active
      clock={systemClock}
      history={history}
      live={live}
      onOpen={(id) => opened.push(id)}
      onBack={() => {
        left += 1;
      }}
    />,
    SIZE,
  );
  return { screen, opened, left: () => left };
}

it("calls a run that has not ended running only where it is under way in this process", async () => {
  const begun = (id: string) => ({
    id,
    name: "apply",
    title: `Apply ${id}`,
    machine: undefined,
    startedAt: Date.now(),
    endedAt: undefined,
    outcome: undefined,
  });
  const history = { listRuns: async () => [begun("here"), begun("lost")] };
  const { screen } = await shown(history, new Set(["here"]));
  await screen.waitFor("2 runs");
  expect(screen.text()).toMatch(/Apply here +◐ running/);
  expect(screen.text()).toMatch(/Apply lost +· not finished/);
  await screen.unmount();
});

it("lists the runs that were stored and opens one in the view that drew it", async () => {
  const history = createHistory(await mkdtemp(join(tmpdir(), "history-")));
  const operations = createOperations({
    clock: systemClock,
    history,
    explain: (error) => ({ kind: "internal", sentence: String(error) }),
  });
  const swap = operations.start({
    name: "swap",
    title: "Swap fcvm-metal-arm",
    run: async ({ step, log }) => {
      step("a", "Stop the instance", "done", "i-0abc");
      log("StopInstances answered");
      return { status: "done", sentence: "It runs on its own disk.", next: "Press Enter for a shell." };
    },
  });
  await swap.finished;
  const stop = operations.start({ name: "stop", title: "Stop jumpbox", run: () => Promise.reject(new Error("no")) });
  await stop.finished;
  await history.flush();

  const list = await shown(history);
  await list.screen.waitFor("2 runs");
  expect(list.screen.text()).toMatch(/› today \d\d:\d\d +Stop jumpbox +✗ failed +0 s/);
  await list.screen.press("down");
  await list.screen.waitFor((text) => /› today \d\d:\d\d +Swap fcvm-metal-arm +✓ done/.test(text));
  await list.screen.press("enter");
  expect(list.opened).toEqual([swap.get().id]);
  await list.screen.press("escape");
  expect(list.left()).toBe(1);
  await list.screen.unmount();

  let left = 0;
  const run = await renderScreen(
    <StoredRunScreen
      {...SIZE}
      active
      clock={systemClock}
      history={history}
      runId={swap.get().id}
      environment={ENVIRONMENT}
      onBack={() => {
        left += 1;
      }}
    />,
    SIZE,
  );
  await run.waitFor("It runs on its own disk.");
  expect(run.text()).toMatch(/✓ done +Stop the instance {2}i-0abc/);
  expect(run.text()).toContain("StopInstances answered");
  expect(run.text()).not.toContain("Ctrl+C");
  await run.press("ctrl+c", "escape");
  expect(left).toBe(1);
  await run.unmount();
});

it("scrolls, and is never higher than the window", async () => {
  const runs = Array.from(
    { length: 60 },
    (_, index): RunSummary => ({
      id: `run-${index}`,
      name: "start",
      title: `Start number ${index}`,
      machine: undefined,
      startedAt: systemClock.now() - index * 3_600_000,
      endedAt: undefined,
      outcome: undefined,
    }),
  );
  const { screen, opened } = await shown({ listRuns: async () => runs });
  await screen.waitFor("60 runs");
  expect(screen.text()).toContain("· not finished");
  await screen.press("pagedown", "pagedown", "pagedown", "pagedown", "pagedown", "pagedown", "enter");
  expect(opened).toEqual(["run-59"]);
  expect(screen.text()).toContain("› ");
  expect(screen.text()).toContain("Start number 59");
  // As a slow link brings a key that is held down: several in one piece.
  await screen.press("kkk", "enter");
  expect(opened).toEqual(["run-59", "run-56"]);
  expect(screen.scrolledAway()).toBe(0);
  await screen.unmount();
});

it("says that there is nothing yet, and that a run is gone", async () => {
  const { screen } = await shown({ listRuns: async () => [] });
  await screen.waitFor("Nothing has been run yet.");
  await screen.press("enter");
  await screen.unmount();
  let left = 0;
  const run = await renderScreen(
    <StoredRunScreen
      {...SIZE}
      active
      clock={systemClock}
      history={{ openRun: async () => undefined }}
      runId="gone"
      environment={ENVIRONMENT}
      onBack={() => {
        left += 1;
      }}
    />,
    SIZE,
  );
  await run.waitFor("not in the history any more");
  await run.press("escape");
  expect(left).toBe(1);
  await run.unmount();
});

it("names the day of a run where it is not today", () => {
  const noon = new Date(2026, 0, 15, 12, 5).getTime();
  expect(whenWords(noon, noon + 3_600_000)).toBe("today 12:05");
  expect(whenWords(noon, noon + 24 * 3_600_000)).toBe("2026-01-15 12:05");
});

it("is narrowed by every letter that is typed; Enter keeps it, and the first Escape gives all of it back", async () => {
  const run = (id: string, title: string, status: "done" | "failed"): RunSummary => ({
    id,
    name: "swap",
    title,
    machine: undefined,
    startedAt: Date.now(),
    endedAt: Date.now(),
    outcome:
      status === "done"
        ? { status, sentence: "So it ended." }
        : { status, failure: { kind: "internal", sentence: "So it ended." } },
  });
  const runs = [run("1", "Swap arm", "done"), run("2", "Stop jumpbox", "failed"), run("3", "Swap x86", "failed")];
  const { screen, opened, left } = await shown({ listRuns: async () => runs });
  await screen.waitFor("3 runs");
  await screen.press("/");
  await screen.type("SWA");
  await screen.waitFor((text) => text.includes("Swap x86") && !text.includes("Stop jumpbox"));
  await screen.press("escape");
  await screen.waitFor("Stop jumpbox");
  await screen.press("/");
  await screen.type("failed");
  await screen.press("enter", "down", "enter");
  await screen.waitFor("/failed  2 runs");
  expect(screen.text()).not.toContain("Swap arm");
  expect(opened).toEqual(["3"]);
  await screen.press("escape");
  await screen.waitFor("Swap arm");
  expect(left()).toBe(0);
  await screen.press("/");
  await screen.type("zzz");
  await screen.waitFor("No run matches.");
  await screen.press("enter", "enter", "q");
  expect([opened, left()]).toEqual([["3"], 0]);
  await screen.press("q");
  expect(left()).toBe(1);
  await screen.unmount();
});
