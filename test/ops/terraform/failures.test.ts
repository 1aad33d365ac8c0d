import { describe, expect, test } from "vitest";
import { terraformFailure } from "../../../ops/terraform/failures.ts";
import { destruction } from "../../../ops/terraform/keep.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const failure = (summary: string, detail = "", more = {}) =>
  terraformFailure([{ severity: "error", summary, detail, ...NOWHERE, ...more } as never], NOW).failure;
const NOWHERE = { file: undefined, line: undefined, address: undefined };

/** As Terraform 1.11 and 1.15 word them. */
const LOCK = `Error message: operation error S3: PutObject, https response error StatusCode: 412, api error PreconditionFailed
Lock Info:
  ID:        1f2e3d
  Path:      snowglobe-state-1/snowglobe/terraform.tfstate
  Operation: OperationTypePlan
  Who:       me@jumpbox
  Version:   1.15.5
  Created:   2026-11-22 10:30:00.5 +0000 UTC
  Info:      

Terraform acquires a state lock to protect the state.`;

describe("terraformFailure", () => {
  test("a lock: who, since when, how to go on", () => {
    expect(failure("Error acquiring the state lock", LOCK)).toMatchObject({
      kind: "conflict",
      code: "STATE_LOCKED",
      sentence: expect.stringMatching(
        /^me@jumpbox holds the lock on Terraform's state for plan, since 2026-11-22 10:30:00 UTC \(.*ago\)\.$/,
      ),
      action: expect.stringContaining("terraform force-unlock 1f2e3d"),
    });
  });

  test.each([
    ["ExpiredToken: The security token included in the request is expired", "signed-out"],
    ["api error RequestExpired: Request has expired.", "signed-out"],
    ["api error UnauthorizedOperation: You are not authorized to perform this operation.", "refused"],
    ["StatusCode: 403, RequestID: x, api error AccessDenied: Access Denied", "refused"],
    ["dial tcp: lookup registry.terraform.io: no such host", "offline"],
    ["Post https://ec2.us-west-1.amazonaws.com/: dial tcp 1.2.3.4:443: i/o timeout", "offline"],
    ["something else entirely", "refused"],
    [
      "api error RequestTimeTooSkewed: The difference between the request time and the current time is too large.",
      "refused",
    ],
  ])("%s: %s", (detail, kind) => {
    expect(failure("It went wrong", detail).kind).toBe(kind);
  });

  test.each([
    ["Failed to query available provider packages", "registry.terraform.io: 403 Forbidden", "REGISTRY"],
    [
      "Failed to install provider",
      "could not query provider registry: proxyconnect tcp: 407 Proxy Authentication Required",
      "PROXY",
    ],
    [
      "Failed",
      "operation error S3: HeadObject, https response error StatusCode: 403, api error Forbidden: Forbidden",
      "AccessDenied",
    ],
    // What Go, and the AWS SDK in it, make of a proxy's 403 and of its page in place of AWS's answer.
    [
      "retrieving caller identity from STS: https response error StatusCode: 0, RequestID: , request send failed",
      'Post "https://sts.us-west-1.amazonaws.com/": Forbidden',
      "PROXY",
    ],
    [
      "retrieving caller identity from STS: operation error STS: GetCallerIdentity, https response error StatusCode: 403, RequestID: , api error UnknownError: UnknownError",
      "",
      "PROXY",
    ],
    ["Failed", "api error RequestTimeTooSkewed: The difference is too large.", "CLOCK"],
    [
      "Resource instance managed by newer provider version",
      "The current state of aws_eip.a was created by a newer provider version than is currently selected.",
      "NEWER_STATE",
    ],
    ["state snapshot was created by Terraform v1.16.0, which is newer than current v1.15.5", "", "NEWER_STATE"],
    [
      "creating EC2 Instance: api error InsufficientInstanceCapacity: There is no Spot capacity available",
      "",
      "InsufficientInstanceCapacity",
    ],
    [
      "creating EC2 Instance: api error MaxSpotInstanceCountExceeded: Max spot instance count exceeded",
      "",
      "MaxSpotInstanceCountExceeded",
    ],
  ])("%s, %s: %s", (summary, detail, code) => {
    const { code: found, sentence, action } = failure(summary, detail);
    expect(found).toBe(code);
    expect([sentence, action].join(" ")).not.toMatch(/api error|log has every error|undefined/);
  });

  test("a spot machine that was stopped and cannot be started yet: what to press", () => {
    const said = failure(
      "updating EC2 Instance (i-0a): starting EC2 Instance: api error IncorrectSpotRequestState: You can't start the Spot Instance 'i-0a'",
      "",
      { address: "aws_instance.fcvm_metal_arm" },
    );
    expect(said.sentence).toMatch(/^fcvm-metal-arm was stopped/);
    expect(said.action).toContain("Press p");
  });

  test("its own lock that could not be released is told beside the reason", () => {
    const release = {
      severity: "error",
      summary: "Error releasing the state lock",
      detail: "Error message: no answer\nLock Info:\n  ID:        1f2e3d\n  Who:       me@here",
      ...NOWHERE,
    };
    const reason = { severity: "error", summary: "It broke", detail: "", ...NOWHERE };
    expect(terraformFailure([release] as never, NOW).failure).toMatchObject({
      code: "LOCK_LEFT",
      action: expect.stringContaining("force-unlock 1f2e3d"),
    });
    expect(terraformFailure([reason, release] as never, NOW).failure).toMatchObject({
      sentence: "It broke. Terraform could not release its own lock on the state.",
      action: expect.stringContaining("force-unlock 1f2e3d"),
    });
  });

  test("says which permission is lacking", () => {
    const said = failure(
      "creating Lambda",
      "User: arn:aws:sts::1:x is not authorized to perform: lambda:CreateFunction on resource: y because AccessDeniedException",
    );
    expect(said.sentence).toContain("lambda:CreateFunction");
  });

  test("without a diagnostic there is still a sentence, and no secret is ever in one", () => {
    expect(terraformFailure([], NOW).failure.sentence).toMatch(/without a reason/);
    expect(failure("Bad", "aws_secret_access_key = abcdefghijklmnop").sentence).not.toContain("abcdefghijklmnop");
  });
});

