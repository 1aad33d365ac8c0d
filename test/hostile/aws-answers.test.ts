/** AWS's answers, mutated, through the real SDK's deserialisers: what comes out is a value that can be worked with, or a clear failure. */

import { Readable } from "node:stream";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { EC2Client } from "@aws-sdk/client-ec2";
import { SSOClient } from "@aws-sdk/client-sso";
import { SSOOIDCClient } from "@aws-sdk/client-sso-oidc";
import { STSClient } from "@aws-sdk/client-sts";
import type { NodeHttpHandler } from "@smithy/node-http-handler";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { awsTime } from "../../ops/aws/aws-time.ts";
import { systemClock } from "../../ops/clock.ts";
import { FailureError } from "../../ops/failure.ts";
import { assemble } from "../../ops/fleet/assemble.ts";
import { figuresOf } from "../../ops/fleet/metrics.ts";
import { observe } from "../../ops/fleet/observe.ts";
import { spotWeek } from "../../ops/fleet/spot-prices.ts";
import { allHeadlines } from "../../ops/machine/headlines.ts";
import { signInFailure } from "../../ops/signin/failures.ts";
import { whoAmI } from "../../ops/signin/identity.ts";
import { createToken, registerClient, startAuthorization } from "../../ops/signin/oidc.ts";
import { listAccountRoles, roleCredentials } from "../../ops/signin/portal.ts";
import { statusTable } from "../../ops/status.ts";
import { aFleet, STORY_METRICS } from "../harness/fleets.ts";
import { OWNER } from "../ops/fleet/fixtures.ts";
import { startSimulator } from "../simulator/simulator.ts";
import { CASES, expectClear, expectDrawable, expectShowable, mutated, mutatedText, mutatedXml } from "./generators.ts";

/** An answer as it comes over the wire. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What the next calls are answered with, by a word that stands in the request. */
let answers: ReadonlyMap<string, Answer> = new Map();

const requestHandler = {
  handle: async (request: { path: string; body?: unknown; headers: Record<string, string> }) => {
    const asked = `${request.path} ${request.headers["x-amz-target"] ?? ""} ${String(request.body ?? "")}`;
    const [, answer] = [...answers].find(([word]) => asked.includes(word)) ?? [];
    if (!answer) throw new Error(`nobody answers ${asked}`);
    const body = Readable.from([Buffer.from(answer.body)]);
    return { response: { statusCode: answer.status, reason: "", headers: { "content-type": answer.type }, body } };
  },
  metadata: { handlerProtocol: "http/1.1" },
  destroy: () => {},
  updateHttpClientConfig: () => {},
  httpHandlerConfigs: () => ({}),
};

const options = {
  region: "us-west-1",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  requestHandler: requestHandler as unknown as NodeHttpHandler,
  maxAttempts: 1,
};
const ec2 = new EC2Client(options);
const signal = new AbortController().signal;

/** Whatever it rejects with is clear. */
async function outcome<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    expectClear(error);
    return undefined;
  }
}

const json = (body: unknown, status = 200): Answer => ({
  status,
  type: "application/json",
  body: JSON.stringify(body),
});
const xml = (body: string, status = 200): Answer => ({ status, type: "text/xml;charset=UTF-8", body });

/** The answer, its structure or its letters mutated, now and then with another status. */
function mutatedJson(value: unknown): fc.Arbitrary<Answer> {
  const status = fc.constantFrom(200, 200, 200, 200, 200, 400, 403, 500);
  const body = fc.oneof(
    { weight: 4, arbitrary: mutated(value).map((one) => JSON.stringify(one)) },
    { weight: 1, arbitrary: mutatedText(JSON.stringify(value)) },
  );
  return fc.tuple(body, status).map(([text, code]) => ({ ...json(null, code), body: text }));
}

const LOOKS = ["DescribeInstances", "DescribeSpotInstanceRequests", "DescribeVolumes", "DescribeAddresses"] as const;
const real = new Map<string, string>();

beforeAll(async () => {
  const simulator = await startSimulator();
  try {
    const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "", AWS_SESSION_TOKEN = "" } = simulator.signedInEnv;
    const keys = {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      sessionToken: AWS_SESSION_TOKEN,
    };
    const client = new EC2Client({ region: "us-west-1", endpoint: simulator.url, credentials: keys });
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args);
        const { response } = result as { response: { body: Readable } };
        const chunks = await response.body.toArray();
        const body = Buffer.concat(chunks);
        real.set(String(context.commandName).replace(/Command$/, ""), body.toString());
        response.body = Readable.from([body]);
        return result;
      },
      { step: "deserialize", priority: "low" },
    );
    await observe(client, Date.now);
    client.destroy();
  } finally {
    await simulator.stop();
  }
});
afterAll(() => ec2.destroy());

