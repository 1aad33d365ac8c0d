/** As screens.test.tsx, for runs: steps, questions, builds, plans and the sign-in. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Clock } from "../../ops/clock.ts";
import { createBuildLog } from "../../ops/kernel/build-log.ts";
import type { KernelView } from "../../ops/kernel/view.ts";
import { type Run, startRun } from "../../ops/operation/run.ts";
import type { Operation, OperationContext } from "../../ops/operation/types.ts";
import { cell, when } from "../../ops/store.ts";
import { RunScreen } from "../../tui/run/run.tsx";
import { fakeClock } from "../harness/fakes.ts";
import { NOW } from "../harness/fleets.ts";
import { renderScreen, type Screen } from "../harness/screen.tsx";
import { change, planJson, REPLACE, UPDATE } from "../ops/plan/plans.ts";
import { rig } from "../ops/plan/rig.ts";
import { ENVIRONMENT, FOREVER } from "../tui/run/scripted.tsx";
import { attack, expectHarmless, FAILURE, InRoot, rounds } from "./attacks.tsx";
import { expectDrawable } from "./generators.ts";

/** The run's screen, as the cockpit has it, in a window of this size. */
function showRun(run: Run, size: { columns: number; rows: number }, clock: Clock = fakeClock()): Promise<Screen> {
  const node = (
    <InRoot>
      {(within) => <RunScreen {...within} run={run} active clock={clock} environment={ENVIRONMENT} onBack={() => {}} />}
    </InRoot>
  );
  return renderScreen(node, size);
}

