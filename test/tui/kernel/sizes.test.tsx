import fc from "fast-check";
import { expect, it } from "vitest";
import type { BuildProgress, Finding, KernelJob, KernelPhase, KernelView } from "../../../ops/kernel/view.ts";
import { fakeClock } from "../../harness/fakes.ts";
import { NOW } from "../../harness/fleets.ts";
import { show } from "../run/scripted.tsx";
import { aJob, aView, memoryLog, scriptedBuild } from "./scripted-build.ts";

const character = fc.constantFrom(..."abc /.:äö日本語\t\n\r\u001b[2J\u0007\u202e");
const text = fc.string({ unit: character, maxLength: 150 });
const optional = <T,>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const phase = fc.constantFrom<KernelPhase>("starting", "check", "patch", "compile", "link", "prove", "install", "done");
const number = fc.integer({ min: 0, max: 1_000_000 });

const job: fc.Arbitrary<KernelJob> = fc
  .record({
    id: text,
    kind: fc.constantFrom("guest" as const, "host" as const),
    version: text,
    hash: text,
    phase,
    state: fc.constantFrom<KernelJob["state"]>("running", "succeeded", "failed", "cancelled", "interrupted", "lost"),
    startedAt: fc.integer({ min: NOW - 10_000_000, max: NOW + 10_000 }),
    endedAt: optional(fc.constant(NOW + 1000)),
    artefact: text,
    unchanged: fc.boolean(),
    reason: text,
  })
  .map(aJob);
const progress: fc.Arbitrary<BuildProgress> = fc.record({
  phase,
  compiled: number,
  total: optional(number),
  current: optional(text),
  perSecond: optional(fc.double()),
  secondsLeft: optional(fc.double()),
});
const finding: fc.Arbitrary<Finding> = fc.record({
  severity: fc.constantFrom("error" as const, "warning" as const),
  file: optional(text),
  line: optional(number),
  column: optional(number),
  text,
  at: fc.integer({ min: 0, max: 80 }),
});
const link: fc.Arbitrary<KernelView["link"]> = fc.oneof(
  fc.constantFrom({ state: "none" } as const, { state: "following" } as const),
  text.map((sentence) => ({ state: "lost", since: NOW, sentence }) as const),
);
const anyView: fc.Arbitrary<KernelView> = fc
  .record({ job, progress, link, findings: fc.array(finding, { maxLength: 30 }), errors: number, warnings: number })
  .chain((view) => fc.array(text, { maxLength: 60 }).map((lines) => aView({ ...view, log: memoryLog([...lines]) })));
const size = fc.record({ columns: fc.integer({ min: 1, max: 220 }), rows: fc.integer({ min: 1, max: 60 }) });
const keys = fc.array(fc.constantFrom("W", "e", "down", "G", "g", "enter", "tab", "w", "n", "space"), { maxLength: 5 });

it("is never higher or wider than the window, whatever is built and found, and whatever is pressed", async () => {
  await fc.assert(
    fc.asyncProperty(anyView, size, size, keys, fc.boolean(), async (view, first, second, pressed, over) => {
      const clock = fakeClock();
      const { run, end } = scriptedBuild(view, clock);
      const { screen } = await show(run, { ...first, clock });
      try {
        if (over) end({ status: "failed", failure: { kind: "conflict", sentence: "It failed. ".repeat(30) } });
        await screen.press(...pressed);
        expect(screen.scrolledAway()).toBe(0);
        await screen.resize(second.columns, second.rows);
        await screen.press("down", "W");
        expect(screen.screen()).toHaveLength(second.rows);
        expect(screen.scrolledAway()).toBe(0);
      } finally {
        await screen.unmount();
      }
    }),
    { numRuns: 40 },
  );
});
