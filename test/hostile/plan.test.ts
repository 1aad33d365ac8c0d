/** Terraform's words: JSON lines, plan files, and the guard, which no mutation may talk into anything. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shownText } from "../../ops/plan/attributes.ts";
import { judge } from "../../ops/plan/guard.ts";
import { money } from "../../ops/plan/money.ts";
import { planOf, readPlan } from "../../ops/plan/plan.ts";
import {
  applyEnded,
  applyOf,
  applyState,
  doneAndNot,
  NOT_BEGUN,
  planProgress,
  refreshTotal,
} from "../../ops/plan/stream.ts";
import { type Folds, treeRows } from "../../ops/plan/tree.ts";
import { terraformFailure, unknownVariable } from "../../ops/terraform/failures.ts";
import { parseLine } from "../../ops/terraform/messages.ts";
import { databaseOf, outputLines, rootsOf } from "../../ops/terraform/outputs.ts";
import {
  ARM_ADDRESS,
  ARM_VOLUME,
  change,
  DELETE,
  HOME_VOLUME,
  machine,
  OWNER,
  planJson,
  REPLACE,
  UPDATE,
} from "../ops/plan/plans.ts";
import {
  CASES,
  endsInTime,
  expectClear,
  expectDrawable,
  hostileText,
  mutated,
  mutatedText,
  pumped,
} from "./generators.ts";

const ARM = "aws_instance.fcvm_metal_arm";
const arm = (block = {}) => machine("fcvm-metal-arm", ARM_VOLUME, {}, block);

/** A plan of everything: each kind of change, drift, outputs, what is sensitive and what is unknown. */
const WHOLE = planJson(
  [
    change(ARM, {
      actions: REPLACE,
      before: arm(),
      after: arm(),
      replacePaths: [["root_block_device", 0, "encrypted"]],
    }),
    change('module.data.aws_ebs_volume.home["a"]', { actions: DELETE, before: { id: HOME_VOLUME, size: 20 } }),
    change("aws_iam_policy.own", {
      actions: UPDATE,
      before: { policy: '{"Statement":[{"Action":"ec2:*"}]}', password: "hunter2hunter2" },
      after: { policy: '{"Statement":[{"Action":"s3:*"}]}', password: "hunter3hunter3" },
      beforeSensitive: { password: true },
      unknown: { arn: true },
    }),
    change("aws_eip.arm", { actions: ["no-op"], before: { id: ARM_ADDRESS }, previous: "aws_eip.old" }),
    change("aws_sns_topic.a", { actions: ["create"], after: { name: "a", tags: { a: "b" } }, importing: { id: "x" } }),
  ],
  {
    resource_drift: [change("aws_vpc.this", { actions: UPDATE, before: { a: 1 }, after: { a: 2 } })],
    output_changes: { addresses: { actions: ["update"], before: { arm: "1.2.3.4" }, after: { arm: "1.2.3.5" } } },
    variables: { persistent_roots: { value: { arm: { volume: ARM_VOLUME } } } },
    prior_state: {
      values: { outputs: { allocation_ids: { value: [ARM_ADDRESS] } }, root_module: { resources: [{}] } },
    },
  },
);

const everythingOpen: Folds = {
  toggled: { has: (key: string) => key.includes(" ") || key === "outputs" } as unknown as Set<string>,
};

/** All that is ever made of a plan. */
function walk(plan: ReturnType<typeof planOf>): void {
  judge(plan, { owner: OWNER });
  const { low, high } = money(plan).perMonth;
  expect(low).toBeLessThanOrEqual(high);
  for (const row of treeRows(plan, everythingOpen)) {
    if (row.kind === "attribute") shownText(row.attribute.before);
  }
  doneAndNot(applyEnded(applyOf(plan), 1));
}

