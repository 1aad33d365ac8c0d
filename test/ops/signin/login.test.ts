import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { START_URL, someone } from "./someone.ts";

const TWO = [
  { id: "111111111111", name: "one", roles: ["Reader", "AdministratorAccess"] },
  { id: "222222222222", name: "two", roles: ["Reader"] },
];
const run = promisify(execFile);
const hasAws = await run("aws", ["--version"]).then(
  () => true,
  () => false,
);

describe("the first time", () => {
  it("asks for the start URL once, takes the only role, and is signed in", async () => {
    await using me = await someone();
    expect(await me.signIn.check()).toMatchObject({ status: "signed-out", failure: { kind: "signed-out" } });
    const login = await me.login();
    expect(login.outcome).toEqual({
      status: "done",
      sentence: "Now signed in as AdministratorAccess in account 123456789012.",
    });
    expect(login.asked).toEqual(["Start URL of your AWS access portal"]);
    expect(login.state.steps.map(({ state }) => state)).toEqual(Array(login.state.steps.length).fill("done"));
    expect(login.prompts[0]).toMatchObject({
      url: `${me.simulator.url}/device`,
      urlComplete: expect.stringMatching(/\/device\?user_code=[A-Z]{4}-[A-Z]{4}$/),
    });
    expect(login.state.deviceCode).toBeUndefined();
    expect(me.signIn.get()).toMatchObject({
      status: "signed-in",
      via: "session",
      generation: 1,
      identity: { account: "123456789012", role: "AdministratorAccess", region: "us-west-1" },
    });
    expect(await me.signIn.credentials()).toMatchObject({ accessKeyId: expect.stringMatching(/^ASIA/) });
    const cache = join(me.home, ".aws/sso/cache");
    for (const name of readdirSync(cache)) expect(statSync(join(cache, name)).mode & 0o777).toBe(0o600);
  });

  it("needs nothing at all after a restart, nor when it is asked again", async () => {
    await using me = await someone();
    await me.login();
    const again = me.restarted();
    expect(await again.check()).toMatchObject({ status: "signed-in" });
    me.calls();
    const login = await me.login({ signIn: again });
    expect(login.outcome).toMatchObject({ status: "nothing-to-do" });
    expect(me.calls()).toEqual(["GetCallerIdentity"]);
  });

  it.skipIf(!hasAws)("signs the AWS CLI in too, which renews from the same cache", async () => {
    await using me = await someone();
    await me.login();
    const env = { PATH: process.env.PATH, HOME: me.home, AWS_ENDPOINT_URL: me.simulator.url };
    // Version managers find their tools in the real home.
    const managers = Object.entries(process.env).filter(([name]) => /^(PYENV|ASDF|MISE)_/.test(name));
    const whoAmI = () =>
      run("aws", ["sts", "get-caller-identity"], { env: { ...Object.fromEntries(managers), ...env } });
    expect(JSON.parse((await whoAmI()).stdout)).toMatchObject({ Account: "123456789012" });
    me.simulator.sso.expireTokens();
    const cache = join(me.home, ".aws/sso/cache");
    const file = join(cache, readdirSync(cache)[0] ?? "");
    writeFileSync(
      file,
      JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), expiresAt: "2026-01-01T00:00:00Z" }),
    );
    me.calls();
    expect(JSON.parse((await whoAmI()).stdout)).toMatchObject({ Account: "123456789012" });
    expect(me.calls()).toEqual(["CreateToken", "GetRoleCredentials", "GetCallerIdentity"]);
    // And what the CLI wrote is good for us.
    expect(await me.restarted().check()).toMatchObject({ status: "signed-in" });
  });

  it("lets the person choose once among several roles", async () => {
    await using me = await someone({ sso: { accounts: TWO, pageSize: 1 } });
    const login = await me.login({ answers: [START_URL, "111111111111/AdministratorAccess"] });
    expect(login.asked).toHaveLength(2);
    const question = login.events.flatMap((event) => (event.type === "question" ? [event.question] : []))[1];
    expect(question).toMatchObject({
      kind: "choose",
      choices: [
        { label: "Reader", detail: "one (111111111111)" },
        { label: "AdministratorAccess" },
        { label: "Reader", detail: "two (222222222222)" },
      ],
    });
    expect(await me.file(".aws/config")).toContain(
      "sso_account_id = 111111111111\nsso_role_name = AdministratorAccess",
    );
    expect(me.signIn.get()).toMatchObject({ status: "signed-in", identity: { role: "AdministratorAccess" } });
  });

  it("asks again for a start URL that AWS does not know, and tidies the one it does", async () => {
    await using me = await someone();
    const login = await me.login({ answers: ["https://other.awsapps.com/start", `${START_URL}/#/`] });
    expect(login.outcome.status).toBe("done");
    expect(login.events).toContainEqual(
      expect.objectContaining({
        type: "question",
        question: expect.objectContaining({
          lines: expect.arrayContaining(["AWS knows no start URL https://other.awsapps.com/start."]),
        }),
      }),
    );
    expect(await me.file(".aws/config")).toContain(`sso_start_url = ${START_URL}\n`);
  });

  it.each([
    ["no start URL", [undefined], {}],
    ["no role", [START_URL, undefined], { accounts: TWO }],
  ])("writes nothing when the person gives %s", async (_what, answers, sso) => {
    await using me = await someone({ sso });
    expect((await me.login({ answers })).outcome.status).toBe("cancelled");
    expect(existsSync(join(me.home, ".aws"))).toBe(false);
    expect(me.signIn.get()).toMatchObject({ status: "signed-out" });
  });

  it("says so when nothing is assigned to the person", async () => {
    await using me = await someone({ sso: { accounts: [] } });
    expect((await me.login()).outcome).toMatchObject({ status: "failed", failure: { kind: "refused" } });
  });

  it("leaves a config file with a syntax error alone, and says where it is", async () => {
    await using me = await someone();
    mkdirSync(join(me.home, ".aws"));
    writeFileSync(join(me.home, ".aws/config"), "[default]\noops\n");
    const { outcome } = await me.login();
    expect(outcome).toMatchObject({
      status: "failed",
      failure: { kind: "malformed", sentence: expect.stringContaining("~/.aws/config, line 2") },
    });
    expect(await me.file(".aws/config")).toBe("[default]\noops\n");
    expect(me.signIn.get()).toMatchObject({ status: "signed-out", failure: { kind: "malformed" } });
  });
});

