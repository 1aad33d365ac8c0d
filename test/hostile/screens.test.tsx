/** Hostile texts in every field that comes from outside: no view but an attached session may pass one on to the terminal. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Box, useWindowSize } from "ink";
import type { ReactNode } from "react";
import { describe, expect, it } from "vitest";
import type { Fleet } from "../../ops/fleet/model.ts";
import { createBuildLog } from "../../ops/kernel/build-log.ts";
import type { KernelView } from "../../ops/kernel/view.ts";
import { startRun } from "../../ops/operation/run.ts";
import type { Operation, OperationContext, Outcome } from "../../ops/operation/types.ts";
import { writeRun } from "../../ops/run-lines.ts";
import { cell, when } from "../../ops/store.ts";
import { logText } from "../../tui/format/flow.ts";
import { paint, t } from "../../tui/format/line.ts";
import { clean } from "../../tui/format/text.ts";
import { HistoryScreen } from "../../tui/screens/history.tsx";
import { OrphansScreen } from "../../tui/screens/orphans.tsx";
import { PastRunScreen, RunScreen } from "../../tui/screens/run.tsx";
import { fakeClock, fakeOps, SIGNED_IN } from "../harness/fakes.ts";
import { aProbe, aSession, aVolume, live, NOW, STORY_METRICS, storyFleet } from "../harness/fleets.ts";
import { renderScreen, type Screen } from "../harness/screen.tsx";
import { change, planJson, REPLACE, UPDATE } from "../ops/plan/plans.ts";
import { rig } from "../ops/plan/rig.ts";
import { InWindow } from "../tui/fleet/on-screen.tsx";
import { ENVIRONMENT, FOREVER } from "../tui/run/scripted.tsx";
import { CASES, endsInTime, expectDrawable, hostileText, pumped } from "./generators.ts";

const ESC = "\u001b";

/** Each steers a terminal in a way of its own, and none is like what Ink writes: 7777 is in all that take a number. */
const ATTACKS: readonly string[] = [
  ...[
    `${ESC}[7777m`,
    `${ESC}[7777J`,
    `${ESC}[?7777h`,
    `${ESC}]7777;owned\u0007`,
    `${ESC}]52;c;b3duZWQ=${ESC}\\`,
    `${ESC}c`,
  ],
  ...[
    `${ESC}P7777q${ESC}\\`,
    `${ESC}_7777${ESC}\\`,
    `${ESC}(0`,
    `${ESC}7`,
    "\u009b7777m",
    "\u009d7777;owned\u009c",
    "\u0090q",
  ],
  ...[
    "\u0000",
    "\u0007",
    "\b\b\b",
    "\u007f",
    "\u000e",
    "\u000b",
    "\f",
    "\u0085",
    `${ESC}`,
    `${ESC}[`,
    `${ESC}]`,
    "\u001b\u001b[7777m",
  ],
  ...[
    "\u202e",
    "\u2066",
    "\u200f",
    "\u061c",
    "\u2028",
    "\u2029",
    "\n",
    "\r",
    "\r\n\r\n",
    "\t",
    "\ud800",
    "\u{e0041}",
    "\u200b",
  ],
];

/** What Ink and our styles write: colours, cursor moves, erasing, modes of the screen, synchronised output. */
const OURS = new RegExp(
  `${ESC}\\[(?:\\d{1,3}(?:[;:]\\d{1,3})*)?[mABCDEFGHJK]|${ESC}\\[\\?(?:25|1049|2004|2026|7)[hl]`,
  "g",
);

/** What is left of everything that was written when our own sequences are taken out is plain text. */
function expectHarmless(written: string): void {
  const rest = written.replaceAll(OURS, "").replaceAll(/\r?\n/g, "");
  const found = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/u.exec(rest);
  if (found) {
    const near = JSON.stringify(rest.slice(Math.max(0, found.index - 60), found.index + 40));
    throw new Error(`the terminal was sent U+${found[0].codePointAt(0)?.toString(16)} in ${near}`);
  }
}

let turn = 0;

/** The next attack in an innocent text, sometimes several. */
function attack(word = "x"): string {
  turn += 1;
  const one = ATTACKS[turn % ATTACKS.length] ?? "";
  const other = ATTACKS[(turn * 7) % ATTACKS.length] ?? "";
  return turn % 3 ? `${word}${one}${word}` : `${one}${word}${other}${"y".repeat(turn % 90)}`;
}

/** Fields whose values are ours: they are checked where they are read. */
const OWN = new Set([
  "state",
  "status",
  "kind",
  "rootKind",
  "addressPlace",
  "market",
  "spec",
  "via",
  "mode",
  "stream",
  "type",
]);

