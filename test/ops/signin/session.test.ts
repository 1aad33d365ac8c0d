import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { explain } from "../../../ops/aws/errors.ts";
import { when } from "../../../ops/store.ts";
import { type Someone, someone } from "./someone.ts";

const HOUR = 3_600_000;
const EXPIRED = explain(Object.assign(new Error("expired"), { name: "ExpiredTokenException" }));

async function signedIn(options: Parameters<typeof someone>[0] = {}): Promise<Someone> {
  const me = await someone(options);
  await me.login();
  expect(me.signIn.get()).toMatchObject({ status: "signed-in" });
  me.calls();
  return me;
}

function editToken(me: Someone, change: (fields: Record<string, unknown>) => void): void {
  const cache = join(me.home, ".aws/sso/cache");
  const file = join(cache, readdirSync(cache)[0] ?? "");
  const fields = JSON.parse(readFileSync(file, "utf8"));
  change(fields);
  writeFileSync(file, JSON.stringify(fields));
}

describe("silently", () => {
  it("renews the token before it ends, once for all who ask", async () => {
    await using me = await signedIn({ sso: { tokenSeconds: 200 } });
    const again = me.restarted();
    const all = await Promise.all([again.credentials(), again.credentials(), again.check()]);
    expect(all[0].accessKeyId).toBe(all[1].accessKeyId);
    const calls = me.calls();
    expect(calls.filter((call) => call === "CreateToken")).toHaveLength(1);
    expect(calls.filter((call) => call === "GetRoleCredentials")).toHaveLength(1);
    // The refresh token rotated: the next process finds the new one in the cache.
    expect(await me.restarted().check()).toMatchObject({ status: "signed-in" });
  });

  it("renews it once for five programs that all find it ended: nobody shows a device code", async () => {
    await using me = await signedIn();
    editToken(me, (fields) => {
      fields.expiresAt = "2026-01-01T00:00:00Z";
    });
    const programs = Array.from({ length: 5 }, () => me.restarted());
    const states = await Promise.all(programs.map((one) => one.check()));
    expect(states.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "signed-in"));
    expect(me.calls().filter((call) => call === "CreateToken")).toHaveLength(1);
    expect(readdirSync(join(me.home, ".aws/sso/cache")).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });

  it("takes up the lock of a program that died with it", async () => {
    await using me = await signedIn();
    editToken(me, (fields) => {
      fields.expiresAt = "2026-01-01T00:00:00Z";
    });
    const cache = join(me.home, ".aws/sso/cache");
    const lock = join(cache, `${readdirSync(cache)[0]}.lock`);
    writeFileSync(lock, "");
    utimesSync(lock, 0, 0);
    expect(await me.restarted().check()).toMatchObject({ status: "signed-in" });
  });

  it("renews it after its end, and when AWS ended it early", async () => {
    await using me = await signedIn();
    editToken(me, (fields) => {
      fields.expiresAt = "2026-01-01T00:00:00Z";
    });
    expect(await me.restarted().check()).toMatchObject({ status: "signed-in" });
    me.simulator.sso.expireTokens();
    me.calls();
    expect(await me.restarted().check()).toMatchObject({ status: "signed-in" });
    expect(me.calls()).toEqual(["GetRoleCredentials", "CreateToken", "GetRoleCredentials", "GetCallerIdentity"]);
  });

  it("renews role credentials before they end, and keeps good ones in bad weather", async () => {
    await using me = await signedIn({ sso: { roleSeconds: 200 } });
    const again = me.restarted();
    const first = await again.credentials();
    me.simulator.faults.add({ kind: "server-error", operation: "GetRoleCredentials" });
    expect((await again.credentials()).accessKeyId).toBe(first.accessKeyId);
  });

  it("takes up a sign-in that another tool made", async () => {
    await using me = await signedIn({ sso: { refreshTokens: false } });
    me.simulator.sso.revokeSessions();
    const here = me.restarted();
    expect(await here.check()).toMatchObject({ status: "signed-out" });
    me.calls();
    await expect(here.credentials()).rejects.toThrow("The AWS session has ended or was revoked.");
    expect(me.calls()).toEqual([]);
    await me.login({ signIn: me.restarted() });
    await here.credentials();
    expect(await when(here, (state) => state.status === "signed-in")).toMatchObject({ generation: 1 });
  });
});

