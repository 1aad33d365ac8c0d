import fc from "fast-check";
import { expect, test } from "vitest";
import { createLogReader } from "../../../ops/kernel/reader.ts";
import type { KernelPhase } from "../../../ops/kernel/view.ts";

const ESC = "\u001b";

function reader(now: () => number = () => 0) {
  const phases: KernelPhase[] = [];
  const notes: string[] = [];
  const made = createLogReader(now, { onPhase: (one) => phases.push(one), onNote: (one) => notes.push(one) });
  return { ...made, phases, notes, feed: (text: string, live = true) => made.read(Buffer.from(text), live) };
}

const readAll = (pieces: readonly Uint8Array[]) => {
  const one = reader();
  for (const piece of pieces) one.read(piece, true);
  return { reading: one.reading(), phases: one.phases, notes: one.notes };
};

test("phases, notes, inputs and the expected number come from our own lines; CC lines are counted, never beyond", () => {
  const { feed, notes, phases, reading } = reader();
  feed("==> phase check\n==> inputs 0123456789ab version 6.18.3\n==> phase patch\n==> note x.patch applied.\n");
  feed("==> phase nonsense\n==> phase compile\n==> total 3\n  CC      init/main.o\n  AS      a.o\n  CC [M]  net/x.o\n");
  expect(reading()).toMatchObject({
    hash: "0123456789ab",
    progress: { phase: "compile", compiled: 2, total: 3, current: "CC [M] net/x.o" },
  });
  feed("  CC      b.o\n  CC      c.o\n  CC      d.o\n  HOSTCC  scripts/x\n");
  expect(reading().progress).toMatchObject({ compiled: 3, total: 3, current: "HOSTCC scripts/x" });
  feed("==> phase link\n");
  expect(reading().progress).toMatchObject({ phase: "link", current: undefined });
  expect(phases).toEqual(["check", "patch", "compile", "link"]);
  expect(notes).toEqual(["x.patch applied."]);
});

test("without an expected number it only counts; one that is nonsense is none", () => {
  const { feed, reading } = reader();
  feed("==> total -3\n==> total 0\n==> total 1e9\n==> phase compile\n  CC      a.o\n");
  expect(reading().progress).toMatchObject({ compiled: 1, total: undefined, secondsLeft: undefined });
});

test("the rate is that of the last 20 s of what was written just now", () => {
  let now = 0;
  const { feed, reading } = reader(() => now);
  feed("==> total 1000\n==> phase compile\n", false);
  feed("  CC      old.o\n".repeat(500), false);
  expect(reading().progress).toMatchObject({ compiled: 500, perSecond: undefined });
  for (; now < 60_000; now += 500) feed("  CC      a.o\n".repeat(now < 40_000 ? 1 : 5));
  // 2 a second for 40 s, then 10 a second for 20 s.
  expect(reading().progress.compiled).toBe(780);
  expect(reading().progress.perSecond).toBeCloseTo(10, 0);
  expect(reading().progress.secondsLeft).toBeCloseTo(22, 0);
  feed("==> phase link\n");
  expect(reading().progress).toMatchObject({ perSecond: undefined, secondsLeft: undefined });
});

test("carriage returns, colours, binary and lines of a megabyte hide nothing and cost nothing", () => {
  const { feed, reading } = reader();
  feed(`==> total 10\n\r  CC      a.o\r\n50%\r100%\r  CC      b.o\n${ESC}[32m  CC      c.o${ESC}[0m\n`);
  feed(`${ESC}[1minit/main.c:3:5: ${ESC}[31merror: ${ESC}[0mx undeclared\n`);
  expect(reading()).toMatchObject({
    progress: { compiled: 3 },
    findings: [{ file: "init/main.c", line: 3, column: 5, text: "x undeclared", severity: "error", at: 4 }],
  });
  const long = Buffer.alloc(1_000_000, "x");
  const one = reader();
  for (let piece = 0; piece < long.length; piece += 1000) one.read(long.subarray(piece, piece + 1000), true);
  one.feed("\r  CC      d.o\n");
  one.read(Buffer.from([0, 255, 254, 10, 128, 10]), true);
  one.feed("a.c:1: error: y\n");
  expect(one.reading()).toMatchObject({ progress: { compiled: 1 }, findings: [{ at: 3 }], errors: 1 });
});

test("carriage returns that are cut from each other, after a line that is too long, begin nothing anew", () => {
  const whole = `a.c:1:2: error: ${"x".repeat(5000)}\r\r\n`;
  for (const cut of [5015, 5016, 5017, 5018]) {
    const { feed, reading } = reader();
    feed(whole.slice(0, cut));
    feed(whole.slice(cut));
    expect(reading()).toMatchObject({ errors: 1, findings: [{ file: "a.c", line: 1 }] });
  }
});