describe("destruction", () => {
  const state = (...resources: [string, string[]?, string?][]) => ({
    values: {
      root_module: {
        resources: resources.map(([address, depends_on = [], mode = "managed"]) => ({
          address,
          type: address.split(".")[0],
          mode,
          depends_on,
        })),
      },
    },
  });

  test("leaves what is kept, all that it stands on, and what only reads", () => {
    const { targets, kept } = destruction(
      state(
        ["aws_vpc.this"],
        ['aws_subnet.public["a"]', ["aws_vpc.this"]],
        ['aws_subnet.public["b"]', ["aws_vpc.this"]],
        ["aws_db_subnet_group.this", ["aws_subnet.public"]],
        ["aws_rds_cluster.this", ["aws_db_subnet_group.this"]],
        ["aws_rds_cluster_instance.this", ["aws_rds_cluster.this"]],
        ["aws_instance.jumpbox", ["aws_subnet.public"]],
        ["aws_eip.jumpbox"],
        ["aws_caller_identity.current", [], "data"],
      ),
    );
    expect(targets).toEqual(["aws_rds_cluster_instance.this", "aws_instance.jumpbox"]);
    expect(kept).toEqual(["aws_rds_cluster.this (database)", "aws_eip.jumpbox (Elastic IP)"]);
  });

  test.each([[undefined], [{}], [{ format_version: "1.0" }], [{ values: null }], ["nonsense"]])(
    "an empty state: %j",
    (empty) => {
      expect(destruction(empty)).toEqual({ targets: [], kept: [] });
    },
  );
});
