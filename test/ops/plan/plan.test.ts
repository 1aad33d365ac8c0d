import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attributesOf, shownText } from "../../../ops/plan/attributes.ts";
import { money, moneyWords } from "../../../ops/plan/money.ts";
import { planOf, readPlan } from "../../../ops/plan/plan.ts";
import { toggled, treeRows, UNTOUCHED } from "../../../ops/plan/tree.ts";
import { unconfirmedWords } from "../../../ops/plan/view.ts";
import { ARM_VOLUME, CREATE, change, DELETE, machine, plan, planJson, REPLACE, UPDATE } from "./plans.ts";

describe("reading a plan", () => {
  test("every kind of change, and what stays as it is left out", () => {
    const { changes } = plan([
      change("a.create", { actions: CREATE }),
      change("a.update", { actions: UPDATE }),
      change("a.replace", { actions: REPLACE, replacePaths: [["root_block_device", 0, "encrypted"], ["a"]] }),
      change("a.first", { actions: ["create", "delete"] }),
      change("a.delete", { actions: DELETE }),
      change("a.forget", { actions: ["forget"] }),
      change("data.a.read", { actions: ["read"], mode: "data", reason: "read_because_config_unknown" }),
      change("a.moved", { actions: ["no-op"], previous: "a.was" }),
      change("a.imported", { actions: ["no-op"], importing: { id: "x-1" } }),
      change("a.both", { actions: UPDATE, importing: { id: "x-2" }, previous: "a.old" }),
      change("a.same", { actions: ["no-op"] }),
      change("a.strange", { actions: ["explode", "create"] }),
    ]);
    expect(changes.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "create create",
      "update update",
      "replace replace",
      "first replace",
      "delete delete",
      "forget forget",
      "read read",
      "moved move",
      "imported import",
      "both update",
      "strange unknown",
    ]);
    expect(changes[2]?.replacePaths).toEqual(["root_block_device[0].encrypted", "a"]);
    expect(changes[7]?.movedFrom).toBe("a.was");
    expect(changes[9]).toMatchObject({ importId: "x-2", movedFrom: "a.old" });
  });

  test("drift, outputs, and how many resources there were", () => {
    const model = plan([], {
      resource_drift: [change("a.drifted", { actions: UPDATE })],
      output_changes: { o: { actions: UPDATE, before: 1, after: 2 }, same: { actions: ["no-op"] } },
      prior_state: {
        values: {
          root_module: {
            resources: [{ mode: "managed" }, { mode: "data" }],
            child_modules: [{ resources: [{ mode: "managed" }] }],
          },
        },
      },
    });
    expect(model.drift.map(({ address }) => address)).toEqual(["a.drifted"]);
    expect(model.outputs.map(({ name }) => name)).toEqual(["o"]);
    expect(model.resourcesBefore).toBe(2);
  });

  test("is no plan: told so", () => {
    expect(() => readPlan("")).toThrow("it is no JSON");
    expect(() => readPlan("{}")).toThrow("no format version");
    expect(() => readPlan('{"format_version":"2.0"}')).toThrow("format 2.0, which this version does not know");
    expect(readPlan('{"format_version":"1.99","new_thing":[1]}').changes).toEqual([]);
  });

  test("never throws on anything else, and neither do its attributes and rows", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (some, other) => {
        const model = planOf({
          ...planJson([]),
          resource_changes: [some, { address: "a.b", change: other }],
          variables: some,
        });
        treeRows(model, { toggled: new Set(model.changes.map(({ kind, address }) => `${kind} ${address} `)) });
        for (const one of model.changes) attributesOf(one.values, one.kind);
        return money(model).parts.length >= 0;
      }),
    );
  });

  test("5,000 resources are read and drawn as rows fast", () => {
    const changes = Array.from({ length: 5000 }, (_, index) =>
      change(`aws_instance.m[${index}]`, {
        actions: UPDATE,
        before: machine("m", "vol-1"),
        after: machine("m", "vol-2"),
      }),
    );
    const text = JSON.stringify(planJson(changes));
    expect(treeRows(readPlan(text), UNTOUCHED)).toHaveLength(5001);
  });
});

const lines = (given: Parameters<typeof change>[1]) => {
  const [one] = plan([change("aws_x.y", given)]).changes;
  if (!one) throw new Error("there is no change");
  const { changes, unknown } = attributesOf(one.values, one.kind, one.replacePaths);
  const told = changes.map(
    ({ path, before, after, replaces }) =>
      `${path}: ${shownText(before)} → ${shownText(after)}${replaces ? " (replaces)" : ""}`,
  );
  return unknown ? [...told, `${unknown} unknown`] : told;
};

