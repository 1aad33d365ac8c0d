/** What a plan does beside its changes: actions, what is put off, checks, and programs that resources run. */

import { describe, expect, test } from "vitest";
import { judge } from "../../../ops/plan/guard.ts";
import { ARM_VOLUME, change, machine, OWNER, plan } from "./plans.ts";

const ARM = "aws_instance.fcvm_metal_arm";
const arm = () => machine("fcvm-metal-arm", ARM_VOLUME);
type Given = Readonly<Record<string, unknown>>;
const make = (address: string, after: Given) => change(address, { actions: ["create"], after });
const upd = (address: string, before: Given, after: Given) => change(address, { actions: ["update"], before, after });
const del = (address: string, before: Given) => change(address, { actions: ["delete"], before });

describe("what is set off, put off or complained of", () => {
  const touched = upd("aws_sns_topic.alerts", { display_name: "a" }, { display_name: "b" });
  const act = (type: string) => ({
    address: `action.${type}.x`,
    type,
    lifecycle_action_trigger: { triggering_resource_address: ARM },
  });
  test.each([
    ["aws_ec2_stop_instance", "dangerous"],
    ["aws_sns_publish", "dangerous"],
    ["aws_ec2_terminate_instance", "refused"],
  ])("the action %s is %s", (type, kind) => {
    expect(judge(plan([touched], { action_invocations: [act(type)] }), { owner: OWNER }).kind).toBe(kind);
  });
  test("what is put off is typed, and named", () => {
    const verdict = judge(plan([], { deferred_changes: [{ resource_change: del(ARM, arm()) }] }), { owner: OWNER });
    expect(verdict).toMatchObject({ kind: "dangerous", reasons: [{ address: ARM }] });
  });
  test("a check that does not hold is worth a word", () => {
    const checks = [
      {
        address: { to_display: "check.root" },
        status: "fail",
        instances: [{ problems: [{ message: "It is another." }] }],
      },
    ];
    expect(judge(plan([touched], { checks }), { owner: OWNER })).toMatchObject({
      kind: "safe",
      notes: [expect.stringContaining("check.root: It is another.")],
    });
  });
  test("a resource that runs a program", () => {
    const configuration = {
      root_module: { resources: [{ address: "terraform_data.x", provisioners: [{ type: "local-exec" }] }] },
    };
    const verdict = judge(plan([make("terraform_data.x", { input: 1 })], { configuration }), { owner: {} });
    expect(verdict).toMatchObject({
      kind: "dangerous",
      reasons: [{ sentence: expect.stringContaining("local-exec") }],
    });
  });
});
