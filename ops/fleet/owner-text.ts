/**
 * The owner's values: which root volume and address belong to a machine for ever. They live in terraform.tfvars:
 *
 *     persistent_roots = {
 *       fcvm-metal-arm = { volume = "vol-09e5c3cee32bb67dc", address = "eipalloc-034a515771765d101" }
 *     }
 *
 * A strict reader of that one attribute. Everything else in the file is Terraform's business and is skipped. Pure.
 */

import { type Failure, FailureError } from "../failure.ts";
import { isMachineName, MACHINE_NAMES, type MachineName } from "./machines.ts";
import type { OwnerValues, PersistentRoot } from "./model.ts";

export const FILE = "terraform.tfvars";

/** The `persistent_roots` attribute of a .tfvars text; `{}` where it is not set. Throws as `readOwnerValues` does. */
export function parseOwnerValues(text: string): OwnerValues {
  const tokens = tokenize(text);
  let values: OwnerValues | undefined;
  let depth = 0;
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (!token) break;
    if (OPEN.has(token.text) && token.kind === "mark") depth += 1;
    if (CLOSE.has(token.text) && token.kind === "mark") depth -= 1;
    if (depth !== 0 || token.kind !== "name" || token.text !== "persistent_roots") continue;
    if (values) throw broken(token.line, "persistent_roots is set a second time");
    const reader = new Reader(tokens, at + 1);
    values = readRoots(reader);
    at = reader.at - 1;
  }
  return values ?? {};
}

const OPEN = new Set(["{", "[", "("]);
const CLOSE = new Set(["}", "]", ")"]);

interface Token {
  readonly kind: "name" | "string" | "mark" | "newline" | "end";
  readonly text: string;
  readonly line: number;
}

// Terraform's own lexical rules, as far as values in a .tfvars go (HCL native syntax specification).
const LEXEMES: readonly (readonly [Token["kind"] | "skip" | "endless", RegExp])[] = [
  ["skip", /[ \t\r\uFEFF]+/y],
  ["skip", /(?:#|\/\/)[^\n]*/y],
  ["skip", /\/\*[\s\S]*?\*\//y],
  ["newline", /\n/y],
  ["string", /"(?:\\.|[^"\\\n])*"/y],
  ["mark", /<<-?([\p{ID_Start}_][\p{ID_Continue}-]*)[^\n]*\n[\s\S]*?^[ \t]*\1[ \t\r]*$/muy],
  ["name", /[\p{ID_Start}_][\p{ID_Continue}-]*/uy],
  // Begun as above and never ended: to Terraform too the file is broken here.
  ["endless", /\/\*|<<-?[\p{ID_Start}_]/uy],
  ["mark", /[^\s"]/uy],
];

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    let found = false;
    for (const [kind, pattern] of LEXEMES) {
      pattern.lastIndex = at;
      const lexeme = pattern.exec(text)?.[0];
      if (!lexeme) continue;
      if (kind === "endless") throw broken(line, "a comment or a text of several lines has no end");
      if (kind !== "skip") tokens.push({ kind, text: kind === "string" ? lexeme.slice(1, -1) : lexeme, line });
      line += lexeme.split("\n").length - 1;
      at += lexeme.length;
      found = true;
      break;
    }
    if (!found) throw broken(line, "a quoted text has no end");
  }
  tokens.push({ kind: "end", text: "", line });
  return tokens;
}

/** Walks over the tokens of one value. */
class Reader {
  at: number;
  private readonly tokens: readonly Token[];
  constructor(tokens: readonly Token[], at: number) {
    this.tokens = tokens;
    this.at = at;
  }
  peek(): Token {
    return this.tokens[this.at] ?? { kind: "end", text: "", line: 0 };
  }
  next(): Token {
    const token = this.peek();
    this.at += 1;
    return token;
  }
  is(mark: string): boolean {
    return this.peek().kind === "mark" && this.peek().text === mark;
  }
  expect(mark: string, what: string): Token {
    if (!this.is(mark)) throw broken(this.peek().line, `${what} is expected${seen(this.peek())}`);
    return this.next();
  }
  skipLines(): void {
    while (this.peek().kind === "newline") this.at += 1;
  }
}

/** `{ key = value, … }`, entries parted by commas or lines; calls `entry` for each key, which reads its value. */
function readObject(reader: Reader, what: string, entry: (key: Token) => void): void {
  reader.expect("{", `"{" for ${what}`);
  const keys = new Set<string>();
  for (;;) {
    reader.skipLines();
    if (reader.is("}")) break;
    const key = reader.next();
    if (key.kind !== "name" && key.kind !== "string") throw broken(key.line, `a name is expected${seen(key)}`);
    if (keys.has(key.text)) throw broken(key.line, `"${key.text}" is set a second time`);
    keys.add(key.text);
    if (reader.is(":")) reader.next();
    else reader.expect("=", `"=" after ${key.text}`);
    entry(key);
    if (reader.is(",")) reader.next();
    else if (!reader.is("}") && reader.peek().kind !== "newline") {
      throw broken(reader.peek().line, `a comma or a new line is expected${seen(reader.peek())}`);
    }
  }
  reader.expect("}", `"}"`);
}

function readRoots(reader: Reader): OwnerValues {
  reader.expect("=", `"=" after persistent_roots`);
  const roots: Partial<Record<MachineName, PersistentRoot>> = {};
  readObject(reader, "persistent_roots", (key) => {
    if (!isMachineName(key.text)) {
      throw broken(key.line, `"${key.text}" is none of the machines ${MACHINE_NAMES.join(", ")}`);
    }
    const root = readRoot(reader, key);
    const twin = Object.entries(roots).find(([, other]) => other.volumeId === root.volumeId);
    if (twin) throw broken(key.line, `${root.volumeId} is recorded for ${twin[0]} and for ${key.text}`);
    roots[key.text] = root;
  });
  return roots;
}

function readRoot(reader: Reader, machine: Token): PersistentRoot {
  let volumeId: string | undefined;
  let allocationId: string | undefined;
  readObject(reader, machine.text, (key) => {
    const value = reader.next();
    if (key.text === "address" && value.kind === "name" && value.text === "null") return;
    const form =
      key.text === "volume" ? /^vol-[0-9a-f]+$/ : key.text === "address" ? /^eipalloc-[0-9a-f]+$/ : undefined;
    if (!form) throw broken(key.line, `"${key.text}" is neither volume nor address`);
    if (value.kind !== "string" || !form.test(value.text)) {
      throw broken(value.line, `the ${key.text} of ${machine.text} is no ${key.text} ID${seen(value)}`);
    }
    if (key.text === "volume") volumeId = value.text;
    else allocationId = value.text;
  });
  if (volumeId === undefined) throw broken(machine.line, `${machine.text} has no volume`);
  return { volumeId, allocationId };
}

function seen(token: Token): string {
  if (token.kind === "end") return ", but the file ends";
  return token.kind === "newline" ? ", but the line ends" : `, not "${token.text.slice(0, 40)}"`;
}

function broken(line: number, what: string): FailureError {
  const failure: Failure = {
    kind: "malformed",
    sentence: `terraform/${FILE}, line ${line}: ${what}.`,
    action: `Correct line ${line}; terraform.tfvars.example shows the form.`,
  };
  return new FailureError(failure);
}