describe("attributes", () => {
  test("only what changes, deep inside, with what is unknown and what replaces", () => {
    expect(
      lines({
        actions: REPLACE,
        before: { id: "1", size: 1, tags: { a: "x", b: "y" }, blocks: [{ n: 1 }, { n: 2 }], gone: true },
        after: { size: 2, tags: { a: "x", b: "z", c: "new" }, blocks: [{ n: 1 }, { n: 3 }] },
        unknown: { id: true, tags: {}, blocks: [{}, {}] },
        replacePaths: [["blocks", 1, "n"]],
      }),
    ).toEqual([
      'id: "1" → (known after apply)',
      "size: 1 → 2",
      'tags.b: "y" → "z"',
      'tags.c: null → "new"',
      "blocks[1].n: 2 → 3 (replaces)",
      "gone: true → null",
    ]);
  });
  test("something new: what it has, and how much is not known yet", () => {
    expect(lines({ actions: CREATE, after: { a: 1, b: null }, unknown: { id: true, arn: true } })).toEqual([
      "a: null → 1",
      "2 unknown",
    ]);
  });
  test("sensitive values are hidden: marked ones, and those whose name says it", () => {
    const told = lines({
      actions: UPDATE,
      before: { input: { deep: "S3CRET" }, master_password: "S3CRET", list: ["S3CRET"], url: "https://u:S3CRET@host/" },
      after: {
        input: { deep: "S3CRET2" },
        master_password: "S3CRET2",
        list: ["S3CRET2"],
        url: "https://u:S3CRET2@host/",
      },
      beforeSensitive: { input: true, list: [true] },
      afterSensitive: { input: true, list: [true] },
    });
    expect(told.join("\n")).not.toContain("S3CRET");
    expect(told).toContain("input: (sensitive) → (sensitive)");
    expect(told).toHaveLength(4);
  });
  test("a value that becomes sensitive is hidden on that side, and so is one inside a whole", () => {
    const told = lines({
      actions: UPDATE,
      before: { v: "S3CRET" },
      after: { v: "S3CRET2" },
      afterSensitive: { v: true },
    });
    expect(told).toEqual(['v: "S3CRET" → (sensitive)']);
    expect(
      lines({ actions: UPDATE, before: { v: [1] }, after: { v: { a: "S3CRET" } }, afterSensitive: { v: { a: true } } }),
    ).toEqual(["v: [1] → (sensitive)"]);
  });
  test("what is sensitive in one place is hidden wherever a provider copied it", () => {
    const told = lines({
      actions: UPDATE,
      before: { input: "S3CRET-1", output: ["a S3CRET-1"], size: 1 },
      after: { input: "S3CRET-2", output: ["a S3CRET-2"], size: 2 },
      beforeSensitive: { input: true },
      afterSensitive: { input: true },
    });
    expect(told.join("\n")).not.toContain("S3CRET");
    expect(told).toContain("size: 1 → 2");
  });
  test("JSON in a string is looked into; what is endless is cut", () => {
    const policy = (action: string) => JSON.stringify({ Statement: [{ Action: action }] });
    expect(lines({ actions: UPDATE, before: { policy: policy("a") }, after: { policy: policy("b") } })).toEqual([
      'policy.Statement[0].Action: "a" → "b"',
    ]);
    const [long = ""] = lines({ actions: UPDATE, before: { v: "" }, after: { v: "wide 漢 ".repeat(10_000) } });
    expect(long.length).toBeLessThan(600);
  });
});

