import { expect, test } from "vitest";
import { judge } from "../../../ops/plan/guard.ts";
import { change, plan } from "./plans.ts";

type Given = Readonly<Record<string, unknown>>;

test("the state's bucket as the provider's newest plans it is encrypted by a plain yes: what is open is left to AWS", () => {
  const address = "aws_s3_bucket_server_side_encryption_configuration.state";
  const by = (more: Given) => [{ apply_server_side_encryption_by_default: [more] }];
  const open = { kms_master_key_id: true };
  const unknown = {
    bucket: true,
    rule: [{ ...by(open)[0], blocked_encryption_types: true, bucket_key_enabled: true }],
  };
  const expressions = { rule: by({ sse_algorithm: { constant_value: "AES256" } }) };
  const configuration = { root_module: { resources: [{ address, expressions }] } };
  const judged = (algorithm: string) =>
    judge(
      plan([change(address, { actions: ["create"], after: { rule: by({ sse_algorithm: algorithm }) }, unknown })], {
        configuration,
      }),
      {
        owner: {},
      },
    );
  expect(judged("AES256")).toMatchObject({ kind: "safe" });
  expect(judged("aws:kms")).toMatchObject({ kind: "dangerous" });
});
