import { Box } from "ink";
import { describe, expect, it, vi } from "vitest";
import { type Clock, systemClock } from "../../../ops/clock.ts";
import type { Run } from "../../../ops/operation/run.ts";
import type { OperationContext } from "../../../ops/operation/types.ts";
import { cell } from "../../../ops/store.ts";
import { useBell } from "../../../tui/run/bell.ts";
import { RunStrip, runToLookAt } from "../../../tui/run/run-strip.tsx";
import { useStore } from "../../../tui/shared/use-store.ts";
import { fakeClock } from "../../harness/fakes.ts";
import { renderScreen } from "../../harness/screen.tsx";
import { aJob, aView, COMPILING, scriptedBuild } from "../kernel/scripted-build.ts";
import { FOREVER, scripted } from "./scripted.tsx";

const QUESTION = { kind: "confirm", title: "Swap it?", lines: [], yes: "Swap", no: "Cancel" } as const;

async function strip(runs: readonly Run[], clock: Clock, columns = 80) {
  return renderScreen(
    <Box flexDirection="column">
      <RunStrip runs={runs} columns={columns} clock={clock} />
    </Box>,
    { columns, rows: 6 },
  );
}

describe("the strip", () => {
  it("follows a run from its step through its question to its end", async () => {
    const clock = fakeClock();
    const answered = Promise.withResolvers<void>();
    let context: OperationContext | undefined;
    const run = scripted(
      async (given) => {
        context = given;
        given.step("a", "Wait for the spot request", "waiting");
        await answered.promise;
        await given.ask(QUESTION);
        return { status: "done", sentence: "It runs on its own disk." };
      },
      { clock },
    );
    clock.advance(12_000);
    const screen = await strip([run], clock);
    expect(screen.text()).toMatch(/Swap fcvm-metal-arm 12 s {2}waiting: Wait for the spot request {2}v look/);
    answered.resolve();
    await screen.waitFor("asks: Swap it?");
    run.answer(1, "yes");
    await screen.waitFor("✓ Swap fcvm-metal-arm  done after 12 s");
    expect(context).toBeDefined();
    expect(screen.text()).toContain("It runs on its own disk.");
    await screen.unmount();
  });

  it("says nothing of a shell that was opened, and says what kept one from being opened", async () => {
    const opened = scripted(async () => ({ status: "done", sentence: "It answers." }), { name: "ssh" });
    const refused = scripted(async () => ({ status: "blocked", sentence: "It is gone." }), { name: "ssh" });
    await Promise.all([opened.finished, refused.finished]);
    const screen = await strip([opened, refused], systemClock);
    await screen.waitFor("It is gone.");
    expect(screen.text()).not.toContain("It answers.");
    await screen.unmount();
  });

  it("lets go of a run that ended some time ago", async () => {
    const clock = fakeClock();
    const run = scripted(async () => ({ status: "done", sentence: "Done." }), { clock });
    await run.finished;
    clock.advance(19_900);
    const screen = await strip([run], clock);
    await screen.waitFor("done after");
    await screen.waitFor((text) => text.trim() === "");
    await screen.unmount();
    clock.advance(60_000);
    const later = await strip([run], clock);
    expect(later.text().trim()).toBe("");
    await later.unmount();
  });

  it("does not listen to runs that ended long ago, however many are kept", async () => {
    const clock = fakeClock();
    const { runs, listening } = await longEnded(clock, 50);
    clock.advance(60_000);
    const screen = await strip(runs, clock);
    expect(listening.size).toBe(0);
    await screen.unmount();
  });

  it("shows how far a build is, in words where its link is lost, and how long it took in all", async () => {
    const clock = fakeClock();
    const job = aJob({ startedAt: clock.now() - 60_000 });
    const { run, kernel, end } = scriptedBuild(aView({ ...COMPILING, job }), clock);
    clock.advance(3000);
    const screen = await strip([run], clock, 120);
    expect(screen.text()).toMatch(/Build a kernel on fcvm-metal-arm 63 s {2}53 % {2}compiling {2}about 35 s left/);
    kernel.update((view) => ({ ...view, link: { state: "lost", since: clock.now(), sentence: "Reset." } }));
    await screen.waitFor("link lost just now");
    const narrow = await strip([run], clock, 60);
    expect(narrow.screen()[0]?.slice(2)).toBe("Kernel on fcvm-metal-arm  53 %  link lost just now  v look");
    await narrow.unmount();
    end({ status: "done", sentence: "The guest kernel was built." });
    await screen.waitFor("✓ Build a kernel on fcvm-metal-arm  done after 63 s");
    await screen.unmount();
  });

  it("takes one row a run, and knows which one is to be looked at", async () => {
    const clock = fakeClock();
    const busy = scripted(() => FOREVER, { clock, title: `Busy ${"x".repeat(200)}` });
    const asking = scripted(({ ask }) => ask(QUESTION).then(() => FOREVER), { clock, title: "Asking" });
    const over = scripted(async () => ({ status: "done", sentence: "Done." }), { clock, title: "Over" });
    await over.finished;
    expect(runToLookAt([over, busy, asking])).toBe(asking);
    expect(runToLookAt([over, busy])).toBe(busy);
    expect(runToLookAt([over])).toBe(over);
    const later = scripted(async () => ({ status: "done", sentence: "Done." }), {
      clock: fakeClock(clock.now() + 9000),
    });
    await later.finished;
    expect(runToLookAt([over, later])).toBe(later);
    expect(runToLookAt([later, over])).toBe(later);
    expect(runToLookAt([])).toBeUndefined();
    const screen = await strip([busy, asking, over].map(distinct), clock);
    expect(screen.screen().filter((row) => row.trim())).toHaveLength(3);
    await screen.unmount();
  });
});