describe("money", () => {
  const arm = (over = {}) => machine("fcvm-metal-arm", ARM_VOLUME, over);
  const ARM = "aws_instance.fcvm_metal_arm";
  test("a spot machine at both prices, with its volume", () => {
    const cost = money(plan([change(ARM, { actions: CREATE, after: arm() })]), { "fcvm-metal-arm": 1.24 });
    expect(cost.perMonth.high).toBeCloseTo(28.8);
    expect(cost.perHour).toEqual({ low: 1.24, high: 3.6288 });
    expect(moneyWords(cost)).toBe(
      "+$28.80 a month; while running +$1.24 to +$3.63 an hour (+$905 to +$2,649 if all month). An estimate at the prices of 2025-11.",
    );
  });
  test("a replaced machine leaves its old volume behind, which goes on costing", () => {
    const cost = money(plan([change(ARM, { actions: REPLACE, before: arm(), after: arm() })]));
    expect(cost.perMonth.high).toBeCloseTo(28.8);
    expect(cost.perHour.high).toBe(0);
  });
  test("a deleted machine gives back its hours, and not its volume", () => {
    const cost = money(plan([change(ARM, { actions: DELETE, before: arm() })]));
    expect(cost.perMonth.high).toBeCloseTo(0);
    expect(cost.perHour.low).toBeCloseTo(-3.6288);
  });
  test("volumes, addresses and the database", () => {
    const cost = money(
      plan([
        change("aws_ebs_volume.v", {
          actions: UPDATE,
          before: { size: 20, type: "gp3" },
          after: { size: 30, type: "gp3" },
        }),
        change("aws_eip.e", { actions: DELETE, before: {} }),
        change("aws_rds_cluster.d", { actions: CREATE, after: {} }),
        change("aws_iam_role.r", { actions: CREATE, after: {} }),
      ]),
    );
    expect(cost.parts.map(({ address }) => address)).toEqual(["aws_ebs_volume.v", "aws_eip.e", "aws_rds_cluster.d"]);
    expect(moneyWords(cost)).toContain("+$2.31 to +$12.31 a month");
  });
  test("no change of the bill, and a type that nobody has a price for", () => {
    expect(moneyWords(money(plan([])))).toBe("The monthly cost stays as it is.");
    const strange = plan([change("aws_instance.x", { actions: CREATE, after: { instance_type: "q9.huge" } })]);
    expect(moneyWords(money(strange))).toContain("No price is known for q9.huge.");
  });
});

describe("the tree", () => {
  const model = plan(
    [
      change("a.new", { actions: CREATE, after: { x: 1 } }),
      change("a.old", { actions: DELETE, before: { x: 1 }, reason: "delete_because_no_resource_config" }),
      change("b.other", { actions: UPDATE, before: { x: 1 }, after: { x: 2 } }),
    ],
    { resource_drift: [change("a.drifted", { actions: UPDATE, before: { x: 1 }, after: { x: 9 } })] },
  );
  const said = (rows: ReturnType<typeof treeRows>) => rows.map(({ key }) => key.trim());
  test("what is gravest comes first, drift apart and last", () => {
    expect(said(treeRows(model, UNTOUCHED))).toEqual([
      "delete",
      "delete a.old",
      "update",
      "update b.other",
      "create",
      "create a.new",
      "drift",
      "drift a.drifted",
    ]);
  });
  test("folds and unfolds", () => {
    const open = treeRows(model, toggled(UNTOUCHED, "delete a.old "));
    expect(said(open).slice(1, 4)).toEqual(["delete a.old", "delete a.old  fact 0", "delete a.old  x"]);
    const closed = treeRows(model, toggled(UNTOUCHED, "create"));
    expect(said(closed)).not.toContain("create a.new");
    expect(treeRows(model, toggled(toggled(UNTOUCHED, "create"), "create"))).toEqual(treeRows(model, UNTOUCHED));
    expect(toggled(toggled(UNTOUCHED, "b"), "a", "b", "c").toggled).toEqual(new Set(["a", "c"]));
  });
  test("filters by address, kind and reason, and opens what it finds", () => {
    expect(said(treeRows(model, toggled(UNTOUCHED, "create"), "NEW"))).toEqual(["create", "create a.new"]);
    expect(said(treeRows(model, UNTOUCHED, "no_resource"))).toEqual(["delete", "delete a.old"]);
    expect(treeRows(model, UNTOUCHED, "nothing like it")).toEqual([]);
  });
});

test("who is told has not confirmed it to AWS yet: said until it is", () => {
  const resource = { address: "aws_sns_topic_subscription.owner", type: "aws_sns_topic_subscription" };
  const state = (pending: boolean) => ({
    prior_state: {
      values: { root_module: { resources: [{ ...resource, values: { pending_confirmation: pending } }] } },
    },
  });
  const words = (...given: Parameters<typeof plan>) => unconfirmedWords(plan(...given)).join();
  expect(words([], state(true))).toContain("until it is followed");
  expect(words([], state(false))).toBe("");
  expect(words([change(resource.address, { actions: CREATE, after: {} })])).toContain("until it is followed");
});
