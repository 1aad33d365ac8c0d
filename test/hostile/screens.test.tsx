/** Hostile texts in every field that comes from outside: no view but an attached session may pass one on to the terminal. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fleet } from "../../ops/fleet/model.ts";
import { startRun } from "../../ops/operation/run.ts";
import type { Outcome } from "../../ops/operation/types.ts";
import { writeRun } from "../../ops/run-lines.ts";
import { logText } from "../../tui/format/flow.ts";
import { paint, t } from "../../tui/format/line.ts";
import { clean } from "../../tui/format/text.ts";
import { HistoryScreen } from "../../tui/history/history.tsx";
import { OrphansScreen } from "../../tui/history/orphans.tsx";
import { PastRunScreen } from "../../tui/run/run.tsx";
import { fakeClock, fakeOps, SIGNED_IN } from "../harness/fakes.ts";
import { aProbe, aSession, aVolume, live, NOW, STORY_METRICS, storyFleet } from "../harness/fleets.ts";
import { renderScreen } from "../harness/screen.tsx";
import { InWindow } from "../tui/fleet/on-screen.tsx";
import { ENVIRONMENT } from "../tui/run/scripted.tsx";
import { attack, expectHarmless, FAILURE, InRoot, planted, rounds, turn } from "./attacks.tsx";
import { CASES, endsInTime, expectDrawable, hostileText, pumped } from "./generators.ts";

describe("no escape sequence from outside reaches the terminal", () => {
  it("from the fleet screen", async () => {
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

  it("from the list of orphan volumes", async () => {
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

  it("from past runs and their list", async () => {
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
        waitedMs: 0,
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

  it("from the command line's lines", async () => {
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
  it("lets no hostile text through", () => {
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