/** Only the first things of the list: short answers make many cases. */
function shortened(name: string): string {
  const parts = (real.get(name) ?? "").match(/<[^>]*>|[^<]+/g) ?? [];
  const kept: string[] = [];
  let depth = 0;
  let items = 0;
  for (const part of parts) {
    if (part === "<item>" && depth === 2) items += 1;
    if (part.startsWith("</")) depth -= 1;
    const inItem = depth > 2 || part === "<item>" || part === "</item>";
    if (!inItem || items <= 1 || depth < 2) kept.push(part);
    if (/^<\w[^>]*(?<!\/)>$/.test(part)) depth += 1;
  }
  return kept.join("");
}

describe("EC2", () => {
  it("gives a fleet that can be drawn or a clear failure, however an answer is mutated", {
    timeout: 120_000,
  }, async () => {
    expect([...real.keys()].sort()).toEqual([...LOOKS].sort());
    const texts = new Map(LOOKS.map((name) => [name, shortened(name)]));
    const innocent = new Map<string, Answer>(LOOKS.map((name) => [`Action=${name}&`, xml(texts.get(name) ?? "")]));
    const given = fc
      .constantFrom(...LOOKS)
      .chain((name) => mutatedXml(texts.get(name) ?? "").map((body) => ({ name, body })));
    // The three that are not mutated are read once.
    answers = innocent;
    const base = await observe(ec2, () => 1);
    const PARTS = {
      DescribeInstances: "instances",
      DescribeSpotInstanceRequests: "spotRequests",
      DescribeVolumes: "volumes",
      DescribeAddresses: "addresses",
    } as const;
    const EMPTY = { Reservations: [], SpotInstanceRequests: [], Volumes: [], Addresses: [] };
    for (const text of texts.values()) expect(text.length).toBeLessThan(6_000);
    await fc.assert(
      fc.asyncProperty(given, async ({ name, body }) => {
        answers = new Map([[`Action=${name}&`, xml(body)]]);
        const client = {
          send: (command: { constructor: { name: string } }, more: object) =>
            command.constructor.name === `${name}Command` ? ec2.send(command as never, more) : Promise.resolve(EMPTY),
        } as unknown as EC2Client;
        const seen = await outcome(observe(client, () => 1));
        if (!seen) return;
        const part = PARTS[name];
        const fleet = assemble({ ...base, [part]: seen[part] }, OWNER);
        allHeadlines(fleet);
        for (const line of statusTable(fleet, STORY_METRICS, 1).split("\n")) expectDrawable(line);
      }),
      { numRuns: CASES },
    );
  });

  it("fails clearly, however an error is mutated", async () => {
    const error =
      "<Response><Errors><Error><Code>IncorrectState</Code><Message>Unable to detach root volume 'vol-1' from 'i-2'</Message></Error></Errors><RequestID>r</RequestID></Response>";
    const given = fc.tuple(mutatedXml(error), fc.constantFrom(400, 401, 403, 412, 500, 503));
    await fc.assert(
      fc.asyncProperty(given, async ([body, status]) => {
        answers = new Map([["Action=", xml(body, status)]]);
        await outcome(observe(ec2, () => 1));
      }),
      { numRuns: CASES / 4 },
    );
  });
});

describe("the slow figures", () => {
  const fleet = aFleet();

  it("CloudWatch's are numbers or missing", async () => {
    const cloudwatch = new CloudWatchClient(options);
    const value = {
      MetricDataResults: [
        {
          Id: "jumpbox",
          Label: "CPUUtilization",
          StatusCode: "Complete",
          Timestamps: [1768492800, 1768496400],
          Values: [1.5, 99],
        },
        { Id: "fcvm_metal_arm", Timestamps: [], Values: [] },
      ],
      Messages: [],
    };
    const given = mutatedJson(value).map((answer) => ({ ...answer, type: "application/x-amz-json-1.0" }));
    await fc.assert(
      fc.asyncProperty(given, async (answer) => {
        answers = new Map([["/", answer]]);
        const found = await outcome(figuresOf(cloudwatch, fleet, Date.UTC(2026, 0, 15, 17, 40)));
        for (const { maximum } of Object.values(found?.cpu ?? {}).flat())
          expect(Number.isFinite(maximum ?? 0)).toBe(true);
      }),
      { numRuns: CASES },
    );
    cloudwatch.destroy();
  });

  it("spot prices are numbers or missing", async () => {
    const body = `<DescribeSpotPriceHistoryResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><spotPriceHistorySet><item><instanceType>c7gd.metal</instanceType><productDescription>Linux/UNIX</productDescription><spotPrice>1.0432</spotPrice><timestamp>2026-01-15T17:00:00.000Z</timestamp><availabilityZone>us-west-1a</availabilityZone></item></spotPriceHistorySet><nextToken/></DescribeSpotPriceHistoryResponse>`;
    await fc.assert(
      fc.asyncProperty(mutatedXml(body), async (text) => {
        answers = new Map([["Action=", xml(text)]]);
        const prices = await outcome(spotWeek(ec2, fleet, 1));
        for (const price of Object.values(prices?.spotPerHour ?? {})) expect(price).toBeGreaterThan(0);
        for (const price of Object.values(prices?.spotWeek ?? {}).flat()) expect(price).toBeGreaterThan(0);
      }),
      { numRuns: CASES },
    );
  });
});

