import fc from "fast-check";
import { expect, it } from "vitest";
import type { Operation, Question } from "../../../ops/operation/types.ts";
import { FOREVER, scripted, show } from "./scripted.tsx";

// Characters on whose width all terminals agree, and what must never reach one.
const character = fc.constantFrom(..."abc XYZ 0189-_/.:äöé日本語\t\n\r\u001b[2J\u0007\u009b\u202e");
const text = fc.string({ unit: character, maxLength: 120 });
const question: fc.Arbitrary<Question> = fc.oneof(
  fc.record({ kind: fc.constant("confirm" as const), title: text, lines: fc.array(text), yes: text, no: text }),
  fc.record({
    kind: fc.constant("confirm" as const),
    title: text,
    lines: fc.array(text),
    yes: text,
    no: text,
    typed: text,
  }),
  fc.record({
    kind: fc.constant("choose" as const),
    title: text,
    lines: fc.array(text),
    choices: fc.array(fc.record({ id: text, label: text, detail: text }), { maxLength: 40 }),
  }),
  fc.record({
    kind: fc.constant("text" as const),
    title: text,
    lines: fc.array(text),
    placeholder: text,
    check: fc.constant(() => "No."),
  }),
);
const prompt = fc.record({
  userCode: fc.constantFrom("WDJB-MJHT", "ABCDEFGHIJKL", "日本-語"),
  url: fc.webUrl(),
  urlComplete: fc.webUrl(),
  expiresAt: fc.constant(Date.now() + 600_000),
});
const steps = fc.array(
  fc.tuple(text, fc.constantFrom("running", "waiting", "done", "failed", "skipped" as const), fc.option(text)),
  { maxLength: 40 },
);
const size = fc.record({ columns: fc.integer({ min: 1, max: 220 }), rows: fc.integer({ min: 1, max: 60 }) });

/** A run in any state: with a question, a device code, or an outcome. */
const anyRun: fc.Arbitrary<Operation["run"]> = fc
  .record({
    steps,
    log: fc.array(text, { maxLength: 60 }),
    progress: fc.option(fc.tuple(fc.integer(), fc.integer())),
    end: fc.oneof(
      question.map((asked) => ({ question: asked })),
      prompt.map((shown) => ({ prompt: shown })),
      fc.tuple(text, text).map(([sentence, next]) => ({ sentence, next })),
      fc.constant({}),
    ),
  })
  .map(({ steps: given, log, progress, end }) => async (context) => {
    for (const [index, [title, state, detail]] of given.entries()) {
      context.step(String(index), title, state, detail ?? undefined);
    }
    for (const line of log) context.log(line);
    if (progress) context.progress(progress[0], progress[1], "files");
    if ("question" in end) await context.ask(end.question);
    if ("prompt" in end) context.deviceCode(end.prompt);
    if ("sentence" in end) return { status: "blocked", ...end };
    return FOREVER;
  });

it("is never higher or wider than the window, whatever runs and however it is resized", async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, size, size, async (run, first, second) => {
      const { screen } = await show(scripted(run), first);
      try {
        expect(screen.scrolledAway()).toBe(0);
        await screen.resize(second.columns, second.rows);
        await screen.press("down", "x");
        expect(screen.screen()).toHaveLength(second.rows);
        expect(screen.scrolledAway()).toBe(0);
      } finally {
        await screen.unmount();
      }
    }),
    { numRuns: 60 },
  );
});
