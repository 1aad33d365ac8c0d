import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OwnerValues } from "../../../ops/fleet/model.ts";
import { parseOwnerValues } from "../../../ops/fleet/owner-text.ts";
import { textValue, withRoots, withValue } from "../../../ops/terraform/tfvars-text.ts";

const ARM = { volumeId: "vol-0a", allocationId: "eipalloc-0a" };
const X86 = { volumeId: "vol-0b", allocationId: undefined };
const BOTH: OwnerValues = { "fcvm-metal-arm": ARM, "fcvm-metal-x86": X86 };

describe("withRoots", () => {
  test("writes the attribute where there is none, and keeps the rest", () => {
    expect(withRoots('# mine\nalert_email = "a@b.cd"', BOTH)).toBe(
      '# mine\nalert_email = "a@b.cd"\n\npersistent_roots = {\n  fcvm-metal-arm = { volume = "vol-0a", address = "eipalloc-0a" }\n  fcvm-metal-x86 = { volume = "vol-0b" }\n}\n',
    );
  });

  test.each([
    ["an empty one", "persistent_roots = {}\n"],
    ["an open one", "persistent_roots = {\n}\n"],
    ["one with a comment", "persistent_roots = { # none yet\n}\nmonthly_budget_usd = 10\n"],
    ["one on one line", 'persistent_roots = { jumpbox = { volume = "vol-0c" } }\n'],
    ["one with commas", 'persistent_roots = {\n  jumpbox = { volume = "vol-0c" },\n}\n'],
    [
      "a commented one before it",
      '# persistent_roots = {\n#   jumpbox = { volume = "vol-0d" }\n# }\npersistent_roots = {\n}\n',
    ],
    ["a block comment around another", "/* persistent_roots = { */\npersistent_roots = { }\n"],
    ["its name in a text", 'alert_email = "persistent_roots = {"\n'],
  ])("adds to %s", (_, text) => {
    const edited = withRoots(text, BOTH);
    expect(parseOwnerValues(edited)).toEqual({ ...parseOwnerValues(text), ...BOTH });
    expect(withRoots(edited, BOTH)).toBe(edited);
  });

  test("never replaces what is recorded", () => {
    const text = 'persistent_roots = {\n  fcvm-metal-arm = { volume = "vol-0e" }\n}\n';
    expect(withRoots(text, { "fcvm-metal-arm": ARM })).toBe(text);
    expect(parseOwnerValues(withRoots(text, BOTH))["fcvm-metal-arm"]?.volumeId).toBe("vol-0e");
  });

  test("gives up, with the line to add, where the file is written in another way, and changes nothing", () => {
    expect(() => withRoots("persistent_roots = null\n", BOTH)).toThrow();
    expect(() => withRoots("persistent_roots =\n{\n}\n", BOTH)).toThrow();
  });

  test("whatever else is in the file, it is still there, and the roots are as they should be", () => {
    const line = fc.constantFrom(
      "",
      "# a comment {",
      "// another",
      'alert_email = "a@b.cd"',
      "monthly_budget_usd = 5",
      "/* {\n} */",
      "\t",
    );
    const roots = fc.constantFrom(
      "",
      "persistent_roots = {}",
      "persistent_roots = {\n}",
      'persistent_roots = { jumpbox = { volume = "vol-0c" } }',
    );
    fc.assert(
      fc.property(fc.array(line), roots, fc.array(line), fc.constantFrom("", "\n"), (before, own, after, end) => {
        const text = [...before, own, ...after].join("\n") + end;
        const edited = withRoots(text, BOTH);
        expect(parseOwnerValues(edited)).toEqual({ ...parseOwnerValues(text), ...BOTH });
        for (const one of [...before, ...after]) expect(edited).toContain(one);
      }),
    );
  });
});

describe("withValue", () => {
  test("sets what is not set, once", () => {
    const text = withValue('# alert_email = "x@y.zz"', "alert_email", "a@b.cd");
    expect(textValue(text, "alert_email")).toBe("a@b.cd");
    expect(withValue(text, "alert_email", "other@b.cd")).toBe(text);
  });

  test("a text that Terraform would read as a template stays a text", () => {
    expect(withValue("", "alert_email", "$" + "{x}%{y}@b.cd")).toContain('"$$' + '{x}%%{y}@b.cd"');
  });
});
