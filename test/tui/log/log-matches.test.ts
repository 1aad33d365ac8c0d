import { describe, expect, it } from "vitest";
import { cell, when } from "../../../ops/store.ts";
import { createMatchCounter, type Matches, matchWords } from "../../../tui/log/log-matches.ts";
import { type LogSource, linesSource } from "../../../tui/log/log-source.ts";

const source = (texts: readonly string[], dropped = 0): LogSource =>
  linesSource(
    texts.map((text) => ({ text, stream: "out" })),
    dropped,
  );

/** A count over what is in the cell. */
function counted(query: string, lines: () => LogSource) {
  const matches = cell<Matches>({ lines: [], counting: true });
  const counter = createMatchCounter(query, lines, matches.set);
  const done = async () => {
    matches.update((before) => ({ ...before, counting: true }));
    counter.more();
    return when(matches, ({ counting }) => !counting);
  };
  return { counter, matches, done };
}

describe("counting matches", () => {
  it("says which one it is, of how many", async () => {
    const alpha = await counted("alpha", () => source(["Alpha", "beta alpha", "ALPHA", "gamma"], 10)).done();
    expect(alpha).toEqual({ lines: [10, 11, 12], counting: false });
    expect(matchWords(alpha, 10, 11)).toBe("match 2 of 3");
    expect(matchWords(alpha, 10, undefined)).toBe("3 matches");
    expect(matchWords(alpha, 11, 11)).toBe("match 1 of 2");
    expect(matchWords({ lines: [3], counting: false }, 0, undefined)).toBe("1 match");
    expect(matchWords({ lines: [], counting: false }, 0, undefined)).toBe("no match");
    expect(matchWords({ lines: [], counting: true }, 0, undefined)).toBe("searching…");
    expect(matchWords({ lines: [3, 5], counting: true }, 0, 5)).toBe("match 2 of 2…");
  });

  it("goes on where it ended, but for the last line, which may have changed", async () => {
    let asked: number[] = [];
    let lines = ["x", "y", "x"];
    const watched = (): LogSource => {
      const now = source(lines);
      return {
        ...now,
        find: async (query, from, direction) => {
          asked.push(from);
          return now.find(query, from, direction);
        },
      };
    };
    const { done } = counted("x", watched);
    expect((await done()).lines).toEqual([0, 2]);
    lines = ["x", "y", "y", "y", "x"];
    asked = [];
    expect((await done()).lines).toEqual([0, 4]);
    expect(Math.min(...asked)).toBe(2);
  });

  it("is bounded, and no more is looked for then", async () => {
    const many = source(Array.from({ length: 5000 }, () => "x"));
    const { done } = counted("x", () => many);
    const matches = await done();
    expect(matches.lines).toHaveLength(1000);
    expect(matchWords(matches, 0, 0)).toBe("match 1 of 999+");
  });

  it("tells nothing once it has been stopped", async () => {
    const gate = Promise.withResolvers<number | undefined>();
    const heard: Matches[] = [];
    const slow: LogSource = { ...source(["x"]), find: () => gate.promise };
    const counter = createMatchCounter(
      "x",
      () => slow,
      (matches) => heard.push(matches),
    );
    counter.more();
    counter.stop();
    gate.resolve(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual([]);
  });
});
