import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { environmentFrom } from "../../../ops/environment.ts";
import { cacheFile, readToken, writeToken } from "../../../ops/signin/cache.ts";
import type { SsoProfile } from "../../../ops/signin/config.ts";

const PROFILE: SsoProfile = {
  profile: "default",
  session: "snowglobe",
  startUrl: "https://x.awsapps.com/start",
  ssoRegion: "us-west-1",
  scopes: [],
  accountId: "1",
  roleName: "R",
};
const TOKEN = {
  accessToken: "at",
  expiresAt: Date.UTC(2026, 10, 22, 18, 30, 15, 250),
  refreshToken: "rt",
  registration: { clientId: "ci", clientSecret: "cs", expiresAt: Date.UTC(2027, 0, 1) },
};

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "snowglobe-cache-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));
const environment = () => environmentFrom({ HOME: home });
const path = () => cacheFile(environment(), PROFILE);
const put = (text: string) => {
  mkdirSync(dirname(path()), { recursive: true });
  writeFileSync(path(), text);
};

it("is named after the sso-session, or the start URL where there is none", () => {
  const name = (text: string) => join(home, ".aws/sso/cache", `${createHash("sha1").update(text).digest("hex")}.json`);
  expect(path()).toBe(name("snowglobe"));
  expect(cacheFile(environment(), { ...PROFILE, session: undefined })).toBe(name(PROFILE.startUrl));
});

it("has the fields and the times that every tool reads, for its owner only", async () => {
  await writeToken(environment(), PROFILE, TOKEN);
  expect(JSON.parse(readFileSync(path(), "utf8"))).toEqual({
    startUrl: PROFILE.startUrl,
    region: "us-west-1",
    accessToken: "at",
    expiresAt: "2026-11-22T18:30:15Z",
    clientId: "ci",
    clientSecret: "cs",
    registrationExpiresAt: "2027-01-01T00:00:00Z",
    refreshToken: "rt",
  });
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  expect(await readToken(environment(), PROFILE)).toEqual({ ...TOKEN, expiresAt: TOKEN.expiresAt - 250 });
});

it("keeps what it does not know, and leaves the refresh token out where there is none", async () => {
  put(JSON.stringify({ accessToken: "old", expiresAt: "2020-01-01T00:00:00UTC", refreshToken: "old", future: [1] }));
  expect(await readToken(environment(), PROFILE)).toMatchObject({ expiresAt: Date.UTC(2020, 0, 1) });
  await writeToken(environment(), PROFILE, { ...TOKEN, refreshToken: undefined });
  const fields = JSON.parse(readFileSync(path(), "utf8"));
  expect(fields).toMatchObject({ accessToken: "at", future: [1] });
  expect("refreshToken" in fields).toBe(false);
});

it("waits out a write of the AWS CLI that is half done", async () => {
  const whole = JSON.stringify({ accessToken: "at", expiresAt: "2026-11-22T18:30:15Z" });
  put(whole.slice(0, 20));
  const reading = readToken(environment(), PROFILE);
  setTimeout(() => put(whole), 30);
  expect(await reading).toMatchObject({ accessToken: "at" });
});

it.each(["", "{", '{"accessToken": "a', "[]", "null", '{"expiresAt":"2026-11-22T18:30:15Z"}', '{"accessToken":7}'])(
  "takes %j for no token",
  async (text) => {
    put(text);
    expect(await readToken(environment(), PROFILE)).toBeUndefined();
  },
);

it("lets AWS judge a token whose time cannot be read", async () => {
  put(JSON.stringify({ accessToken: "at", expiresAt: "soon" }));
  expect(await readToken(environment(), PROFILE)).toMatchObject({ accessToken: "at", expiresAt: 0 });
});
