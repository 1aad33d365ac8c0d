import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type KernelPhase, NO_PROGRESS } from "../../../ops/kernel/view.ts";
import { countWords, leftWords, phasesOf, rateWords, share, shareWords } from "../../../tui/kernel/kernel-words.ts";

describe("a build's figures", () => {
  const compiling = { ...NO_PROGRESS, phase: "compile" as const, total: 2530 };

  it("are a share by files, all of it once nothing is left to compile", () => {
    expect(shareWords({ ...NO_PROGRESS, phase: "fetch" })).toBe("  0 %");
    expect(shareWords({ ...compiling, compiled: 1366 })).toBe(" 53 %");
    expect(shareWords({ ...compiling, compiled: 2529 })).toBe(" 99 %");
    expect(shareWords({ ...compiling, total: undefined })).toBe("  ? %");
    expect(shareWords({ ...compiling, phase: "link" })).toBe("100 %");
  });

  it("tell the time that is left coarsely", () => {
    const left = (secondsLeft: number | undefined) => leftWords({ ...compiling, secondsLeft });
    expect(left(undefined)).toBe("");
    expect(left(Number.NaN)).toBe("");
    expect(left(-3)).toBe("a moment left");
    expect(left(31)).toBe("about 35 s left");
    expect(left(61)).toBe("about 2 min left");
    expect(left(1205)).toBe("about 21 min left");
    expect(left(9000)).toBe("about 3 h left");
  });

  it("say a rate, and what was found, in words", () => {
    expect(rateWords({ ...compiling, perSecond: 38.2 })).toBe("38/s");
    expect(rateWords({ ...compiling, perSecond: 0.84 })).toBe("0.8/s");
    expect(rateWords({ ...compiling, perSecond: 0 })).toBe("");
    expect(countWords({ errors: 1, warnings: 3 })).toBe("1 error, 3 warnings");
    expect(countWords({ errors: 0, warnings: 0 })).toBe("no errors, no warnings");
  });

  it("never fall as a build goes through its phases", () => {
    const build = fc.record({
      kind: fc.constantFrom("guest" as const, "host" as const),
      total: fc.integer({ min: 1, max: 40_000 }),
      counts: fc.array(fc.integer({ min: 0, max: 50_000 }), { maxLength: 30 }),
    });
    fc.assert(
      fc.property(build, ({ kind, total, counts }) => {
        const phases: readonly KernelPhase[] = ["starting", ...phasesOf(kind), "done"];
        const seen = phases.flatMap((phase) =>
          (phase === "compile" ? counts.toSorted((a, b) => a - b) : [total]).map((compiled) =>
            share({ ...NO_PROGRESS, phase, compiled: phase === "compile" ? compiled : 0, total }),
          ),
        );
        for (const [index, one] of seen.entries()) {
          expect(one).toBeGreaterThanOrEqual(seen[index - 1] ?? 0);
          expect(one).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