describe("a session that is over", () => {
  it("is known by AWS's word and not by the file", async () => {
    await using me = await signedIn();
    me.simulator.sso.revokeSessions();
    const again = me.restarted();
    await expect(again.credentials()).rejects.toMatchObject({ failure: { kind: "signed-out" } });
    expect(again.get()).toMatchObject({ status: "signed-out", failure: { kind: "signed-out" } });
  });

  it("ends the state when AWS refuses what it gave, and clients are rebuilt after the next sign-in", async () => {
    await using me = await signedIn();
    me.simulator.sso.revokeSessions();
    me.simulator.credentials.expireAll();
    for (let call = 0; call < 4; call += 1) me.signIn.refused(EXPIRED);
    await when(me.signIn, (state) => state.status === "signed-out");
    expect(me.calls().filter((call) => call === "GetRoleCredentials")).toHaveLength(1);
    expect((await me.login()).outcome.status).toBe("done");
    expect(me.signIn.get()).toMatchObject({ status: "signed-in", generation: 2 });
  });

  it("is no sign-out when only the role's credentials were refused: they are got anew", async () => {
    await using me = await signedIn();
    const before = await me.signIn.credentials();
    me.simulator.credentials.expireAll();
    me.signIn.refused(EXPIRED);
    expect(await when(me.signIn, (state) => state.status === "signed-in" && state.generation === 2)).toBeTruthy();
    expect((await me.signIn.credentials()).accessKeyId).not.toBe(before.accessKeyId);
  });

  it("is not believed of credentials that STS refuses once", async () => {
    await using me = await signedIn();
    me.simulator.credentials.expireAll();
    expect(await me.signIn.check()).toMatchObject({ status: "signed-in" });
  });

  it("survives a token file cut in half", async () => {
    await using me = await signedIn();
    const cache = join(me.home, ".aws/sso/cache");
    writeFileSync(join(cache, readdirSync(cache)[0] ?? ""), '{"accessToken": "ao');
    expect(await me.restarted().check()).toMatchObject({ failure: { sentence: "Nobody is signed in to AWS." } });
    expect((await me.login({ signIn: me.restarted() })).outcome.status).toBe("done");
  });
});

describe("bad weather", () => {
  it("takes a signed-in state away from nobody", async () => {
    await using me = await signedIn();
    const before = me.signIn.get();
    me.simulator.faults.add({ kind: "drop-before", operation: "*" });
    expect(await me.signIn.check()).toBe(before);
    me.signIn.refused({ kind: "offline", sentence: "No network." });
    expect(me.signIn.get()).toBe(before);
  });

  it.each(["drop-before", "html", "malformed", "throttle"] as const)(
    "says what it is when nothing is known yet, and mends itself (%s)",
    async (kind) => {
      await using me = await signedIn();
      const again = me.restarted();
      me.simulator.faults.add({ kind, operation: "*" });
      const state = await again.check();
      expect(state).toMatchObject({ status: "signed-out", failure: { kind: /offline|malformed|throttled/ } });
      const login = await me.login({ signIn: again });
      expect(login.outcome).toMatchObject({ status: "failed", failure: { kind: /offline|malformed|throttled/ } });
      me.simulator.faults.clear();
      await again.credentials();
      await when(again, ({ status }) => status === "signed-in");
    },
  );

  it("keeps the reason for being signed out, which a broken config file does not", async () => {
    await using me = await signedIn();
    me.simulator.sso.revokeSessions();
    const again = me.restarted();
    const state = await again.check();
    const clear = me.simulator.faults.add({ kind: "drop-before", operation: "*" });
    expect(await again.check()).toBe(state);
    clear();
    writeFileSync(join(me.home, ".aws/config"), "oops");
    expect(await again.check()).toMatchObject({ failure: { kind: "malformed" } });
  });
});

