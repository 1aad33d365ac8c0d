import fc from "fast-check";
import { expect, test } from "vitest";
import { createListener, type Told } from "../../../ops/ssh/told.ts";

const say = (word: string) => `\u001b_NONCE;${word}\u001b\\`;
/** What was told, with the bytes between two words in one piece. */
function heard(chunks: readonly Buffer[]): string[] {
  const listener = createListener("NONCE");
  const all: Told[] = [...chunks.flatMap((chunk) => listener.hear(chunk)), { bytes: listener.rest() }];
  const told: string[] = [];
  let bytes = "";
  for (const one of all) {
    if ("bytes" in one) {
      bytes += one.bytes.toString("latin1");
      continue;
    }
    told.push(bytes, `<${[one.word, ...one.about].join(" ")}>`);
    bytes = "";
  }
  return [...told, bytes];
}

test("words are heard in any pieces, and every byte between them is the shell's", () => {
  const piece = fc.oneof(
    fc.constantFrom("live", "beat", "size;24;80", "held;1795944262-26").map((word) => ({ word })),
    fc
      .constantFrom("\u001b", "\u001b_", "\u001b_NON", "\u001b_OTHER;live\u001b\\", "\u001b[0m", "text")
      .map((bytes) => ({ bytes })),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => ({ bytes: Buffer.from(bytes).toString("latin1") })),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat(40)), (pieces, cuts) => {
      const stream = Buffer.from(pieces.map((one) => ("word" in one ? say(one.word) : one.bytes)).join(""), "latin1");
      const chunks: Buffer[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(stream.subarray(at, at + cut));
        at = Math.min(stream.length, at + cut);
      }
      chunks.push(stream.subarray(at));
      const expected: string[] = [""];
      for (const one of pieces) {
        if ("word" in one) expected.push(`<${one.word.replaceAll(";", " ")}>`, "");
        else expected.push((expected.pop() ?? "") + one.bytes);
      }
      expect(heard(chunks)).toEqual(expected);
    }),
  );
});

test("a word that nobody could say is swallowed, and one without an end takes nothing else away for long", () => {
  expect(heard([Buffer.from(`a${say("format")}b`)])).toEqual(["ab"]);
  expect(heard([Buffer.from(`a${"\u001b_NONCE;live".padEnd(300, "x")}`), Buffer.from("b")])).toEqual(["ab"]);
});