describe("waiting for the approval", () => {
  it("slows down when AWS asks for it, says so, and goes on", async () => {
    await using me = await someone({ sso: { slowDowns: 2 } });
    const sleeps: number[] = [];
    const sleep = me.clock.sleep;
    Object.assign(me.clock, { sleep: (ms: number, signal?: AbortSignal) => sleep(sleeps.push(ms) && ms, signal) });
    const login = await me.login();
    expect(login.outcome.status).toBe("done");
    expect(sleeps.slice(0, 3)).toEqual([1_000, 6_000, 11_000]);
    expect(login.prompts.map(({ note }) => note)).toContain("AWS asked us to poll more slowly.");
  });

  it("takes a new code when one runs out", async () => {
    await using me = await someone({ sso: { autoApproveMs: null } });
    const login = await me.login({
      during: (event) => {
        if (event.type !== "device-code" || !event.prompt) return;
        if (event.prompt.note === undefined) me.simulator.sso.expireCodes();
        else me.simulator.sso.decide("approved");
      },
    });
    expect(login.outcome.status).toBe("done");
    expect(new Set(login.prompts.map(({ userCode }) => userCode)).size).toBe(2);
    expect(login.prompts[1]?.note).toBe("The last code ran out.");
  });

  it("gives up when nobody comes for an hour of codes", async () => {
    await using me = await someone({ sso: { autoApproveMs: null } });
    const login = await me.login({ during: (event) => event.type === "device-code" && me.simulator.sso.expireCodes() });
    expect(login.outcome).toMatchObject({ status: "failed", failure: { sentence: "Nobody approved the sign-in." } });
    expect(login.prompts).toHaveLength(6);
    expect(existsSync(join(me.home, ".aws"))).toBe(false);
  });

  it("ends with a sentence when the code is denied", async () => {
    await using me = await someone({ sso: { autoApproveMs: null } });
    const login = await me.login({
      during: (event) => event.type === "device-code" && me.simulator.sso.decide("denied"),
    });
    expect(login.outcome).toMatchObject({
      status: "failed",
      failure: { kind: "refused", sentence: "The sign-in was denied in the browser." },
    });
  });

  it.each(["drop-before", "html", "server-error", "truncate", "malformed"] as const)(
    "goes on when the network fails it (%s)",
    async (kind) => {
      await using me = await someone();
      me.simulator.faults.add({ kind, operation: "CreateToken", count: 4 });
      const login = await me.login();
      expect(login.outcome.status).toBe("done");
      expect(login.prompts.map(({ note }) => note)).toContain("AWS does not answer just now; still trying.");
    },
  );

  it("starts over when the answer with the token was lost", async () => {
    await using me = await someone();
    me.simulator.faults.add({ kind: "drop-after", operation: "CreateToken", count: 1 });
    const login = await me.login();
    expect(login.outcome.status).toBe("done");
    expect(new Set(login.prompts.map(({ userCode }) => userCode)).size).toBe(2);
  });

  it("is cancelled at once, and leaves nothing behind", async () => {
    await using me = await someone({ sso: { autoApproveMs: null, intervalSeconds: 3_600 } });
    const login = await me.login({ during: (event, running) => event.type === "device-code" && running.cancel() });
    expect(login.outcome.status).toBe("cancelled");
    expect(login.state.deviceCode).toBeUndefined();
    expect(existsSync(join(me.home, ".aws"))).toBe(false);
  });

  it("works by the page in a browser, without a script", async () => {
    await using me = await someone({ sso: { autoApproveMs: null } });
    const login = await me.login({
      during: (event) => {
        if (event.type === "device-code" && event.prompt) void approveByForm(event.prompt.urlComplete);
      },
    });
    expect(login.outcome.status).toBe("done");
  });
});

