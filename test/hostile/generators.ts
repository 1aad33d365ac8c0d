/** This folder: hostile input to everything that parses or draws, and secrets that must not get out. Not here: what parsers do with good input. */
/** Shared generators: hostile texts, and real answers mutated in their structure or in their letters. */

import fc from "fast-check";
import { expect } from "vitest";
import { explain } from "../../ops/aws/errors.ts";
import type { Failure } from "../../ops/failure.ts";

/** Cases of each property (issue 8, "Hostile input"). fast-check prints the seed of one that fails. */
export const CASES = 10_000;

const ESC = "\u001b";

/** What steers a terminal, hides or reorders text, or is a word to somebody who parses. */
const FRAGMENTS: readonly string[] = [
  ...[
    `${ESC}[2J`,
    `${ESC}[31m`,
    `${ESC}]0;owned\u0007`,
    `${ESC}]52;c;b3duZWQ=${ESC}\\`,
    `${ESC}P1$r${ESC}\\`,
    `${ESC}c`,
  ],
  ...["\u009b2J", "\u009d0;owned\u009c", "\u0090q", "\u0085", "\u0000", "\u0007", "\b", "\u007f", ESC, "\u000e", "\f"],
  ...["\u202e", "\u2066", "\u2069", "\u200f", "\u061c", "\u200b", "\ufeff", "\u2028", "\u2029", "\u{e0041}", "\u00ad"],
  ...["\ud800", "\udfff", "e\u0301\u0301", "\u{1f468}\u200d\u{1f469}", "\u{1f1e9}", "\u4e2d", "\ufffd"],
  ...[
    "\r\n",
    "\n",
    "\r",
    "\t",
    " ",
    "",
    "\\",
    '"',
    "'",
    `$\{x}`,
    "%{x}",
    "<",
    ">",
    "&",
    "]]>",
    "<!--",
    "{",
    "}",
    "[",
    "]",
  ],
  ...["__proto__", "constructor", "toString", "null", "true", "NaN", "-1", "1e999", "0x10", "99999999999999999999"],
  ...["../../etc/passwd", "$(id)", "-oProxyCommand=id", ";id", "file:///etc/passwd", "%n", "\u0661", "=", "#", ":"],
];

/** A short hostile text, alone or inside an innocent one. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...FRAGMENTS),
  fc
    .array(fc.constantFrom(...FRAGMENTS, "a", "vol-0", "word"), { minLength: 1, maxLength: 6 })
    .map((all) => all.join("")),
  fc.string({ unit: "binary", maxLength: 20 }),
);

/** Whole texts that are long, and in which one thing stands again and again: what a slow pattern chokes on. */
export function pumped(words: readonly string[], length = 100_000): readonly string[] {
  return [...new Set([...words, ...PUMPED])].flatMap((unit) => {
    const many = unit.repeat(Math.ceil(length / unit.length));
    return [many, `${words[0] ?? ESC}${many}\u2028x`];
  });
}

const PUMPED: readonly string[] = [
  ...[
    "a",
    "a ",
    " ",
    "\n",
    "\n ",
    "\t",
    "0",
    '"',
    "'",
    "\\",
    "(",
    "[",
    "{",
    "<",
    "/*",
    "//",
    "<<A\n",
    "=",
    ";#",
    "://a",
  ],
  ...[
    ESC,
    `${ESC}[`,
    `${ESC}]`,
    "\u009b",
    "\u009d",
    "\u0000",
    "\u0301\u0323",
    "\u202e",
    "\ud800",
    "\u{1f469}\u200d",
    "-A1",
  ],
  ...["password=", "Bearer ", "authorization: ", "ghp_", "AKIA", "-----BEGIN "],
];

/** How long one parse may take of a processor, in milliseconds: far more than any needs, far less than a hang. */
const MOST_MS = 1_000;

/** Runs `parse` on every one of the long texts, each of which has to end in time. */
export function endsInTime(texts: readonly string[], parse: (text: string) => unknown): void {
  for (const text of texts) {
    const before = process.threadCpuUsage();
    try {
      parse(text);
    } catch (error) {
      expectClear(error);
    }
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1000, `${JSON.stringify(text.slice(0, 40))}… took too long`).toBeLessThan(MOST_MS);
  }
}

/** Whatever was thrown is a sentence for a person, and no accident of ours. */
export function expectClear(error: unknown): void {
  const failure = explain(error);
  if (failure.kind === "internal" && failure.code !== "TERRAFORM") {
    throw new Error(`not a clear failure: ${failure.sentence}`, { cause: error });
  }
  expectShowable(failure);
}

/** A failure may be drawn anywhere. */
export function expectShowable({ sentence, action = "" }: Failure): void {
  expectDrawable(sentence);
  expectDrawable(action);
  expect(sentence.length).toBeLessThan(2_000);
}

/** Nothing that steers a terminal or reorders what stands beside it. */
const STEERS = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

export function expectDrawable(text: string): void {
  if (STEERS.test(text)) throw new Error(`not to be drawn: ${JSON.stringify(text.slice(0, 300))}`);
}