test("one error of the compiler is one error, whatever make and our scripts say of it, before or after", () => {
  const ECHOES = [
    "make[2]: *** [scripts/Makefile.build:287: init/main.o] Error 1",
    "make[1]: *** [Makefile:2010: init] Error 2",
    "==> failed make ended with an error: its first lines say where.",
  ];
  const { feed, reading } = reader();
  feed("a.c:1: warning: w\n");
  feed(`${ECHOES.join("\n")}\n`);
  // Nothing else explains it: the innermost does.
  expect(reading()).toMatchObject({ errors: 1, findings: [{ at: 0 }, { at: 1, text: ECHOES[0] }] });
  feed("init/main.c:3:5: error: x undeclared\n");
  expect(reading()).toMatchObject({ errors: 1, warnings: 1, findings: [{ at: 0 }, { at: 4, text: "x undeclared" }] });
  feed(`${ECHOES.join("\n")}\nmake: *** No rule to make target 'b.o'.  Stop.\n`);
  expect(reading()).toMatchObject({ errors: 2, findings: [{ at: 0 }, { at: 4 }, { at: 8 }] });
  const failed = reader();
  failed.feed("==> failed one.patch no longer applies.\n");
  expect(failed.reading()).toMatchObject({ errors: 1, findings: [{ text: "one.patch no longer applies." }] });
});

test("the oldest thousand findings are kept and the rest is counted; what did not change is the same value", () => {
  const { feed, reading } = reader();
  for (let one = 0; one < 1500; one += 1) feed(`a.c:${one + 1}: warning: w\n`);
  const { findings, warnings } = reading();
  expect([findings.length, findings[0]?.line, findings.at(-1)?.at, warnings]).toEqual([1000, 1, 999, 1500]);
  expect(reading()).toBe(reading());
  feed("  CC      a.o\n");
  expect(reading().findings).toBe(findings);
});

test("an error after a thousand warnings is kept, and so are a thousand errors; warnings make way, the newest first", () => {
  const { feed, reading } = reader();
  for (let one = 0; one < 1200; one += 1) feed(`a.c:${one + 1}: warning: w\n`);
  feed("kernel/fork.c:123:45: error: 'struct task_struct' has no member named 'foo'\n");
  feed("make[3]: *** [scripts/Makefile.build:287: kernel/fork.o] Error 1\n");
  expect(reading()).toMatchObject({ errors: 1, warnings: 1200 });
  expect(reading().findings).toHaveLength(1000);
  expect(reading().findings.at(-1)).toMatchObject({ severity: "error", file: "kernel/fork.c", at: 1200 });
  expect(reading().findings.at(-2)).toMatchObject({ severity: "warning", at: 998 });
  for (let one = 0; one < 1500; one += 1) feed(`b.c:${one + 1}: error: e\n`);
  expect(reading().findings.every(({ severity }) => severity === "error")).toBe(true);
  expect(reading().findings.map(({ at }) => at)).toEqual([
    1200,
    ...Array.from({ length: 999 }, (_, one) => 1202 + one),
  ]);
  expect(reading()).toMatchObject({ errors: 1501, warnings: 1200 });
});

const PARTS = [
  ...[
    "  CC      a.o",
    "  CC [M]  b.o",
    "  LD      vmlinux",
    "==> phase compile",
    "==> phase link",
    "==> total 7",
    "==> ",
  ],
  ...[
    "==> note é",
    "a.c:1:2: error: x",
    "b.c:3: warning: y",
    "make: *** [Makefile:1: all] Error 2",
    "\r",
    "\n",
    "\r\n",
  ],
  ...[`${ESC}[31m`, `${ESC}]0;t\u0007`, "\u009b1m", "é€😀", "\u0000", " ", ":", "error", "x".repeat(5000)],
];
const text = fc.array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...PARTS) }, fc.string()), { maxLength: 30 });

test("however the bytes are cut, the same is read", () => {
  fc.assert(
    fc.property(text, fc.array(fc.nat(200), { maxLength: 20 }), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(""));
      const pieces: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) {
        pieces.push(bytes.subarray(at, at + cut));
        at += cut;
      }
      pieces.push(bytes.subarray(Math.min(at, bytes.length)));
      expect(readAll(pieces)).toEqual(readAll([bytes]));
    }),
    { numRuns: 10_000 },
  );
});

test("any bytes at all are survived: counts stay within what was said, numbers of lines within the log", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          bytes,
          text.map((parts) => Buffer.from(parts.join(""))),
        ),
        { maxLength: 8 },
      ),
      (pieces) => {
        const { reading } = readAll(pieces);
        const lines = Buffer.concat(pieces).toString("latin1").split("\n").length;
        const { compiled, total } = reading.progress;
        expect(compiled).toBeLessThanOrEqual(total ?? lines);
        expect(reading.errors + reading.warnings).toBe(reading.findings.length);
        for (const { at, text: said } of reading.findings) {
          expect(at).toBeLessThan(lines);
          expect(said).not.toMatch(/[\p{Cc}]/u);
        }
      },
    ),
    { numRuns: 10_000 },
  );
});
