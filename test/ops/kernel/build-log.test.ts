import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it, vi } from "vitest";
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

/** Where to look for something, and for what. */
const search = fc.record({ query, from: fc.nat(), direction: fc.constantFrom(1 as const, -1 as const) });

describe("against lines that are split as plainly as can be", () => {
  const check = async (
    text: string,
    places: readonly number[],
    searches: readonly { query: string; from: number; direction: 1 | -1 }[],
  ) => {
    const bytes = Buffer.from(text);
    const log = await logOf(cutAt(bytes, places));
    try {
      const lines = modelLines(bytes);
      expect(log.get()).toEqual({ lines: lines.length, bytes: bytes.length, first: 0 });
      const shown = all(log);
      const odd = lines.findIndex((line, number) => shown[number] !== line);
      expect([odd, shown[odd]]).toEqual([odd, lines[odd]]);
      for (const { query, from: anywhere, direction } of searches) {
        const from = anywhere % (lines.length + 2);
        expect(log.slice(from, from + 3)).toEqual(lines.slice(from, from + 3));
        const found = modelFind(lines, query, from, direction);
        expect([query, from, direction, await log.find(query, from, direction)]).toEqual([
          query,
          from,
          direction,
          found,
        ]);
      }
    } finally {
      log.close();
    }
  };

  it("any output in any pieces: ten thousand searches", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.nat(500), { maxLength: 8 }),
        fc.array(search, { minLength: 40, maxLength: 40 }),
        (pieces, places, searches) => check(pieces.join(""), places, searches),
      ),
      { numRuns: 250 },
    );
  });

  it("over the borders of blocks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 6, arbitrary: piece }, { weight: 1, arbitrary: long }), { maxLength: 25 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.array(search, { minLength: 2, maxLength: 2 }),
        (pieces, places, searches) => check(pieces.join(""), places, searches),
      ),
      { numRuns: 25 },
    );
  });
});

describe("the file", () => {
  const folder = () => {
    made += 1;
    return join(root, `files-${made}`);
  };

  it("is its owner's only, holds what came byte for byte, and is gone on with where it was left", async () => {
    const directory = folder();
    const output = Buffer.from(`${"first\r\n".repeat(20_000)}\u001b[31mhalf of \u00e9`);
    const first = await createBuildLog(directory, "fcvm-metal-arm/1");
    expect(first.path).toBe(join(directory, "fcvm-metal-arm-1.log"));
    first.append(output.subarray(0, -1));
    first.close();
    first.append(Buffer.from("too late"));
    expect(readFileSync(first.path).equals(output.subarray(0, -1))).toBe(true);
    expect(statSync(first.path).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const again = await createBuildLog(directory, "fcvm-metal-arm/1");
    expect(again.get()).toEqual({ lines: 20_001, bytes: output.length - 1, first: 0 });
    again.append(output.subarray(-1));
    expect(again.slice(19_999, 20_001)).toEqual(["first", "half of é"]);
    expect(await again.find("of é", 0, 1)).toBe(20_000);
    again.close();
    expect(again.slice(0, 1)).toEqual(["first"]);
    expect(await again.find("first", 20_000, -1)).toBe(19_999);
    expect(readFileSync(first.path).equals(output)).toBe(true);
  });

  it("leaves the newest few of its like, and what is not its like", async () => {
    const directory = folder();
    mkdirSync(directory);
    for (let age = 0; age < 8; age += 1) {
      writeFileSync(join(directory, `job-${age}.log`), "x");
      utimesSync(join(directory, `job-${age}.log`), 1000 - age, 1000 - age);
    }
    writeFileSync(join(directory, "job-7.owner"), "1");
    (await createBuildLog(directory, "job-6")).close();
    expect(readdirSync(directory).sort()).toEqual(
      ["job-0.log", "job-1.log", "job-2.log", "job-3.log", "job-6.log", "job-7.owner"].sort(),
    );
  });

  it("that cannot be is said once, and the log goes on in memory", async () => {
    const told: string[] = [];
    const log = await createBuildLog("/dev/null/kernel", "job", (sentence) => told.push(sentence));
    log.append(Buffer.from("one\ntwo\n"));
    log.append(Buffer.from("three"));
    expect(all(log)).toEqual(["one", "two", "three"]);
    expect(await log.find("t", 2, -1)).toBe(2);
    log.close();
    expect(told).toEqual(["The log cannot be written to disk (ENOTDIR): its newest 32 MB are kept in memory."]);
  });

  it.skipIf(!existsSync("/dev/full"))("on a full disk: the newest part stays, and what is shown is whole", async () => {
    const directory = folder();
    mkdirSync(directory);
    symlinkSync("/dev/full", join(directory, "job.log"));
    const told: string[] = [];
    const log = await createBuildLog(directory, "job", (sentence) => told.push(sentence));
    const block = (from: number) =>
      Buffer.from(Array.from({ length: 10_000 }, (_, line) => `${`line ${from + line}`.padEnd(99)}\n`).join(""));
    for (let from = 0; from < 600_000; from += 10_000) log.append(block(from));
    const { lines, first, bytes } = log.get();
    expect([lines, bytes]).toEqual([600_000, 60_000_000]);
    expect((lines - first) * 100).toBeGreaterThan(30_000_000);
    expect((lines - first) * 100).toBeLessThan(40_000_000);
    expect(log.slice(first - 2, first + 1).map((line) => line.trim())).toEqual([`line ${first}`]);
    expect(await log.find("line 3", 0, 1)).toBeGreaterThanOrEqual(first);
    expect(await log.find("line 1 ", 0, 1)).toBeUndefined();
    expect(await log.find(`line ${first} `, lines, -1)).toBe(first);
    log.close();
    expect(told).toHaveLength(1);
    expect(told[0]).toContain("ENOSPC");
  });
});

it("tells of a flood 25 times a second at most, and of its end; get is exact", async () => {
  const log = await logOf([]);
  const told: number[] = [];
  log.subscribe(() => told.push(log.get().lines));
  const began = performance.now();
  let lines = 0;
  while (performance.now() - began < 300) {
    log.append(Buffer.from("x\n".repeat(100)));
    lines += 100;
    expect(log.get()).toBe(log.get());
    expect(log.get().lines).toBe(lines);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await vi.waitFor(() => expect(told.at(-1)).toBe(lines));
  expect(told.length).toBeLessThanOrEqual(2 + (performance.now() - began) / 40);
  log.close();
});

it("gives up a search that nobody waits for any more", async () => {
  const log = await logOf([filler("\u001b[1mx", 200_000)]);
  const timed = async (signal?: AbortSignal) => {
    const began = performance.now();
    expect(await log.find("nowhere", 0, 1, signal)).toBeUndefined();
    return performance.now() - began;
  };
  const whole = await timed();
  const controller = new AbortController();
  setImmediate(() => controller.abort());
  expect(await timed(controller.signal)).toBeLessThan(whole / 2);
  log.close();
});