describe("the second time", () => {
  it("is one code and no question, with the registration of before", async () => {
    await using me = await someone({ sso: { refreshTokens: false } });
    await me.login();
    me.simulator.sso.revokeSessions();
    const again = me.restarted();
    expect(await again.check()).toMatchObject({ status: "signed-out" });
    me.calls();
    const login = await me.login({ signIn: again });
    expect(login.outcome.status).toBe("done");
    expect(login.asked).toEqual([]);
    const calls = me.calls();
    expect(calls).toContain("StartDeviceAuthorization");
    expect(calls).not.toContain("RegisterClient");
    expect(calls).not.toContain("ListAccounts");
    expect(again.get()).toMatchObject({ status: "signed-in", generation: 1 });
  });

  it("registers anew where AWS has forgotten the client", async () => {
    await using me = await someone({ sso: { refreshTokens: false } });
    await me.login();
    me.simulator.sso.revokeSessions();
    const cache = join(me.home, ".aws/sso/cache");
    const file = join(cache, readdirSync(cache)[0] ?? "");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), clientId: "of-another-tool" }));
    me.calls();
    const login = await me.login({ signIn: me.restarted() });
    expect(login.outcome.status).toBe("done");
    expect(me.calls()).toContain("RegisterClient");
  });

  it("says what to correct where AWS does not know the start URL any more", async () => {
    await using me = await someone({ sso: { refreshTokens: false } });
    await me.login();
    me.simulator.sso.revokeSessions();
    me.simulator.sso.set({ startUrl: "https://moved.awsapps.com/start" });
    expect((await me.login({ signIn: me.restarted() })).outcome).toMatchObject({
      status: "failed",
      failure: { kind: "missing", action: expect.stringContaining("[sso-session snowglobe]") },
    });
  });

  it("says that the role is gone, and nothing is lost", async () => {
    await using me = await someone();
    await me.login();
    me.simulator.sso.set({ accounts: TWO });
    const before = await me.file(".aws/config");
    const login = await me.login({ signIn: me.restarted() });
    expect(login.outcome).toMatchObject({
      status: "failed",
      failure: { kind: "refused", sentence: expect.stringContaining("AdministratorAccess in account 123456789012") },
    });
    expect(await me.file(".aws/config")).toBe(before);
  });
});

describe("where another sign-in goes first", () => {
  it("says that the keys in the environment are refused", async () => {
    await using me = await someone({ env: { AWS_ACCESS_KEY_ID: "ASIAWRONG", AWS_SECRET_ACCESS_KEY: "wrong" } });
    expect((await me.login()).outcome).toMatchObject({
      status: "blocked",
      sentence: expect.stringContaining("AWS_ACCESS_KEY_ID"),
    });
  });
  it("says that AWS_PROFILE names a profile of another kind", async () => {
    await using me = await someone({ env: { AWS_PROFILE: "robot" } });
    mkdirSync(join(me.home, ".aws"));
    writeFileSync(join(me.home, ".aws/config"), "[profile robot]\nregion = us-west-1\n");
    expect((await me.login()).outcome).toMatchObject({
      status: "blocked",
      sentence: expect.stringContaining("robot"),
    });
  });
});

/** Reads the page as a browser would, and posts the form that it finds there. */
async function approveByForm(url: string): Promise<void> {
  const page = await (await fetch(url)).text();
  const fields = new URLSearchParams();
  const hidden = /<input type="hidden" name="(\w+)" value="([^"]+)">/.exec(page);
  if (hidden?.[1] && hidden[2]) fields.set(hidden[1], hidden[2]);
  const button = /<button name="(\w+)" value="(\w+)">Approve/.exec(page);
  if (button?.[1] && button[2]) fields.set(button[1], button[2]);
  await fetch(new URL(/action="([^"]+)"/.exec(page)?.[1] ?? "", url), { method: "POST", body: fields });
}
