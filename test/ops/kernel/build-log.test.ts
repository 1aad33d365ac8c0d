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
import { afterAll, expect, it } from "vitest";
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
const filler = (line: string, times: number) => `${line}\n`.repeat(times);
/** Pieces of output, of which few are longer than what is read or searched at once. */
const piece = fc.oneof(
  { weight: 24, arbitrary: fc.constantFrom(...words, "\n", "\n", "\n", " ") },
  { weight: 6, arbitrary: fc.constantFrom("\r", "\r\n", "\t", "\u001b[31m", "\u001b[0m", "\u001b[2K", "\u0000", "\b") },
  { weight: 2, arbitrary: fc.constantFrom("\u001b]0;title\u0007", "\u001b]8;;x\u001b\\", "\u001b", "\u001b[1;") },
  {
    weight: 2,
    arbitrary: fc
      .uint8Array({ maxLength: 4 })
      .map((bytes) => Buffer.from(bytes.map((byte) => byte | 0xc0)).toString("latin1")),
  },
  { weight: 1, arbitrary: fc.constantFrom(filler("", 300), filler("  CC  a/b.o".padEnd(2500), 130)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("z".repeat(20_000), `${"p".repeat(100_000)}\r`.repeat(3), "\r".repeat(9000)),
  },
);

/** Cuts a text of bytes at any places, also within characters and sequences. */
function cutAt(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

it("shows and finds, in any output in any pieces, what lines that are split as plainly as can be have", async () => {
  const search = fc.record({ query, from: fc.nat(), direction: fc.constantFrom(1 as const, -1 as const) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 40 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      fc.array(search, { minLength: 20, maxLength: 20 }),
      async (pieces, places, searches) => {
        const bytes = Buffer.from(pieces.join(""));
        const log = await logOf(cutAt(bytes, places));
        const lines = modelLines(bytes);
        expect(log.get()).toEqual({ lines: lines.length, bytes: bytes.length });
        const shown = all(log);
        const odd = lines.findIndex((line, number) => shown[number] !== line);
        expect([odd, shown[odd]]).toEqual([odd, lines[odd]]);
        for (const { query, from: anywhere, direction } of searches) {
          const from = anywhere % (lines.length + 2);
          expect(log.slice(from, from + 3)).toEqual(lines.slice(from, from + 3));
          const found = await log.find(query, from, direction);
          expect([query, from, direction, found]).toEqual([
            query,
            from,
            direction,
            modelFind(lines, query, from, direction),
          ]);
        }
        log.close();
      },
    ),
    { numRuns: 150 },
  );
});

const folder = () => {
  made += 1;
  return join(root, `files-${made}`);
};

it("is its owner's only, holds what came byte for byte, and is gone on with where it was left, by two at once too", async () => {
  const directory = folder();
  const output = Buffer.from(`${"first\r\n".repeat(20_000)}\u001b[31mhalf of \u00e9`);
  const first = await createBuildLog(directory, "fcvm-metal-arm/1");
  expect(first.path).toBe(join(directory, "fcvm-metal-arm-1.log"));
  first.append(output.subarray(0, -9));
  const heard: Uint8Array[] = [];
  const open = () =>
    createBuildLog(directory, "fcvm-metal-arm/1", undefined, (bytes) => heard.push(Buffer.from(bytes)));
  const second = await open();
  expect(Buffer.concat(heard).equals(output.subarray(0, -9))).toBe(true);
  for (const one of [first, second]) one.append(output.subarray(-9, -1));
  first.close();
  first.append(Buffer.from("too late"));
  expect(readFileSync(first.path).equals(output.subarray(0, -1))).toBe(true);
  expect(statSync(first.path).mode & 0o777).toBe(0o600);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  second.close();
  const again = await open();
  expect(again.get()).toEqual({ lines: 20_001, bytes: output.length - 1 });
  again.append(output.subarray(-1));
  again.close();
  expect(again.slice(19_999, 20_001)).toEqual(["first", "half of é"]);
  expect([await again.find("of é", 0, 1), await again.find("first", 20_000, -1)]).toEqual([20_000, 19_999]);
});

it("leaves the newest few of its like, and what is not its like", async () => {
  const directory = folder();
  mkdirSync(directory);
  for (let age = 0; age < 8; age += 1) {
    writeFileSync(join(directory, `job-${age}.log`), "x");
    utimesSync(join(directory, `job-${age}.log`), 1000 - age, 1000 - age);
  }
  writeFileSync(join(directory, "arm.started"), "1");
  (await createBuildLog(directory, "job-6")).close();
  expect(readdirSync(directory).sort()).toEqual(
    ["arm.started", "job-0.log", "job-1.log", "job-2.log", "job-3.log", "job-6.log"].sort(),
  );
});

it.skipIf(!existsSync("/dev/full"))(
  "loses nothing where the disk is full, or where there is none; said once",
  async () => {
    const directory = folder();
    mkdirSync(directory);
    symlinkSync("/dev/full", join(directory, "job.log"));
    for (const [place, sentence] of [
      [directory, /^The disk is full\. The log of this build is kept in memory\.$/],
      ["/dev/null/kernel", /kept in memory\.$/],
    ] as const) {
      const told: string[] = [];
      const log = await createBuildLog(place, "job", (sentence) => told.push(sentence));
      for (let line = 0; line < 100_000; line += 1) log.append(Buffer.from(`line ${line}\n`));
      expect(log.slice(99_998, 100_000)).toEqual(["line 99998", "line 99999"]);
      expect(await log.find("line 0", 99_999, -1)).toBe(0);
      log.close();
      expect(told).toEqual([expect.stringMatching(sentence)]);
    }
  },
);

it("keeps no more than any build says: the rest is counted, and said once to be on the machine", async () => {
  const told: string[] = [];
  const log = await createBuildLog(folder(), "job", (sentence) => told.push(sentence));
  log.append(Buffer.alloc(4_000_000, "\n"));
  for (let more = 0; more < 3; more += 1) log.append(Buffer.from("more\n"));
  expect(log.get()).toEqual({ lines: 4_000_000, bytes: 4_000_015 });
  expect(statSync(log.path).size).toBe(4_000_000);
  expect(told).toEqual([expect.stringContaining("kept on the machine only")]);
  log.close();
});

it("gives up a search that nobody waits for any more, and lets others have their turn meanwhile", async () => {
  const log = await logOf([filler("\u001b[1mx", 200_000)]);
  const controller = new AbortController();
  let turns = 0;
  const others = setInterval(() => {
    turns += 1;
    if (turns === 2) controller.abort();
  });
  // Found only by one who goes on to the end.
  log.append(Buffer.from("needle"));
  expect(await log.find("needle", 0, 1, controller.signal)).toBeUndefined();
  clearInterval(others);
  expect(await log.find("needle", 0, 1)).toBe(200_000);
  log.close();
});