describe("no escape sequence from outside reaches the terminal", () => {
  it("from a run: its steps, its log, its questions, its outcome", async () => {
    let context: OperationContext | undefined;
    const operation = {
      ...({ name: "swap", title: attack("Swap"), machine: "fcvm-metal-arm" } as const),
      run: (given: OperationContext) => {
        context = given;
        return FOREVER;
      },
    };
    const run = startRun("r", operation, fakeClock(), () => FAILURE);
    const screen = await showRun(run, { columns: 100, rows: 30 });
    await rounds(screen, async (now) => {
      context?.step(attack("id"), attack("title"), "running", attack("detail"));
      for (const stream of ["out", "err", "note"] as const) context?.log(attack("line"), stream);
      context?.progress(now, 100, attack("things"));
      const lines = [attack("line"), attack("line")];
      const question = [
        { kind: "confirm", title: attack("t"), lines, yes: attack("y"), no: attack("n") },
        {
          kind: "choose",
          title: attack("t"),
          lines,
          choices: [1, 2].map((id) => ({ id: `${id}`, label: attack("l"), detail: attack("d") })),
        },
        { kind: "text", title: attack("t"), lines, placeholder: attack("p"), check: () => attack("c") },
        { kind: "confirm", title: attack("t"), lines, yes: attack("y"), no: attack("n"), typed: attack("w") },
      ][now % 5] as Parameters<OperationContext["ask"]>[0] | undefined;
      const asked = run.get().question;
      if (asked) run.answer(asked.id, undefined);
      if (question) void context?.ask(question);
    });
  });

  it("from a kernel build: its job, findings, log and link", async () => {
    const directory = await mkdtemp(join(tmpdir(), "snowglobe-hostile-log-"));
    const log = await createBuildLog(directory, "job");
    const view = (now: number): KernelView => ({
      machine: "fcvm-metal-arm",
      kind: "host",
      job: {
        ...{
          id: attack("id"),
          kind: "host",
          version: attack("6.18.3"),
          hash: attack("0123"),
          host: attack("arm"),
          phase: "compile",
        },
        ...{
          state: (["running", "failed", "lost"] as const)[now % 3] ?? "running",
          startedAt: NOW - 60_000,
          endedAt: undefined,
          exit: undefined,
        },
        ...{
          total: 2500,
          bytes: 1,
          log: attack("/log"),
          artefact: attack("/vmlinux"),
          unchanged: false,
          reason: attack("reason"),
        },
      },
      progress: {
        phase: "compile",
        compiled: now,
        total: 2500,
        current: attack("CC init/main.o"),
        perSecond: 3,
        secondsLeft: 60,
      },
      findings: [1, 2, 3].map((at) => ({
        severity: "error" as const,
        file: attack("f.c"),
        line: at,
        column: 1,
        text: attack("text"),
        at,
      })),
      ...{ errors: 3, warnings: 0 },
      link: now % 2 ? { state: "following" } : { state: "lost", since: NOW, sentence: attack("lost") },
      log,
    });
    const kernel = cell(view(0));
    let context: OperationContext | undefined;
    const operation: Operation = {
      ...{ name: "kernel", title: "Build", machine: "fcvm-metal-arm", kernel },
      run: (given) => {
        context = given;
        return FOREVER;
      },
    };
    const run = startRun("r", operation, fakeClock(), () => FAILURE);
    const screen = await showRun(run, { columns: 120, rows: 40 });
    try {
      await rounds(screen, async (now) => {
        kernel.set(view(now));
        log.append(Buffer.from(`${attack("line")}\n${attack("error: x")}\n`));
        context?.step("s", attack("title"), "running", attack("detail"));
        if (now % 5 === 0) await screen.press("tab");
      });
      const printed: string[] = [];
      for (const line of log.slice(0, log.get().lines)) printed.push(line);
      for (const line of printed) expectDrawable(line);
      expect(printed.length).toBeGreaterThan(100);
    } finally {
      log.close();
      await rm(directory, { recursive: true, force: true });
    }
  });

  it("from the device code", async () => {
    let context: OperationContext | undefined;
    const run = startRun(
      "r",
      {
        name: "login",
        title: "Sign in",
        run: (given) => {
          context = given;
          return FOREVER;
        },
      },
      fakeClock(),
      () => FAILURE,
    );
    const screen = await showRun(run, { columns: 100, rows: 40 });
    await rounds(screen, () =>
      context?.deviceCode({
        userCode: attack("ABCD-EFGH"),
        url: attack("https://device.example/"),
        urlComplete: attack("https://device.example/?user_code=ABCD"),
        expiresAt: NOW + 1000,
        note: attack("note"),
      }),
    );
  });

  it("from a plan: addresses, attributes, reasons, what an apply says", async () => {
    for (let round = 0; round < 8; round += 1) {
      const values = () => ({
        [attack("key")]: attack("value"),
        nested: { [attack("k")]: [attack("v")] },
        policy: JSON.stringify({ a: attack() }),
      });
      const word = () => attack("name").replaceAll(".", "");
      const changes = Array.from({ length: 12 }, (_, index) => ({
        ...change(`aws_sns_topic.t${index}`, {
          actions: index % 2 ? UPDATE : REPLACE,
          before: values(),
          after: values(),
          reason: attack("replace_because_tainted"),
          replacePaths: [[attack("path"), 0]],
          previous: attack("aws_sns_topic.old"),
          importing: { id: attack("id") },
        }),
        address: `aws_sns_topic.${word()}`,
        deposed: attack("deposed"),
      }));
      const it = rig(
        planJson(changes, {
          output_changes: { [attack("out")]: { actions: ["update"], before: attack(), after: attack() } },
        }),
      );
      it.onApply(async (tell) => {
        for (const { address } of changes) {
          tell({
            type: "apply_start",
            "@message": attack(),
            hook: { resource: { addr: address }, action: attack("create") },
          });
          tell({ type: "provision_progress", "@message": attack("says"), hook: { resource: { addr: address } } });
          tell({
            type: "apply_complete",
            "@message": attack(),
            hook: { resource: { addr: address }, action: "create", id_value: attack("id") },
          });
        }
        tell({
          type: "diagnostic",
          diagnostic: {
            severity: "error",
            summary: attack("s"),
            detail: attack("d"),
            address: attack("a"),
            snippet: { code: attack() },
          },
        });
        tell({ type: "change_summary", "@message": attack("sum"), changes: {} });
      });
      const run = it.start();
      await when(run, (state) => state.question !== undefined || state.outcome !== undefined);
      const screen = await showRun(run, { columns: 120, rows: 50 }, it.ops.clock);
      try {
        await screen.press("e", "down", "down", "down", "pagedown", "pagedown", "pagedown", "end");
        const asked = run.get().question;
        if (asked) run.answer(asked.id, "yes");
        await run.finished;
        await screen.press("tab", "down", "tab", "down", "tab");
        expectHarmless(screen.written());
        expect(screen.scrolledAway()).toBe(0);
      } finally {
        await screen.unmount();
      }
    }
  });
});