function nested(levels: number): string {
  return levels === 0 ? "1" : `${`[{"a":`.repeat(levels / 2)}1${"}]".repeat(levels / 2)}`;
}

/** Values that no field expects, as JSON. */
const strange: fc.Arbitrary<string> = fc.oneof(
  { weight: 20, arbitrary: hostileText.map((text) => JSON.stringify(text)) },
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      ...["null", "true", "false", "0", "-1", "1.5", "1e308", "-1e308", "9007199254740993", "4e9", "1e16"],
      ...["[]", "{}", "[[]]", "[null]", "[1]", '["x"]', '{"toString":1,"valueOf":1}', '{"length":3}'],
      ...['{"__proto__":{"polluted":true}}', '{"constructor":1,"__proto__":[]}', nested(30), nested(300)],
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(nested(900), JSON.stringify("x\u001b[1m".repeat(5_000))) },
);

type Act = "delete" | "replace" | "duplicate" | "rename" | "wrap" | "swap";
const ACTS: readonly Act[] = ["delete", "replace", "replace", "duplicate", "rename", "wrap", "swap"];

interface Edit {
  readonly at: number;
  readonly act: Act;
  /** JSON. */
  readonly value: string;
  readonly other: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  act: fc.constantFrom(...ACTS),
  value: strange,
  other: fc.nat(),
});

/** The JSON value with a few of its fields gone, doubled, renamed, exchanged, or of another type. */
export function mutated(value: unknown, most = 4): fc.Arbitrary<unknown> {
  const text = JSON.stringify(value);
  return fc.array(edit, { minLength: 1, maxLength: most }).map((edits) => edits.reduce(edited, JSON.parse(text)));
}

/** A place in a value: what holds it and under which key. */
type Place = readonly [holder: Record<string, unknown>, key: string];

function places(value: unknown): Place[] {
  const found: Place[] = [];
  const waiting: unknown[] = [value];
  while (waiting.length > 0 && found.length < 1_000) {
    const holder = waiting.pop();
    if (typeof holder !== "object" || holder === null) continue;
    for (const key of Object.keys(holder)) {
      found.push([holder as Record<string, unknown>, key]);
      waiting.push((holder as Record<string, unknown>)[key]);
    }
  }
  return found;
}

function edited(root: unknown, { at, act, value: given, other }: Edit): unknown {
  const value: unknown = JSON.parse(given);
  const all = places(root);
  const [holder, key] = all[at % Math.max(1, all.length)] ?? [];
  if (!holder || key === undefined) return value;
  const now = holder[key];
  switch (act) {
    case "delete":
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case "duplicate":
      if (Array.isArray(holder)) holder.push(structuredClone(now));
      else holder[`${key}2`] = now;
      break;
    case "rename":
      if (Array.isArray(holder)) break;
      delete holder[key];
      Object.defineProperty(holder, typeof value === "string" ? value : "x", {
        value: now,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      break;
    case "wrap":
      holder[key] = at % 2 ? [now] : { value: now };
      break;
    case "swap": {
      const [holder2, key2] = all[other % all.length] ?? [holder, key];
      // A value that holds itself is no JSON.
      const copy = JSON.parse(JSON.stringify(holder2[key2] ?? null)) as unknown;
      holder2[key2] = JSON.parse(JSON.stringify(now ?? null));
      holder[key] = copy;
      break;
    }
    default:
      holder[key] = value;
  }
  return root;
}

/** The text with pieces cut out, doubled, moved, or hostile ones put in; now and then something else altogether. */
export function mutatedText(text: string | readonly string[]): fc.Arbitrary<string> {
  const texts = typeof text === "string" ? [text] : text;
  const change = fc.record({ from: fc.nat(), length: fc.nat(40), put: hostileText, act: fc.nat(4) });
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 5 }))
        .map(([first, changes]) =>
          changes.reduce((now, { from, length, put, act }) => {
            const at = from % (now.length + 1);
            const piece = now.slice(at, at + length);
            const [before, after] = [now.slice(0, at), now.slice(at + length)];
            return (
              [before + after, before + put + after, before + put + piece + after, now + piece, before][act] ?? now
            );
          }, first),
        ),
    },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
  );
}

/** XML with elements taken out, doubled, renamed or filled with something else. */
export function mutatedXml(xml: string): fc.Arbitrary<string> {
  const change = fc.record({ at: fc.nat(), act: fc.nat(6), put: hostileText });
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
        let parts: readonly string[] = xml.match(/<[^>]*>|[^<]+/g) ?? [];
        for (const { at, act, put } of changes) parts = changedXml(parts, at, act, put);
        return parts.join("");
      }),
    },
    { weight: 2, arbitrary: mutatedText(xml) },
  );
}

function changedXml(parts: readonly string[], from: number, act: number, put: string): string[] {
  const at = from % Math.max(1, parts.length);
  const part = parts[at] ?? "";
  const name = /^<([\w:]+)/.exec(part)?.[1];
  const end = name ? parts.indexOf(`</${name}>`, at) : at;
  const element = parts.slice(at, Math.max(at, end) + 1);
  const before = parts.slice(0, at);
  const after = parts.slice(at + element.length);
  const escaped = put.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  switch (act) {
    case 0:
      return [...before, ...after];
    case 1:
      return [...before, ...element, ...element, ...after];
    case 2:
      return name ? [...before, part, escaped, `</${name}>`, ...after] : [...before, escaped, ...after];
    case 3:
      return [...before, put, ...parts.slice(at + 1)];
    case 4:
      return [...before, part, escaped, ...parts.slice(at + 1)];
    case 5:
      return name
        ? [...before, `<${name}>`, "<a>".repeat(at % 400), "</a>".repeat(at % 400), `</${name}>`, ...after]
        : [...before, ...after, part];
    default:
      return [...before, ...parts.slice(at + 1)];
  }
}