/** The value with an attack in every text that comes from outside, and in every key of the tags. */
function planted<T>(value: T, key = ""): T {
  if (typeof value === "string") return (OWN.has(key) && key !== "type" ? value : attack(value)) as T;
  if (typeof value !== "object" || value === null || value instanceof Set || OWN.has(key)) return value;
  if (Array.isArray(value)) return value.map((one: unknown) => planted(one, key)) as T;
  const tags = key === "tags" ? [[attack("key"), attack("value")]] : [];
  const fields = Object.entries(value).map(([name, one]) => [name, planted(one, name)]);
  return Object.fromEntries([...fields, ...tags]) as T;
}

const FAILURE = { kind: "server", sentence: "It broke.", action: "Wait.", code: "X" } as const;

/** Rounds of each screen: each plants dozens of texts, so that all together are well over ten thousand. */
const ROUNDS = 60;

async function rounds(screen: Screen, round: (turn: number) => Promise<void> | void): Promise<void> {
  try {
    for (let now = 0; now < ROUNDS; now += 1) {
      await round(now);
      await screen.press(now % 2 ? "down" : "up");
    }
    expectHarmless(screen.written());
    expect(screen.scrolledAway()).toBe(0);
    expect(screen.written().length).toBeGreaterThan(2_000);
  } finally {
    await screen.unmount();
  }
}

function InRoot({ children }: { children: (size: { columns: number; rows: number }) => ReactNode }) {
  const { columns, rows } = useWindowSize();
  return (
    <Box width={columns} height={rows} overflow="hidden">
      {children({ columns, rows })}
    </Box>
  );
}