describe("plan files", () => {
  it("are understood or refused, however they are mutated", () => {
    fc.assert(
      fc.property(mutated(WHOLE), (json) => {
        try {
          walk(planOf(json));
        } catch (error) {
          expectClear(error);
        }
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
      { numRuns: CASES },
    );
  });

  it("are understood or refused, however their letters are mutated", () => {
    fc.assert(
      fc.property(mutatedText(JSON.stringify(WHOLE)), (text) => {
        try {
          walk(readPlan(text));
        } catch (error) {
          expectClear(error);
        }
      }),
      { numRuns: CASES },
    );
  });

  it("end in time, whatever is in them again and again", () => {
    endsInTime(pumped(["vol-0", "${", '{"a":', "[1,"]), (text) => {
      const side = { policy: text, name: text, tags: { [text.slice(0, 1000)]: text } };
      walk(planOf(planJson([change(ARM, { actions: UPDATE, before: side, after: { name: text, size: 1 } })])));
    });
  });
});

/** What must never be allowed, and one thing that is allowed beside each. */
const FORBIDDEN = [
  change("aws_ebs_volume.home", { actions: DELETE, before: { id: HOME_VOLUME, size: 20 } }),
  change("aws_ebs_volume.arm", { actions: REPLACE, before: { id: ARM_VOLUME }, after: { size: 1 } }),
  change("aws_eip.arm", { actions: DELETE, before: { id: ARM_ADDRESS, public_ip: "184.72.40.255" } }),
  change("aws_rds_cluster.main", { actions: DELETE, before: { id: "main", deletion_protection: true } }),
  change("aws_s3_bucket.state", { actions: DELETE, before: { bucket: "snowglobe-state-1" } }),
  change("aws_backup_vault.all", { actions: DELETE, before: { name: "all" } }),
  change(ARM, { actions: DELETE, before: arm({ delete_on_termination: true }) }),
  change("aws_instance.x", { actions: REPLACE, before: arm(), after: arm() }),
];

describe("the guard", () => {
  it("is never talked into letting go of what is protected", () => {
    const given = fc.constantFrom(...FORBIDDEN).chain((one) => {
      const harmless = change("aws_sns_topic.a", { actions: ["create"], after: { name: "a" } });
      return mutated(planJson([harmless, one]), 3).map((json) => ({ json, one }));
    });
    fc.assert(
      fc.property(given, ({ json, one }) => {
        if (!stillThere(json, one)) return;
        let verdict: ReturnType<typeof judge>;
        try {
          verdict = judge(planOf(json), { owner: OWNER, protectedVolumeIds: new Set([HOME_VOLUME]) });
        } catch (error) {
          return expectClear(error);
        }
        expect(verdict.kind, JSON.stringify(json)).not.toBe("safe");
      }),
      { numRuns: CASES },
    );
  });

  it("says what it says in words that can be drawn", () => {
    fc.assert(
      fc.property(hostileText, fc.constantFrom(...FORBIDDEN), (text, one) => {
        const json = JSON.parse(
          JSON.stringify(planJson([one])).replaceAll(/"(?:aws_\w+\.)?(arm|home|main|all)"/g, JSON.stringify(text)),
        );
        judge(planOf(json), { owner: OWNER });
      }),
      { numRuns: CASES },
    );
  });
});

/** Whether the mutated plan still speaks of the deletion: an entry that is gone, or says that it does nothing, is another plan. */
function stillThere(json: unknown, one: object): boolean {
  const { resource_changes: all } = (json ?? {}) as { resource_changes?: unknown };
  const { address } = one as { address: string };
  const [, name] = address.split(".");
  if (!Array.isArray(all)) return false;
  return all.some((entry) => {
    const { address: where, change: what, type } = (entry ?? {}) as Record<string, unknown>;
    const { actions, before } = (what ?? {}) as Record<string, unknown>;
    const tells = [where, type, JSON.stringify(before ?? "")].filter((text) => typeof text === "string");
    const same = tells.some((text) => String(text).includes(address) || String(text).includes(`_${name}`));
    const ending = Array.isArray(actions) && actions.flat().includes("delete");
    return same && ending;
  });
}

const LINES = [
  { type: "version", "@message": "Terraform 1.11.4", terraform: "1.11.4", ui: "1.2" },
  { type: "planned_change", change: { resource: { addr: ARM }, action: "replace", reason: "tainted" } },
  { type: "resource_drift", change: { resource: { addr: ARM }, action: "update" } },
  {
    type: "change_summary",
    "@message": "Plan: 1 to add",
    changes: { add: 1, change: 0, remove: 0, operation: "plan" },
  },
  { type: "apply_start", "@message": "creating", hook: { resource: { addr: ARM }, action: "create" } },
  {
    type: "apply_progress",
    "@message": "still",
    hook: { resource: { addr: ARM }, action: "create", elapsed_seconds: 10 },
  },
  { type: "apply_complete", "@message": "done", hook: { resource: { addr: ARM }, action: "create", id_value: "i-1" } },
  { type: "apply_errored", "@message": "no", hook: { resource: { addr: ARM }, action: "create" } },
  { type: "provision_progress", "@message": "says", hook: { resource: { addr: ARM }, output: "x" } },
  { type: "refresh_complete", "@message": "seen", hook: { resource: { addr: ARM } } },
  { type: "outputs", outputs: { a: { value: { b: 1 }, type: "string", sensitive: false } } },
  {
    type: "diagnostic",
    "@message": "Error: x",
    diagnostic: {
      severity: "error",
      summary: "Error acquiring the state lock",
      detail:
        'Lock Info:\n  ID:        a-b\n  Operation: OperationTypeApply\n  Who:       me@here\n  Created:   2026-01-01 10:00:00.1 +0000 UTC\nvariable named "x"',
      address: ARM,
      range: { filename: "terraform.tfvars", start: { line: 3 } },
      snippet: { context: "resource", code: "x = 1" },
    },
  },
] as const;

function hear(lines: readonly string[]): void {
  let progress = NOT_BEGUN;
  let apply = applyOf(planOf(WHOLE));
  for (const line of lines) {
    const message = parseLine(line);
    progress = planProgress(progress, message);
    apply = applyState(apply, message, 1);
    if (message.type !== "diagnostic") continue;
    expectClear(terraformFailure([message.diagnostic], 0));
    unknownVariable([message.diagnostic]);
  }
  refreshTotal(progress);
  doneAndNot(applyEnded(apply, 2));
}

describe("Terraform's JSON lines", () => {
  it("are understood or passed over, however they are mutated", () => {
    const line = fc.constantFrom(...LINES).chain((one) => mutated(one, 3).map((json) => JSON.stringify(json)));
    fc.assert(fc.property(fc.array(line, { minLength: 1, maxLength: 3 }), hear), { numRuns: CASES });
  });

  it("are understood or passed over, however their letters are mutated", () => {
    const line = mutatedText(LINES.map((one) => JSON.stringify(one)));
    fc.assert(fc.property(fc.array(line, { minLength: 1, maxLength: 3 }), hear), { numRuns: CASES });
  });

  it("end in time, whatever is in them again and again", () => {
    const words = ["Lock Info:", "variable named ", "lookup ", "\n", "OperationType", "snowglobe-state-1"];
    endsInTime(pumped(words), (text) => {
      const detail = `Lock Info:\n${text}`;
      hear([JSON.stringify({ type: "diagnostic", diagnostic: { severity: "error", summary: text, detail } }), text]);
    });
  });
});

describe("outputs", () => {
  it("give values or none, however they are mutated", () => {
    const outputs = {
      persistent_roots: { "fcvm-metal-arm": ARM_VOLUME },
      allocation_ids: { "fcvm-metal-arm": ARM_ADDRESS },
      database: { endpoint: "e", port: 3306, name: "n", cluster_arn: "c", secret_arn: "s", vpc_cidr: "10.0.0.0/16" },
      addresses: { jumpbox: "1.2.3.4" },
    };
    fc.assert(
      fc.property(mutated(outputs), (json) => {
        const given = (typeof json === "object" && json !== null ? json : {}) as Readonly<Record<string, unknown>>;
        for (const root of Object.values(rootsOf(given))) expectDrawable(root.volumeId);
        databaseOf(given);
        outputLines(given);
      }),
      { numRuns: CASES },
    );
  });
});