describe("a wrong clock", () => {
  it.each([-5 * HOUR, 5 * HOUR, 40 * 24 * HOUR])("signs in, and knows the time left (%d ms ahead)", async (ahead) => {
    await using me = await signedIn({ clockAhead: ahead });
    const state = me.signIn.get();
    const left = (state.status === "signed-in" ? (state.expiresAt ?? 0) : 0) - me.clock.now();
    expect(Math.round(left / HOUR)).toBe(8);
    // What is written is true time, whatever this machine believes.
    editToken(me, ({ expiresAt }) => {
      expect(Math.round((Date.parse(String(expiresAt)) - me.simulator.clock.now()) / HOUR)).toBe(8);
    });
    const { expiration } = await me.signIn.credentials();
    expect(Math.round(((expiration?.getTime() ?? 0) - me.clock.now()) / HOUR)).toBe(1);
    const again = me.restarted();
    expect(await again.check()).toMatchObject({ status: "signed-in" });
  });

  it("is no end of a session that cannot be renewed", async () => {
    await using me = await signedIn({ clockAhead: 100 * 24 * HOUR, sso: { refreshTokens: false } });
    expect(await me.restarted().check()).toMatchObject({ status: "signed-in" });
  });

  it("is the reason that is given when AWS refuses for it", async () => {
    await using me = await signedIn();
    me.simulator.faults.add({ kind: "clock-skew", ms: 3 * HOUR, operation: "*" });
    me.simulator.faults.add({
      kind: "error",
      code: "RequestTimeTooSkewed",
      message: "x",
      status: 403,
      operation: "GetCallerIdentity",
    });
    const state = await me.restarted().check();
    expect(state).toMatchObject({
      failure: { kind: "refused", sentence: expect.stringContaining("clock is 3 h 0 min behind AWS's") },
    });
  });
});

describe("the default chain", () => {
  it("answers for keys in the environment, and nothing is asked", async () => {
    await using other = await someone();
    const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "", AWS_SESSION_TOKEN = "" } = other.simulator.signedInEnv;
    const keys = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN };
    await using me = await someone({ env: { ...other.simulator.env, ...keys } });
    expect(await me.signIn.check()).toMatchObject({
      status: "signed-in",
      via: "chain",
      origin: "keys from the environment",
      expiresAt: undefined,
    });
    expect((await me.login()).outcome).toMatchObject({ status: "nothing-to-do" });
    expect(await me.signIn.credentials()).toMatchObject({ accessKeyId: AWS_ACCESS_KEY_ID });
  });

  it("answers for a credentials file", async () => {
    await using me = await someone();
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = me.simulator.signedInEnv;
    mkdirSync(join(me.home, ".aws"));
    writeFileSync(
      join(me.home, ".aws/credentials"),
      `[default]\naws_access_key_id = ${AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${AWS_SECRET_ACCESS_KEY}\naws_session_token = ${AWS_SESSION_TOKEN}\n`,
    );
    expect(await me.signIn.check()).toMatchObject({ via: "chain", origin: "keys of profile default" });
  });

  it("keeps what it gave while that is good, even if it is silent for once", async () => {
    await using me = await someone();
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = me.simulator.signedInEnv;
    const answer = (seconds: number) =>
      JSON.stringify({
        Version: 1,
        AccessKeyId: AWS_ACCESS_KEY_ID,
        SecretAccessKey: AWS_SECRET_ACCESS_KEY,
        SessionToken: AWS_SESSION_TOKEN,
        Expiration: new Date(Date.now() + seconds * 1000).toISOString(),
      });
    mkdirSync(join(me.home, ".aws"));
    writeFileSync(join(me.home, "keys.json"), answer(200));
    writeFileSync(join(me.home, ".aws/config"), `[default]\ncredential_process = cat ${join(me.home, "keys.json")}\n`);
    expect(await me.signIn.check()).toMatchObject({ via: "chain", origin: "process of profile default" });
    writeFileSync(join(me.home, "keys.json"), "");
    expect(await me.signIn.credentials()).toMatchObject({ secretAccessKey: AWS_SECRET_ACCESS_KEY });
    await expect(me.restarted().credentials()).rejects.toMatchObject({ failure: { kind: "signed-out" } });
  });
});
