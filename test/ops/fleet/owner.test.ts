import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FailureError } from "../../../ops/failure.ts";
import { readOwnerValues } from "../../../ops/fleet/owner.ts";
import { parseOwnerValues } from "../../../ops/fleet/owner-text.ts";

const ARM = { volumeId: "vol-09e5c3cee32bb67dc", allocationId: "eipalloc-034a515771765d101" };

function sentenceOf(text: string): string {
  try {
    parseOwnerValues(text);
  } catch (error) {
    if (error instanceof FailureError) return error.failure.sentence;
  }
  return "accepted";
}

describe("persistent_roots", () => {
  it("is read in the form of the example", () => {
    const text = `persistent_roots = {
  fcvm-metal-arm = { volume = "vol-09e5c3cee32bb67dc", address = "eipalloc-034a515771765d101" }
}
`;
    expect(parseOwnerValues(text)).toEqual({ "fcvm-metal-arm": ARM });
  });

  it("is found among everything else that a .tfvars may hold", () => {
    const text = `
# persistent_roots = { jumpbox = { volume = "vol-1" } }
// persistent_roots = 1
/* persistent_roots = {
*/
note = "persistent_roots = { # not here }"
text = <<-EOT
  persistent_roots = {
  "an open quote
  EOT
nested = { persistent_roots = { a = 1 }, list = ["\\"}", [1, 2.5]] }
persistent_roots={"fcvm-metal-arm":{volume="vol-09e5c3cee32bb67dc"# which
address = "eipalloc-034a515771765d101",},fcvm-metal-x86 = {
    volume = "vol-071f114b67441e776"
    address = null
  }
}
after = true`;
    expect(parseOwnerValues(text)).toEqual({
      "fcvm-metal-arm": ARM,
      "fcvm-metal-x86": { volumeId: "vol-071f114b67441e776", allocationId: undefined },
    });
  });

  it("means no values where it or the file is missing", async () => {
    expect(parseOwnerValues("")).toEqual({});
    expect(parseOwnerValues("region = 1\r\n")).toEqual({});
    expect(parseOwnerValues("persistent_roots = {}")).toEqual({});
    const dir = await mkdtemp(join(tmpdir(), "owner-"));
    try {
      expect(await readOwnerValues(dir)).toEqual({});
      await writeFile(join(dir, "terraform.tfvars"), 'persistent_roots = { jumpbox = { volume = "vol-0a" } }');
      expect(await readOwnerValues(dir)).toEqual({ jumpbox: { volumeId: "vol-0a", allocationId: undefined } });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it.each([
    ['persistent_roots = {\n  arm = { volume = "vol-0a" }\n}', "line 2"],
    ['persistent_roots = {\n  jumpbox = { volume = "vol-0a"\n', "line 3"],
    ["persistent_roots = { jumpbox = { } }", "has no volume"],
    ['persistent_roots = { jumpbox = { volume = "eipalloc-0a" } }', "no volume ID"],
    ['persistent_roots = { jumpbox = { volume = "vol-0a" address = "eipalloc-0a" } }', "comma"],
    ['persistent_roots = { jumpbox = { volume = "vol-0a", size = 3 } }', "neither volume nor address"],
    ['persistent_roots = { jumpbox = { volume = "vol-0a" }, jumpbox = { volume = "vol-0b" } }', "second time"],
    [
      'persistent_roots = { jumpbox = { volume = "vol-0a" }, fcvm-metal-arm = { volume = "vol-0a" } }',
      "vol-0a is recorded",
    ],
    ["persistent_roots = {}\npersistent_roots = {}", "line 2"],
    ["persistent_roots = [", '"{"'],
    ['a = "open\npersistent_roots = {}', "line 1"],
  ])("is never guessed at: %j", (text, part) => {
    expect(sentenceOf(text)).toContain(part);
  });

  it("gives values or a sentence for any text, never another exception", () => {
    const piece = fc.constantFrom(
      "persistent_roots",
      "=",
      "{",
      "}",
      '"',
      "jumpbox",
      'volume = "vol-0a"',
      ",",
      "\n",
      "#",
      "<<E",
      "/*",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 20 }), (pieces) => {
        try {
          parseOwnerValues(pieces.join(" "));
        } catch (error) {
          expect(error).toBeInstanceOf(FailureError);
        }
      }),
    );
  });
});
