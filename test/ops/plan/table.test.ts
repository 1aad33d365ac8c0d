/** The guard's table, and what holds over every plan that can be made of it. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge } from "../../../ops/plan/guard.ts";
import { TABLE } from "../../../ops/plan/table/table.ts";
import { change, OWNER, plan } from "./plans.ts";

const TERRAFORM = join(import.meta.dirname, "..", "..", "..", "terraform");
const texts = [TERRAFORM, join(TERRAFORM, "bootstrap")].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".tf"))
    .map((name) => readFileSync(join(folder, name), "utf8")),
);
const TYPES = [
  ...new Set(texts.flatMap((text) => [...text.matchAll(/^resource "(\w+)"/gm)].map(([, type]) => type ?? ""))),
];

test("the table has every type that terraform/ has", () => {
  expect(TYPES.length).toBeGreaterThan(30);
  expect(TYPES.filter((type) => !Object.hasOwn(TABLE, type))).toEqual([]);
});

/** Worth a word whatever it becomes, and so also where that is known only after the apply. */
const WORDS = [
  "aws_budgets_budget.limit_amount",
  "aws_instance.monitoring",
  "aws_lambda_function.source_code_hash",
  "aws_rds_cluster.preferred_backup_window",
  "aws_rds_cluster_instance.monitoring_interval",
  "aws_rds_cluster_instance.performance_insights_enabled",
  "aws_vpc_security_group_ingress_rule.tags",
  // What it says is said by the rule beside it, or by the end that changes it.
  "aws_ec2_tag.key",
  "aws_ec2_tag.resource_id",
];

const value = fc.oneof(
  fc.constantFrom(null, true, false, 0, 1, 300, "", "x", "Enabled", "required", "stop", "arn:x"),
  fc.dictionary(fc.constantFrom("Name", "snowglobe:persistent", "status"), fc.constantFrom("a", "b")),
  fc.array(fc.dictionary(fc.constantFrom("volume_size", "http_tokens", "status"), fc.constantFrom(1, "x", true))),
);

test("no attribute that has a place becomes unknown by a plain yes, whatever it was", () => {
  const befores = ["x", 1, true, [], {}, { Name: "a" }, [{ volume_size: 1 }]];
  const passed = Object.entries(TABLE).flatMap(([type, { attributes = {} }]) =>
    Object.keys(attributes).flatMap((key) =>
      befores.flatMap((before) => {
        const given = { before: { id: "x-1", [key]: before }, after: { id: "x-1" }, unknown: { [key]: true } };
        const { kind } = judge(plan([change(`${type}.x`, { actions: ["update"], ...given })]), { owner: OWNER });
        return kind === "safe" && !WORDS.includes(`${type}.${key}`) ? [`${type}.${key} ${JSON.stringify(before)}`] : [];
      }),
    ),
  );
  expect(passed).toEqual([]);
});

interface One {
  readonly json: ReturnType<typeof change>;
  /** Why it may never pass with a plain yes; undefined where nothing is presumed. */
  readonly why: string | undefined;
}

/** One change of a known or an unknown type, with some attributes, some of them unknown or unheard of. */
const one: fc.Arbitrary<One> = fc
  .record({
    type: fc.oneof(
      { arbitrary: fc.constantFrom(...TYPES), weight: 9 },
      { arbitrary: fc.constant("aws_new_thing"), weight: 1 },
    ),
    actions: fc.constantFrom(
      ["create"],
      ["update"],
      ["update"],
      ["update"],
      ["delete"],
      ["delete", "create"],
      ["forget"],
      ["explode"],
    ),
    strange: fc.constantFrom(true, false, false, false),
    index: fc.nat(),
    unknown: fc.constantFrom(true, false, false),
    before: value,
    after: value,
  })
  .map(({ type, actions: given, strange, index, unknown, before, after }) => {
    const actions: readonly string[] = given;
    const rules = TABLE[type];
    const placed = Object.keys(rules?.attributes ?? {});
    const free = rules?.free.split(/\s+/).filter(Boolean) ?? [];
    const all = [...placed, ...free];
    const key = strange || all.length === 0 ? "frobnicated" : (all[index % all.length] ?? "");
    const json = change(`${type}.x`, {
      actions,
      before: actions[0] === "create" ? null : { id: "x-1", [key]: before },
      after:
        actions.includes("delete") && actions.length === 1 ? null : { id: "x-1", ...(unknown ? {} : { [key]: after }) },
      unknown: unknown ? { [key]: true } : {},
    });
    const isUpdate = actions[0] === "update";
    const changes = unknown || JSON.stringify(before) !== JSON.stringify(after);
    const isEmpty = (side: unknown) =>
      side === null || side === "" || (typeof side === "object" && Object.keys(side ?? {}).length === 0);
    const why =
      actions[0] !== "create" && !isUpdate
        ? "destructive"
        : !rules
          ? "an unknown type"
          : isUpdate && key === "frobnicated" && changes && (unknown || !(isEmpty(before) && isEmpty(after)))
            ? "an unknown attribute"
            : isUpdate && unknown && placed.includes(key) && !WORDS.includes(`${type}.${key}`)
              ? "an unknown value"
              : undefined;
    return { json, why };
  });

describe("over generated plans of all types in terraform/", () => {
  test("none with an unknown or a destructive change is applied by a plain yes", () => {
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), (changes) => {
        const verdict = judge(plan(changes.map(({ json }) => json)), { owner: OWNER });
        const why = changes.map((each) => each.why).find((each) => each !== undefined);
        if (why) expect(verdict.kind, `${why}: ${JSON.stringify(changes.map(({ json }) => json))}`).not.toBe("safe");
        if (verdict.kind !== "safe") for (const { sentence } of verdict.reasons) expect(sentence).toMatch(/\S/);
      }),
      { numRuns: 3000 },
    );
  });

  test("one change more never makes a verdict milder", () => {
    const gravity = { safe: 0, dangerous: 1, refused: 2 } as const;
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), one, (changes, more) => {
        const [few, many] = [changes, [...changes, more]].map((all) =>
          judge(plan(all.map(({ json }) => json)), { owner: OWNER }),
        );
        if (few && many) expect(gravity[many.kind]).toBeGreaterThanOrEqual(gravity[few.kind]);
      }),
      { numRuns: 1000 },
    );
  });
});
