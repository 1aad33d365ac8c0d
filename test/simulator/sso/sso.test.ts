import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../simulator.ts";
import { DEFAULT_SETTINGS } from "./sso.ts";

let sim: Simulator;
beforeEach(async () => {
  sim = await startSimulator();
});
afterEach(() => sim.stop());

async function post(path: string, body: unknown) {
  const response = await fetch(`${sim.url}${path}`, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, type: response.headers.get("x-amzn-errortype"), body: await response.json() };
}
async function get(path: string, token: string) {
  const response = await fetch(`${sim.url}${path}`, { headers: { "x-amz-sso_bearer_token": token } });
  return { status: response.status, type: response.headers.get("x-amzn-errortype"), body: await response.json() };
}
const registered = async (scopes?: string[]) => {
  const { body } = await post("/client/register", { clientName: "test", clientType: "public", scopes });
  return { clientId: body.clientId as string, clientSecret: body.clientSecret as string };
};
const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
async function started(scopes = ["sso:account:access"]) {
  const client = await registered(scopes);
  const { body } = await post("/device_authorization", { ...client, startUrl: DEFAULT_SETTINGS.startUrl });
  return {
    client,
    code: body,
    poll: () => post("/token", { ...client, grantType: DEVICE, deviceCode: body.deviceCode }),
  };
}

describe("OIDC", () => {
  it("answers as the API model says", async () => {
    const { body } = await post("/client/register", { clientName: "test", clientType: "public" });
    expect(body.clientSecretExpiresAt - body.clientIdIssuedAt).toBe(DEFAULT_SETTINGS.registrationSeconds);
    const { code, poll } = await started();
    expect(code).toMatchObject({
      userCode: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
      verificationUri: `${sim.url}/device`,
      verificationUriComplete: `${sim.url}/device?user_code=${code.userCode}`,
      expiresIn: 600,
      interval: 1,
    });
    sim.sso.decide("approved", code.userCode);
    expect(await poll()).toMatchObject({
      status: 200,
      body: { tokenType: "Bearer", expiresIn: 28_800, accessToken: /./, refreshToken: /./ },
    });
  });

  it("refuses with the codes that clients wait for", async () => {
    const { poll } = await started();
    expect(await poll()).toEqual({
      status: 400,
      type: expect.stringMatching(/^AuthorizationPendingException:/),
      body: { error: "authorization_pending", error_description: expect.any(String) },
    });
    sim.sso.set({ slowDowns: 1 });
    expect(await poll()).toMatchObject({ status: 400, body: { error: "slow_down" } });
    sim.sso.decide("denied");
    expect(await poll()).toMatchObject({ status: 400, body: { error: "access_denied" } });
    const { poll: late } = await started();
    sim.sso.expireCodes();
    expect(await late()).toMatchObject({ status: 400, body: { error: "expired_token" } });
    expect(
      await post("/token", { clientId: "x", clientSecret: "y", grantType: DEVICE, deviceCode: "z" }),
    ).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    const client = await registered();
    expect(await post("/device_authorization", { ...client, startUrl: "https://x/start" })).toMatchObject({
      status: 400,
      body: { error: "invalid_request" },
    });
    expect(await post("/token", { ...client, grantType: "magic" })).toMatchObject({
      body: { error: "unsupported_grant_type" },
    });
  });

  it("gives a token once, and a refresh token only where the scope asks for it; that one rotates", async () => {
    const plain = await started([]);
    sim.sso.decide("approved");
    expect((await plain.poll()).body).not.toHaveProperty("refreshToken");
    expect(await plain.poll()).toMatchObject({ body: { error: "invalid_grant" } });
    const { client, poll } = await started();
    sim.sso.decide("approved");
    const { refreshToken } = (await poll()).body;
    const refresh = () => post("/token", { ...client, grantType: "refresh_token", refreshToken });
    expect((await refresh()).body.refreshToken).not.toBe(refreshToken);
    expect(await refresh()).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });
});

describe("the portal", () => {
  const token = async () => {
    const { poll } = await started();
    sim.sso.decide("approved");
    return (await poll()).body.accessToken as string;
  };

  it("pages through accounts and roles, and gives keys that STS knows", async () => {
    sim.sso.set({
      pageSize: 1,
      accounts: [
        { id: "1", name: "a", roles: ["x", "y"] },
        { id: "2", name: "b", roles: [] },
      ],
    });
    const bearer = await token();
    const first = await get("/assignment/accounts", bearer);
    expect(first.body).toMatchObject({ accountList: [{ accountId: "1", accountName: "a" }], nextToken: "1" });
    const second = await get("/assignment/accounts?next_token=1", bearer);
    expect(second.body.accountList[0].accountId).toBe("2");
    expect(second.body).not.toHaveProperty("nextToken");
    expect((await get("/assignment/roles?account_id=1", bearer)).body.roleList).toEqual([
      { roleName: "x", accountId: "1" },
    ]);
    const keys = (await get("/federation/credentials?account_id=1&role_name=y", bearer)).body.roleCredentials;
    expect(sim.credentials.look(keys.accessKeyId)).toBe("good");
    expect(sim.credentials.roleOf(keys.accessKeyId)).toBe("y");
    expect(await get("/federation/credentials?account_id=2&role_name=y", bearer)).toMatchObject({
      status: 403,
      type: "ForbiddenException",
    });
  });

  it("is closed after the end, a revocation and a logout", async () => {
    const gone = { status: 401, type: "UnauthorizedException" };
    expect(await get("/assignment/accounts", "nonsense")).toMatchObject(gone);
    for (const end of [
      () => sim.sso.expireTokens(),
      () => sim.sso.revokeSessions(),
      (bearer: string) =>
        fetch(`${sim.url}/logout`, { method: "POST", headers: { "x-amz-sso_bearer_token": bearer } }).then(() => {}),
      () => sim.clock.advance(9 * 3_600_000),
    ]) {
      const bearer = await token();
      expect(await get("/assignment/accounts", bearer)).toMatchObject({ status: 200 });
      await end(bearer);
      expect(await get("/assignment/accounts", bearer)).toMatchObject(gone);
    }
  });
});

describe("the page", () => {
  it("asks for a code where there is none, escapes what it is given, and denies too", async () => {
    expect(await (await fetch(`${sim.url}/device`)).text()).toContain('name="user_code"');
    const odd = await fetch(`${sim.url}/device?user_code=${encodeURIComponent("<script>")}`);
    expect(odd.status).toBe(404);
    expect(await odd.text()).not.toContain("<script>");
    const { code, poll } = await started();
    const form = new URLSearchParams({ user_code: code.userCode.toLowerCase(), decision: "deny" });
    expect((await fetch(`${sim.url}/device`, { method: "POST", body: form })).status).toBe(200);
    expect(await poll()).toMatchObject({ body: { error: "access_denied" } });
    expect((await fetch(`${sim.url}/device`, { method: "POST", body: form })).status).toBe(400);
  });
});

it("is controlled from another process", async () => {
  const { code, poll } = await started();
  expect(await post("/_sim/sso", { tokenSeconds: 60 })).toMatchObject({
    status: 200,
    body: { settings: { tokenSeconds: 60 }, pending: [code.userCode] },
  });
  await post("/_sim/sso", { approve: code.userCode });
  expect((await poll()).body.expiresIn).toBe(60);
  expect((await fetch(`${sim.url}/_sim/sso`, { method: "POST", body: "{" })).status).toBe(400);
});
