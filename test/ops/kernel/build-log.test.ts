import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { type BuildLog, createBuildLog } from "../../../ops/kernel/build-log.ts";

const root = mkdtempSync(join(tmpdir(), "build-log-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
/** A log of its own, with these pieces in it. */
async function logOf(pieces: readonly (string | Uint8Array)[]): Promise<BuildLog> {
  made += 1;
  const log = await createBuildLog(join(root, String(made)), "job");
  for (const piece of pieces) log.append(Buffer.from(piece));
  return log;
}

const all = (log: BuildLog) => log.slice(0, log.get().lines);

/** What the lines of a text are, said as plainly as can be. */
function modelLines(bytes: Buffer): readonly string[] {
  const lines = bytes.toString("latin1").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => {
    const shown = line.replace(/\r+$/, "").split("\r").at(-1) ?? "";
    return modelText(Buffer.from(shown, "latin1").subarray(0, 16_384).toString());
  });
}

function modelText(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; ) {
    const skipped = text[at] === "\u001b" ? sequenceAt(text, at) : 0;
    const character = text[at] ?? "";
    if (!skipped && character === "\t") out += " ".repeat(8 - (out.length % 8));
    else if (!skipped && !/\p{Cc}/u.test(character)) out += character;
    at += skipped || 1;
  }
  return out.slice(0, 4096);
}

/** How long the sequence is that begins here: to the end, where its own has not come. */
function sequenceAt(text: string, at: number): number {
  const rest = text.length - at;
  const kind = text[at + 1];
  if (kind === "]") {
    const end = [...text.slice(at + 2)].findIndex((character) => /\p{Cc}/u.test(character));
    if (end === -1) return rest;
    if (text[at + 2 + end] === "\u0007") return end + 3;
    return text.startsWith("\u001b\\", at + 2 + end) ? end + 4 : 2;
  }
  let end = at + 1;
  if (kind === "[") while (/[0-?]/.test(text[end + 1] ?? "")) end += 1;
  while (/[ -/]/.test(text[end + (kind === "[" ? 1 : 0)] ?? "")) end += 1;
  if (kind === "[") end += 1;
  if (end >= text.length) return rest;
  if (kind === "[") return /[@-~]/.test(text[end] ?? "") ? end + 1 - at : 2;
  return /[0-~]/.test(text[end] ?? "") ? end + 1 - at : 1;
}

const modelFind = (lines: readonly string[], query: string, from: number, direction: 1 | -1): number | undefined => {
  const has = (line: string) => (query === query.toLowerCase() ? line.toLowerCase() : line).includes(query);
  if (direction === 1) return [...lines.keys()].find((line) => line >= from && has(lines[line] ?? ""));
  return [...lines.keys()].findLast((line) => line <= from && has(lines[line] ?? ""));
};

const words = ["a", "B", "ab", "error", "ERROR", "  CC  x.o", ".*", "$(", "é", "Ö", "日本"] as const;
const query = fc
  .array(fc.constantFrom(...words, "e", "r", " ", "ö"), { minLength: 1, maxLength: 2 })
  .map((all) => all.join(""));
/** Pieces of output, of which few are as long as a block or longer. */
const piece = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...words, "\n", "\n", "\n", " ") },
  { weight: 3, arbitrary: fc.constantFrom("\r", "\r\n", "\t", "\u001b[31m", "\u001b[0m", "\u001b[2K", "\u0000", "\b") },
  { weight: 1, arbitrary: fc.constantFrom("\u001b]0;title\u0007", "\u001b]8;;x\u001b\\", "\u001b", "\u001b[1;") },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ maxLength: 4 })
      .map((bytes) => Buffer.from(bytes.map((byte) => byte | 0xc0)).toString("latin1")),
  },
);
const filler = (line: string, times: number) => `${line}\n`.repeat(times);
const long = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(filler("x".repeat(98), 700), filler("", 70_000), filler("  CC  a/b.o".padEnd(90), 1500)),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "y".repeat(65_536),
      "z".repeat(70_000),
      `${"p".repeat(40_000)}\r`.repeat(4),
      "\r".repeat(66_000),
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 300 }).map((size) => "w".repeat(65_400 + size)) },
);

/** Cuts a text of bytes at any places, also within characters and sequences. */
function cutAt(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

describe("against lines that are split as plainly as can be", () => {
  const check = async (text: string, places: readonly number[], wanted: string, at: number) => {
    const bytes = Buffer.from(text);
    const log = await logOf(cutAt(bytes, places));
    const lines = modelLines(bytes);
    expect(log.get()).toEqual({ lines: lines.length, bytes: bytes.length, first: 0 });
    const shown = all(log);
    const odd = lines.findIndex((line, number) => shown[number] !== line);
    expect([odd, shown[odd]]).toEqual([odd, lines[odd]]);
    const from = at % (lines.length + 2);
    expect(log.slice(from, from + 3)).toEqual(lines.slice(from, from + 3));
    for (const direction of [1, -1] as const) {
      expect([direction, await log.find(wanted, from, direction)]).toEqual([
        direction,
        modelFind(lines, wanted, from, direction),
      ]);
    }
    log.close();
  };

  it("any output in any pieces", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.nat(500), { maxLength: 8 }),
        query,
        fc.nat(60),
        (all, places, wanted, at) => check(all.join(""), places, wanted, at),
      ),
      { numRuns: Number(process.env.RUNS ?? 500) },
    );
  });

  it("over the borders of blocks", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 4, arbitrary: piece }, { weight: 1, arbitrary: long }), { maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        query,
        fc.nat(),
        (all, places, wanted, at) => check(all.join(""), places, wanted, at),
      ),
      { numRuns: 100 },
    );
  });
});