describe("no escape sequence from outside reaches the terminal", () => {
  it("from the fleet screen", { timeout: 60_000 }, async () => {
    const ops = fakeOps();
    const clock = fakeClock();
    const plant = () => {
      const fleet: Fleet = planted(storyFleet());
      ops.cells.fleet.set(live(fleet, { failure: turn % 2 ? planted(FAILURE) : undefined }));
      ops.cells.metrics.set({ ...STORY_METRICS, failure: planted(FAILURE) });
      ops.cells.signIn.set(turn % 4 ? planted(SIGNED_IN) : { status: "signed-out", failure: planted(FAILURE) });
      const probe = planted(
        aProbe({ firstBoot: { state: "failed", failed: ["a", "b"] }, interruption: { action: "stop", at: NOW } }),
      );
      ops.cells.probes.set({ jumpbox: probe, "fcvm-metal-arm": probe, "fcvm-metal-x86": probe });
      const end = { kind: "failed", sentence: attack("s"), action: attack("a") } as const;
      ops.cells.sessions.set([
        aSession("s1", "fcvm-metal-arm", {
          title: attack("t"),
          lastLines: [attack(), attack(), attack()],
          activity: true,
        }),
        aSession("s2", "fcvm-metal-arm", {
          title: attack("t"),
          lastLines: [attack()],
          end: turn % 2 ? end : { kind: "link-lost", sentence: attack() },
        }),
      ]);
    };
    plant();
    const toasts = () => [{ id: turn, text: attack("toast"), tone: "info" as const }];
    const node = (machine: "jumpbox" | "fcvm-metal-arm" | "fcvm-metal-x86") => (
      <InWindow ops={ops} selected={machine} session="s1" toasts={toasts() as never} />
    );
    const screen = await renderScreen(node("jumpbox"), { columns: 200, rows: 50 });
    await rounds(screen, async (now) => {
      plant();
      clock.advance(1000);
      screen.rerender(node((["jumpbox", "fcvm-metal-arm", "fcvm-metal-x86"] as const)[now % 3] ?? "jumpbox"));
      if (now % 20 === 19) await screen.resize(now % 40 === 39 ? 200 : 80, now % 40 === 39 ? 50 : 24);
    });
  });

  it("from the list of orphan volumes", { timeout: 60_000 }, async () => {
    const node = () => {
      const fleet: Fleet = {
        ...planted(storyFleet()),
        orphans: [1, 2, 3].map((id) =>
          planted(aVolume(`vol-${id}`, { tags: { "snowglobe:machine": "jumpbox", "snowglobe:instance": "i-1" } })),
        ),
      };
      return (
        <InRoot>
          {(size) => (
            <OrphansScreen
              {...size}
              active
              clock={fakeClock()}
              fleet={fleet}
              environment={ENVIRONMENT}
              onDelete={() => {}}
              onBack={() => {}}
            />
          )}
        </InRoot>
      );
    };
    const screen = await renderScreen(node(), { columns: 100, rows: 30 });
    await rounds(screen, () => screen.rerender(node()));
  });

  it("from a run: its steps, its log, its questions, its outcome", { timeout: 60_000 }, async () => {
    let context: OperationContext | undefined;
    const operation = {
      ...({ name: "swap", title: attack("Swap"), machine: "fcvm-metal-arm" } as const),
      run: (given: OperationContext) => {
        context = given;
        return FOREVER;
      },
    };
    const run = startRun("r", operation, fakeClock(), () => FAILURE);
    const node = (
      <InRoot>
        {(size) => (
          <RunScreen {...size} run={run} active clock={fakeClock()} environment={ENVIRONMENT} onBack={() => {}} />
        )}
      </InRoot>
    );
    const screen = await renderScreen(node, { columns: 100, rows: 30 });
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

  it("from a kernel build: its job, findings, log and link", { timeout: 60_000 }, async () => {
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
    const node = (
      <InRoot>
        {(size) => (
          <RunScreen {...size} run={run} active clock={fakeClock()} environment={ENVIRONMENT} onBack={() => {}} />
        )}
      </InRoot>
    );
    const screen = await renderScreen(node, { columns: 120, rows: 40 });
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

  it("from the device code", { timeout: 60_000 }, async () => {
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
    const node = (
      <InRoot>
        {(size) => (
          <RunScreen {...size} run={run} active clock={fakeClock()} environment={ENVIRONMENT} onBack={() => {}} />
        )}
      </InRoot>
    );
    const screen = await renderScreen(node, { columns: 100, rows: 40 });
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

  it("from past runs and their list", { timeout: 60_000 }, async () => {
    const outcome = (): Outcome =>
      turn % 2
        ? { status: "failed", failure: planted(FAILURE) }
        : { status: "blocked", sentence: attack("s"), next: attack("n") };
    const state = () => ({
      ...{
        id: "r",
        name: attack("n"),
        title: attack("t"),
        machine: undefined,
        harmlessToDrop: true,
        startedAt: 1,
        endedAt: 2,
      },
      steps: [1, 2].map((id) => ({
        id: `${id}`,
        title: attack("s"),
        state: "done" as const,
        detail: attack("d"),
        startedAt: 1,
        endedAt: 2,
      })),
      log: [1, 2, 3].map(() => ({ at: 1, stream: "out" as const, text: attack("l") })),
      ...{
        progress: { done: 1, total: 2, unit: attack("u") },
        question: undefined,
        deviceCode: undefined,
        cancelling: false,
      },
      outcome: outcome(),
    });
    const listed = () => [1, 2, 3, 4].map((id) => ({ ...state(), id: `${id}` }));
    const node = (now: number) => (
      <InRoot>
        {(size) =>
          now % 2 ? (
            <PastRunScreen
              {...size}
              state={state()}
              active
              clock={fakeClock()}
              environment={ENVIRONMENT}
              onBack={() => {}}
            />
          ) : (
            <HistoryScreen
              {...size}
              key={now}
              active
              clock={fakeClock()}
              history={{ listRuns: async () => listed() }}
              live={new Set()}
              onOpen={() => {}}
              onBack={() => {}}
            />
          )
        }
      </InRoot>
    );
    const screen = await renderScreen(node(0), { columns: 100, rows: 30 });
    await rounds(screen, (now) => screen.rerender(node(now)));
  });

  it("from a plan: addresses, attributes, reasons, what an apply says", { timeout: 60_000 }, async () => {
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
      const node = (
        <InRoot>
          {(size) => (
            <RunScreen {...size} run={run} active clock={it.ops.clock} environment={ENVIRONMENT} onBack={() => {}} />
          )}
        </InRoot>
      );
      const screen = await renderScreen(node, { columns: 120, rows: 50 });
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

  it("from the command line's lines", { timeout: 60_000 }, async () => {
    const lines: string[] = [];
    const put = (line: string) => lines.push(line);
    for (let round = 0; round < 500; round += 1) {
      const run = startRun(
        "r",
        {
          name: "x",
          title: attack("t"),
          run: async (context) => {
            context.step("s", attack("title"), "running", attack("detail"));
            context.log(attack("line"));
            context.deviceCode({
              userCode: attack(),
              url: attack(),
              urlComplete: attack(),
              expiresAt: 1,
              note: attack(),
            });
            await context.ask({
              kind: "confirm",
              title: attack(),
              lines: [attack()],
              yes: attack(),
              no: attack(),
              typed: attack(),
            });
            return round % 2
              ? { status: "failed", failure: planted(FAILURE) }
              : { status: "done", sentence: attack(), next: attack() };
          },
        },
        fakeClock(),
        () => FAILURE,
      );
      await writeRun(run, { out: put, err: put, ask: async (prompt) => void put(prompt) });
    }
    for (const line of lines) expectDrawable(line);
    expect(lines.length).toBeGreaterThan(3_000);
  });
});

describe("what every view draws with", () => {
  it("lets no hostile text through", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 0, max: 40 }), (text, columns) => {
        expectHarmless(paint([t(text, "accent"), { cell: [t(text)], width: 10 }, { tick: () => text }], columns, 0));
        expectDrawable(clean(text));
        expectDrawable(logText(text));
      }),
      { numRuns: CASES },
    );
  });

  it("ends in time, whatever a text is made of", () => {
    endsInTime(pumped(["x"]), (text) => {
      paint([t(text)], 80, 0);
      logText(text);
    });
  });
});
