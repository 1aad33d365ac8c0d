import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explain } from "../../../ops/aws/errors.ts";
import { redactLine } from "../../../ops/aws/redact.ts";
import { FailureError } from "../../../ops/failure.ts";

/** As the SDK throws what a service refused. */
function refusal(code: string, message = "", status = 400, more: object = {}): Error {
  return Object.assign(new Error(message), {
    name: code,
    Code: code,
    $fault: "client",
    $metadata: { httpStatusCode: status, ...more },
  });
}

function system(code: string, more: object = {}): Error {
  return Object.assign(new Error(`something ${code}`), { code, ...more });
}

describe("explain", () => {
  it.each<[unknown, string, string]>([
    [refusal("RequestExpired", "Request has expired."), "signed-out", "expired"],
    [refusal("ExpiredToken"), "signed-out", "expired"],
    [
      refusal("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
      "signed-out",
      "expired",
    ],
    [refusal("AuthFailure", "", 401, { clockSkewCorrected: true }), "refused", "clock"],
    [refusal("SignatureDoesNotMatch", "Signature not yet current: 2030 is still later than 2026"), "refused", "clock"],
    [refusal("RequestTimeTooSkewed"), "refused", "clock"],
    [refusal("RequestLimitExceeded", "Request limit exceeded.", 503), "throttled", "too often"],
    [refusal("InsufficientInstanceCapacity", "There is no Spot capacity", 500), "capacity", "no such machine"],
    [refusal("Unsupported", "because there is no available Spot capacity."), "capacity", "no such machine"],
    [refusal("SpotMaxPriceTooLow"), "capacity", "spot price"],
    [refusal("VcpuLimitExceeded"), "capacity", "limit"],
    [
      refusal(
        "IncorrectSpotRequestState",
        "You can't start the Spot Instance 'i-0b' because the associated Spot Instance request is not in an appropriate state to support start.",
      ),
      "conflict",
      "not released yet",
    ],
    [
      refusal("IncorrectState", "Unable to detach root volume 'vol-0b' from instance 'i-0b'"),
      "conflict",
      "vol-0b comes off only",
    ],
    [
      refusal("OperationNotPermitted", "Unable to detach root volume 'vol-0b' from instance 'i-0b'"),
      "conflict",
      "stopped",
    ],
    [
      refusal("InvalidVolume.ZoneMismatch", "The volume 'vol-0b' is not in the same availability zone"),
      "conflict",
      "Zone",
    ],
    [refusal("InvalidParameterValue", "Attachment point /dev/sda1 is already in use"), "conflict", "root device"],
    [
      refusal(
        "InvalidParameterValue",
        "Invalid value 'i-0b' for instanceId. Instance does not have a volume attached at root (/dev/sda1)",
      ),
      "conflict",
      "i-0b has no root volume",
    ],
    [refusal("VolumeInUse", "vol-0b is already attached to an instance"), "conflict", "vol-0b is still attached"],
    [
      refusal("InvalidInstanceID", "The pending instance 'i-0b' is not in a valid state for this operation."),
      "conflict",
      "starting",
    ],
    [refusal("InvalidVolume.NotFound", "The volume 'vol-0b' does not exist."), "missing", "vol-0b"],
    [refusal("InternalError", "", 500), "server", "trouble"],
    [refusal("Whatever", "A new sort of refusal"), "refused", "A new sort of refusal"],
    [refusal("Unknown", "Unknown", 403), "server", "HTTP 403"],
    [refusal("Unknown", "Unknown", 502), "server", "HTTP 502"],
    [system("ENOTFOUND", { hostname: "ec2.us-west-1.amazonaws.com" }), "offline", "ec2.us-west-1.amazonaws.com"],
    [system("ECONNREFUSED"), "offline", "refused"],
    [system("ECONNRESET", { name: "TimeoutError" }), "offline", "broke off"],
    [Object.assign(new Error("late"), { name: "TimeoutError" }), "offline", "in time"],
    [new AggregateError([system("EHOSTUNREACH"), system("ENETUNREACH")]), "offline", "no way"],
    [new Error("outer", { cause: system("ENETUNREACH") }), "offline", "no way"],
    [system("SELF_SIGNED_CERT_IN_CHAIN"), "offline", "not trusted"],
    [system("CERT_NOT_YET_VALID"), "offline", "clock"],
    [system("EPROTO"), "offline", "not trusted"],
    [system("ENOSPC"), "missing", "disk is full"],
    [system("ENOENT", { syscall: "spawn ssh", path: "ssh" }), "missing", "ssh is not installed"],
    [
      new Error(
        "@aws-sdk XML parse error: mismatched tags <br> and </body>.\n  Deserialization error: to see the raw response, inspect",
      ),
      "server",
      "could not be understood",
    ],
    [new TypeError("Invalid RFC3339 timestamp format gaga\n  Deserialization error: to see"), "server", "understood"],
    [new SyntaxError("Unexpected end of JSON input"), "server", "understood"],
    [Object.assign(new Error("Request aborted"), { name: "AbortError" }), "cancelled", "Cancelled"],
    [new FailureError({ kind: "missing", sentence: "As it is." }), "missing", "As it is."],
    [new TypeError("x is not a function"), "internal", "x is not a function"],
    [undefined, "internal", "no reason"],
    ["just a text", "internal", "just a text"],
  ])("%o is %s: %s", (error, kind, part) => {
    const failure = explain(error);
    expect(failure.kind).toBe(kind);
    expect(failure.sentence).toContain(part);
  });

  it("names what a role may not do, without the encoded blob", () => {
    const failure = explain(
      refusal(
        "UnauthorizedOperation",
        "You are not authorized to perform this operation. User: arn:aws:sts::1:assumed-role/r/x is not authorized to perform: ec2:StartInstances on resource: x. Encoded authorization failure message: AbC_d-efg123",
        403,
      ),
    );
    expect(failure).toMatchObject({ kind: "refused", sentence: "This role is not allowed to ec2:StartInstances." });
  });

  it("gives one line with an end, an action, and never throws, whatever is thrown at it", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.record({ name: fc.string(), code: fc.anything(), message: fc.string(), cause: fc.anything() }),
        ),
        (thrown) => {
          const failure = explain(thrown);
          expect(failure.sentence).toMatch(/^[^\p{Cc}]+[.!?…]$/u);
          if (failure.kind !== "cancelled") expect(failure.action).toBeTruthy();
        },
      ),
    );
  });
});

describe("redactLine", () => {
  const secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
  it.each([
    `Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/x, Signature=${secret}`,
    `aws_secret_access_key = ${secret}`,
    `{"secretAccessKey":"${secret}"}`,
    `{"sessionToken": "${secret}"}`,
    `x-amz-sso_bearer_token: ${secret}`,
    `?X-Amz-Signature=${secret}&x=1`,
    `Bearer ${secret}`,
    `https://user:${secret}@example.com/`,
    `"accessToken":"${secret}"`,
    `clientSecret=${secret}`,
    `deviceCode: ${secret}`,
    `token ${secret.repeat(4)}`,
    "key ASIAIOSFODNN7EXAMPLE used",
  ])("takes the secret out of %j", (text) => {
    expect(redactLine(text)).not.toMatch(/wJalrX|IOSFODNN/);
  });

  it("takes out control characters and keeps it short", () => {
    expect(redactLine("a\u001b[31mb\u0007\r\nc\u202e")).toBe("ab c");
    expect(redactLine("x y ".repeat(200)).length).toBe(300);
  });
});