/** Runs of yesterday, and whoever listens to them. */
async function longEnded(clock: Clock, count: number) {
  const listening = new Set<object>();
  const runs = Array.from({ length: count }, () => scripted(async () => ({ status: "done", sentence: "" }), { clock }));
  await Promise.all(runs.map((run) => run.finished));
  const watched = runs.map(distinct).map(
    (run): Run => ({
      ...run,
      subscribe: (listener) => {
        const token = {};
        const unsubscribe = run.subscribe(listener);
        listening.add(token);
        return () => {
          listening.delete(token);
          unsubscribe();
        };
      },
    }),
  );
  return { runs: watched, listening };
}

/** The runs of these tests all have one id; those of the cockpit never do. */
function distinct(run: Run, index: number): Run {
  const state = cell({ ...run.get(), id: `run-${index}` });
  return { ...run, get: state.get, subscribe: state.subscribe };
}

function Bell({ runs, output }: { runs: readonly Run[]; output: { write: () => boolean } }) {
  useBell(runs, output);
  const [run] = runs;
  return run ? <State run={run} /> : null;
}
function State({ run }: { run: Run }) {
  useStore(run);
  return null;
}

describe("the bell", () => {
  it("rings for a question and for the end of what took long, and not for what was quick", async () => {
    const clock = fakeClock();
    const write = vi.fn(() => true);
    const going = Promise.withResolvers<void>();
    const run = scripted(
      async ({ ask, step }) => {
        await going.promise;
        step("a", "Wait", "done");
        await ask(QUESTION);
        return { status: "done", sentence: "Done." };
      },
      { clock },
    );
    const quick = scripted(
      async () => {
        await going.promise;
        return { status: "done", sentence: "Done." };
      },
      { title: "Quick" },
    );
    const screen = await renderScreen(<Bell runs={[run, quick]} output={{ write }} />, { columns: 20, rows: 2 });
    clock.advance(60_000);
    going.resolve();
    await quick.finished;
    await vi.waitFor(() => expect(write).toHaveBeenCalledTimes(1));
    run.answer(1, "yes");
    await run.finished;
    expect(write).toHaveBeenCalledTimes(2);
    await screen.unmount();
  });

  it("listens to no run that has ended", async () => {
    const { runs, listening } = await longEnded(fakeClock(), 50);
    const BellAlone = () => {
      useBell(runs, { write: () => true });
      return null;
    };
    const screen = await renderScreen(<BellAlone />, { columns: 20, rows: 2 });
    expect(listening.size).toBe(0);
    await screen.unmount();
  });

  it("rings for a build that was found near its end: it had lasted", async () => {
    const clock = fakeClock();
    const write = vi.fn(() => true);
    const { run, end } = scriptedBuild(aView({ ...COMPILING, job: aJob({ startedAt: clock.now() - 60_000 }) }), clock);
    const screen = await renderScreen(<Bell runs={[run]} output={{ write }} />, { columns: 20, rows: 2 });
    end({ status: "done", sentence: "Built." });
    await run.finished;
    expect(write).toHaveBeenCalledTimes(1);
    await screen.unmount();
  });
});