describe("sign-in", () => {
  const time = awsTime(systemClock);
  const oidc = new SSOOIDCClient(options);
  const portal = new SSOClient(options);
  const registration = { clientId: "c", clientSecret: "s", expiresAt: 1 };
  afterAll(() => {
    oidc.destroy();
    portal.destroy();
  });

  /** As sign-in itself explains it. */
  async function signingIn<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      const failure = signInFailure(error, time);
      expectClear(new FailureError(failure));
      expectShowable(failure);
      return undefined;
    }
  }

  const texts = (...values: readonly unknown[]) => {
    for (const value of values) expect(typeof value).toBe("string");
  };

  it("registers, gets a code and a token, or fails clearly", async () => {
    const REGISTERED = { clientId: "c", clientSecret: "s", clientIdIssuedAt: 1, clientSecretExpiresAt: 1768496400 };
    const CODE = {
      ...{
        deviceCode: "d",
        userCode: "ABCD-EFGH",
        verificationUri: "https://x/",
        verificationUriComplete: "https://x/?c=1",
      },
      ...{ expiresIn: 600, interval: 1 },
    };
    const TOKEN = { accessToken: "a", expiresIn: 28800, refreshToken: "r", tokenType: "Bearer" };
    const ERROR = { error: "authorization_pending", error_description: "wait" };
    const given = fc.oneof(...[REGISTERED, CODE, TOKEN, ERROR].map(mutatedJson));
    await fc.assert(
      fc.asyncProperty(given, async (answer) => {
        answers = new Map([["/", answer]]);
        const registered = await signingIn(registerClient(oidc, [], signal));
        if (registered) {
          texts(registered.clientId, registered.clientSecret);
          expect(Number.isFinite(registered.expiresAt)).toBe(true);
        }
        const code = await signingIn(startAuthorization(oidc, registration, "https://x", time, signal));
        if (code) {
          texts(code.deviceCode, code.userCode, code.url, code.urlComplete);
          expect(code.intervalMs).toBeGreaterThanOrEqual(1_000);
          expect(code.intervalMs).toBeLessThanOrEqual(120_000);
          expect(Math.abs(code.expiresAt - time.now())).toBeLessThanOrEqual(86_400_000);
        }
        const grant = await signingIn(createToken(oidc, registration, { deviceCode: "d" }, time, signal));
        if (!grant) return;
        texts(grant.accessToken, grant.refreshToken ?? "");
        expect(Number.isFinite(grant.expiresAt)).toBe(true);
      }),
      { numRuns: CASES },
    );
  });

  it("finds roles and their credentials, or fails clearly", async () => {
    const ACCOUNTS = {
      accountList: [{ accountId: "123456789012", accountName: "me", emailAddress: "me@example.com" }],
    };
    const ROLES = { roleList: [{ roleName: "Admin", accountId: "123456789012" }] };
    const KEYS = {
      roleCredentials: { accessKeyId: "AKID", secretAccessKey: "s", sessionToken: "t", expiration: 1768496400000 },
    };
    const given = fc.tuple(fc.constantFrom(0, 1, 2), mutatedJson(ACCOUNTS), mutatedJson(ROLES), mutatedJson(KEYS));
    await fc.assert(
      fc.asyncProperty(given, async ([which, accounts, roles, keys]) => {
        answers = new Map([
          ["/assignment/accounts", which === 0 ? accounts : json(ACCOUNTS)],
          ["/assignment/roles", which === 1 ? roles : json(ROLES)],
          ["/federation/credentials", keys],
        ]);
        const found = which === 2 ? [] : await signingIn(listAccountRoles(portal, "token", signal));
        for (const { accountId, accountName, roleName } of found ?? []) {
          texts(accountId, accountName, roleName);
          expectDrawable(accountId + roleName);
        }
        const role = { accountId: "123456789012", roleName: "Admin" };
        const credentials = which === 2 ? await signingIn(roleCredentials(portal, "token", role)) : undefined;
        if (!credentials) return;
        texts(credentials.accessKeyId, credentials.secretAccessKey, credentials.sessionToken ?? "");
        expect(Number.isFinite(credentials.expiration.getTime())).toBe(true);
      }),
      { numRuns: CASES },
    );
  });

  it("knows who we are, or fails clearly", async () => {
    const body = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/me</Arn><UserId>x:me</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;
    const sts = new STSClient(options);
    const nowhere = () => Promise.reject(new Error("not asked"));
    const clients = {
      oidc: nowhere,
      portal: nowhere,
      oneEndpoint: true,
      sts: async () => Object.assign(Object.create(sts), { destroy: () => {} }),
    };
    await fc.assert(
      fc.asyncProperty(mutatedXml(body), async (text) => {
        answers = new Map([["Action=", xml(text)]]);
        const identity = await signingIn(whoAmI(clients, { accessKeyId: "a", secretAccessKey: "b" }));
        if (!identity) return;
        texts(identity.account, identity.arn, identity.role);
      }),
      { numRuns: CASES },
    );
    sts.destroy();
  });
});
