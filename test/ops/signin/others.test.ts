/** Settings that others have left: profiles by names of their own, chains of roles, older variables; as the AWS CLI takes them. */

import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { createAwsClients } from "../../../ops/aws/clients.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import { environmentKeys } from "../../../ops/signin/chain.ts";
import { resolveProfile } from "../../../ops/signin/config.ts";
import { createSignIn } from "../../../ops/signin/signin.ts";
import { type Someone, START_URL, someone } from "./someone.ts";

const ACCOUNT = "sso_account_id = 123456789012\nsso_role_name = AdministratorAccess\nregion = us-west-1\n";
const SESSION = `[sso-session my-sso]\nsso_start_url = ${START_URL}\nsso_region = us-west-1\n`;
/** As `aws configure sso` names it. */
const NAMED = `[profile AdministratorAccess-123456789012]\nsso_session = my-sso\n${ACCOUNT}`;

const write = (me: Someone, text: string) => {
  mkdirSync(join(me.home, ".aws"), { recursive: true });
  writeFileSync(join(me.home, ".aws", "config"), text);
};

describe("a profile by the name that aws configure sso gives", () => {
  it("signs in without a question, says which profile the AWS CLI wants, and its token is taken by who comes after", async () => {
    await using me = await someone();
    write(me, SESSION + NAMED);
    const { asked, outcome, prompts } = await me.login();
    expect([asked, prompts.length]).toEqual([[], 1]);
    expect(outcome).toMatchObject({
      status: "done",
      next: "For the AWS CLI: export AWS_PROFILE=AdministratorAccess-123456789012",
    });
    expect(await me.restarted().check()).toMatchObject({ status: "signed-in", via: "session" });
    expect(await me.file(".aws/config")).toBe(SESSION + NAMED);
    if (spawnSync("aws", ["--version"]).error) return;
    const env = { PATH: process.env.PATH, ...me.environment.env, AWS_PROFILE: "AdministratorAccess-123456789012" };
    const { stdout } = await promisify(execFile)("aws", ["sts", "get-caller-identity", "--output", "text"], { env });
    expect(stdout).toContain("123456789012");
  });

  it("of several none is guessed; the start URL that they share is not asked for again", async () => {
    await using me = await someone();
    write(me, `${SESSION + NAMED}[profile other]\nsso_session = my-sso\n${ACCOUNT.replace("1234", "4321")}`);
    expect(await resolveProfile(me.environment)).toMatchObject({ kind: "none", found: undefined });
    const { asked } = await me.login();
    expect(asked).not.toContain("Start URL of your AWS access portal");
  });
});

it("a chain of roles gets the device code of the profile that it begins with", async () => {
  await using me = await someone({ env: { AWS_PROFILE: "admin" } });
  const role = "role_arn = arn:aws:iam::123456789012:role/admin\n";
  const chain = `[profile admin]\n${role}source_profile = middle\n[profile middle]\n${role}source_profile = base\n`;
  write(me, `${SESSION}${chain}[profile base]\nsso_session = my-sso\n${ACCOUNT}`);
  const { prompts, asked } = await me.login();
  expect([prompts.length, asked]).toEqual([1, []]);
  expect(JSON.parse(await me.file(`.aws/sso/cache/${sha1("my-sso")}.json`))).toMatchObject({ startUrl: START_URL });
  // One that goes round in a circle signs in nobody, and ends.
  write(me, `[profile admin]\n${role}source_profile = admin\n`);
  expect((await me.login()).outcome).toMatchObject({
    status: "blocked",
    sentence: expect.stringContaining("AWS_PROFILE"),
  });
});

it("AWS_DEFAULT_PROFILE and AWS_SECURITY_TOKEN are read, and go first as in botocore", async () => {
  await using me = await someone({ env: { AWS_DEFAULT_PROFILE: "keys", AWS_PROFILE: "no such" } });
  write(me, "[profile keys]\nregion = us-west-1\n");
  expect(await resolveProfile(me.environment)).toMatchObject({ kind: "other", profile: "keys" });
  const keys = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_SESSION_TOKEN: "later" };
  expect(environmentKeys(environmentFrom({ ...keys, AWS_SECURITY_TOKEN: "first" }))?.sessionToken).toBe("first");
  expect(environmentKeys(environmentFrom(keys))?.sessionToken).toBe("later");
});

it("a dual-stack endpoint together with one of one's own is a sentence that names both", async () => {
  await using me = await someone({ env: { AWS_USE_DUALSTACK_ENDPOINT: "true" } });
  const signIn = createSignIn({ environment: me.environment, clock: me.clock });
  await expect(createAwsClients(me.environment, me.clock, signIn).ec2()).rejects.toMatchObject({
    failure: {
      kind: "malformed",
      sentence:
        "AWS_USE_DUALSTACK_ENDPOINT asks for AWS's dual-stack endpoints, and AWS_ENDPOINT_URL names another: both cannot be.",
    },
  });
});

function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}
