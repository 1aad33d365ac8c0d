/** This folder: tests of the plan on the screen. Not here: what the plan means (test/ops/plan). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FailureError } from "../../../ops/failure.ts";
import { when } from "../../../ops/store.ts";
import { ARM_VOLUME, CREATE, change, DELETE, machine, planJson, REPLACE, UPDATE } from "../../ops/plan/plans.ts";
import { rig } from "../../ops/plan/rig.ts";
import { show } from "../run/scripted.tsx";

const ARM = "aws_instance.fcvm_metal_arm";
const arm = (over = {}) => machine("fcvm-metal-arm", ARM_VOLUME, over);
const PLAN = planJson(
  [
    change(ARM, {
      actions: REPLACE,
      before: arm(),
      after: arm({ subnet_id: "subnet-2" }),
      replacePaths: [["subnet_id"]],
    }),
    change("aws_lambda_function.auto_stop", {
      actions: UPDATE,
      before: { timeout: 30, token: "S3CRET" },
      after: { timeout: 60, token: "S3CRET2" },
    }),
    change("aws_sns_topic.alerts", { actions: CREATE, after: { name: "alerts" }, unknown: { arn: true } }),
  ],
  { resource_drift: [change("aws_vpc.this", { actions: UPDATE, before: { a: 1 }, after: { a: 2 } })] },
);
const hook = (type: string, addr: string, action = "create") => ({
  type,
  "@message": "",
  hook: { resource: { addr }, action },
});

async function planned(json: object = PLAN, size = { columns: 100, rows: 30 }) {
  const it = rig(json);
  const run = it.start();
  await when(run, (state) => state.question !== undefined || state.outcome !== undefined);
  const shown = await show(run, { ...size, clock: it.ops.clock });
  return { ...it, ...shown };
}

describe("a plan on screen", () => {
  it("says what is dangerous and why, what it does and what it costs, before it asks", async () => {
    const { screen } = await planned();
    await screen.waitFor("▲ DANGEROUS");
    const text = screen.text();
    expect(text).toContain("type fcvm-metal-arm to apply");
    expect(text).toContain("about an hour's disturbance");
    expect(text).toContain("± 1 to replace   ~ 1 to update   + 1 to create   Δ 1 change outside Terraform");
    expect(text).toContain("$ +$28.80 a month.");
    expect(text).toContain("▸ ± aws_instance.fcvm_metal_arm");
    expect(text).toContain("a apply");
    expect(text).not.toContain("Type fcvm-metal-arm");
    await screen.unmount();
  });

  it("unfolds what changes, hides what is secret, folds again", async () => {
    const { screen } = await planned();
    await screen.press("down", "down", "down", "enter");
    await screen.waitFor("timeout: 30 → 60");
    expect(screen.text()).toContain("token: (sensitive) → (sensitive)");
    expect(screen.written()).not.toContain("S3CRET");
    await screen.press("enter");
    await screen.waitFor((text) => !text.includes("timeout"));
    await screen.press("e");
    await screen.waitFor("1 more known after the apply");
    expect(screen.text()).toContain("forces the replacement");
    await screen.unmount();
  });

  it("filters, and Escape gives all of it back", async () => {
    const { screen, left } = await planned();
    await screen.press("/");
    await screen.type("lambda");
    // Every letter counts at once.
    await screen.waitFor((text) => !text.includes("aws_sns_topic"));
    await screen.press("enter");
    expect(screen.text()).toContain("aws_lambda_function.auto_stop");
    await screen.press("escape");
    await screen.waitFor("aws_sns_topic");
    await screen.press("/");
    await screen.type("lambda");
    await screen.press("escape");
    await screen.waitFor("aws_sns_topic");
    expect(left()).toBe(0);
    await screen.press("escape");
    expect(left()).toBe(1);
    await screen.unmount();
  });

  it("is answered by its key and by the typed name, and then every resource has its line and clock", async () => {
    const { screen, onApply, run } = await planned();
    const going = Promise.withResolvers<void>();
    onApply(async (tell) => {
      tell(hook("apply_start", ARM, "delete"));
      tell(hook("apply_start", "aws_sns_topic.alerts"));
      tell(hook("apply_complete", "aws_sns_topic.alerts"));
      await going.promise;
      throw new FailureError({ kind: "refused", sentence: "It broke." });
    });
    await screen.press("a");
    await screen.waitFor("Type fcvm-metal-arm");
    await screen.type("fcvm-metal-arm");
    await screen.press("enter");
    await screen.waitFor("1 of 3 done");
    expect(screen.text()).toMatch(/destroying +aws_instance\.fcvm_metal_arm +\d+ s/);
    expect(screen.text()).toMatch(/✓ created +aws_sns_topic\.alerts/);
    expect(screen.text()).toMatch(/· waiting +aws_lambda_function/);
    await screen.press("ctrl+c", "tab", "enter");
    await screen.waitFor("Terraform finishes what it is at, then stops");
    expect(run.get().outcome).toBeUndefined();
    going.resolve();
    await screen.waitFor("1 of 3 changes were made");
    await screen.waitFor((text) => /■ not done +aws_lambda_function/.test(text));
    await screen.press("tab");
    await screen.waitFor("Tab the plan");
    await screen.press("tab");
    await screen.waitFor("± 1 to replace");
    await screen.unmount();
  });

  it("is refused with the reason, and no key answers", async () => {
    const { screen, commands } = await planned(
      planJson([change("aws_rds_cluster.this", { actions: DELETE, before: { id: "snowglobe" } })]),
    );
    await screen.waitFor("■ NEVER APPLIED");
    expect(screen.text()).toContain("Deletes the database: snowglobe.");
    await screen.press("a", "y", "enter");
    expect(commands).toEqual(["plan"]);
    await screen.unmount();
  });

  it("of 5,000 resources is drawn, and walked through to its end", async () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      change(`aws_x.m[${index}]`, { actions: CREATE, after: { a: index } }),
    );
    const { screen } = await planned(planJson(many));
    await screen.waitFor("+ 5000 to create");
    await screen.press("G", "enter");
    await screen.waitFor("aws_x.m[4999]");
    await screen.press("g");
    await screen.waitFor("aws_x.m[0]");
    // The open one folded, all of them unfolded, one of them folded, all of them folded.
    await screen.press("e", "e");
    await screen.waitFor("a: 0");
    await screen.press("down", "enter");
    await screen.waitFor((text) => !text.includes("a: 0"));
    await screen.press("e");
    await screen.waitFor((text) => !text.includes("a: 1"));
    await screen.unmount();
  });
});

it("whatever is pressed, what is protected is never deleted, and the window is never outgrown", async () => {
  const bad = [
    change("aws_ebs_volume.home", { actions: DELETE, before: { id: "vol-1" } }),
    change("aws_eip.arm", { actions: REPLACE, before: { public_ip: "1.2.3.4" }, after: {} }),
    change("aws_backup_vault.this", { actions: DELETE, before: { name: "v" } }),
  ];
  const keys = fc.array(fc.constantFrom("a", "y", "enter", "tab", "right", "down", "e", "G", "/", "escape"), {
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...bad),
      keys,
      fc.integer({ min: 10, max: 120 }),
      fc.integer({ min: 5, max: 40 }),
      async (one, pressed, columns, rows) => {
        const { screen, commands, run } = await planned(planJson([change("aws_x.y", { actions: CREATE }), one]), {
          columns,
          rows,
        });
        try {
          await screen.press(...pressed);
          expect(commands).toEqual(["plan"]);
          expect(run.get().outcome?.status).toBe("blocked");
          expect(screen.scrolledAway()).toBe(0);
        } finally {
          await screen.unmount();
        }
      },
    ),
    { numRuns: 25 },
  );
});

it("draws nothing that came from outside as it came", async () => {
  const evil = "\u001b[2J\u001b]0;owned\u0007\u202eevil";
  const { screen } = await planned(
    planJson([
      change(`aws_x.y["${evil}"]`, {
        actions: UPDATE,
        before: { [evil]: evil },
        after: { [evil]: "漢字".repeat(200) },
        reason: evil,
      }),
    ]),
    { columns: 60, rows: 20 },
  );
  await screen.press("down", "enter", "down", "down");
  await screen.waitFor("evil");
  expect(screen.written()).not.toContain("\u001b]0;owned");
  expect(screen.written()).not.toContain("\u202e");
  await screen.unmount();
});
