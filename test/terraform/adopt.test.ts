/** terraform/adopt.tf held against every resource that there is. */

import { expect, test } from "vitest";
import { readConfiguration } from "./hcl.ts";

test("a resource that is there already and cannot be taken over", async () => {
  const main = await readConfiguration();
  // Made a second time, each of these is the first one again, or belongs to what is adopted.
  const harmless = [
    "aws_ebs_encryption_by_default.this",
    "aws_sns_topic_subscription.owner",
    "aws_lambda_function_event_invoke_config.auto_stop",
    "aws_iam_role_policy.auto_stop",
    "aws_iam_role_policy.dev",
    "aws_iam_role_policy_attachment.backup",
    "aws_iam_role_policy_attachment.jumpbox",
    "aws_ec2_tag.persistent",
  ];
  const adopted = main.imports.map(({ to }) => String(to).replace(/^\$\{|\[each\.key\]|\}$/g, ""));
  const all = Object.entries(main.resources).flatMap(([type, named]) =>
    Object.keys(named).map((name) => `${type}.${name}`),
  );
  expect([...adopted, ...harmless].sort()).toEqual(all.sort());
  for (const one of main.imports) {
    const resource = String(one.to).replace(/^\$\{|\[each\.key\]|\}$/g, "");
    expect(one).toMatchObject({
      for_each: `\${lookup(var.adopt, "${resource}", {})}`,
      id: `\${each.value}`,
    });
  }
});
