import { SSOOIDCClient } from "@aws-sdk/client-sso-oidc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { awsTime } from "../../../ops/aws/aws-time.ts";
import { systemClock } from "../../../ops/clock.ts";
import { environmentFrom } from "../../../ops/environment.ts";
import { signInClients } from "../../../ops/signin/clients.ts";
import { beginAnywhere, checkStartUrl, tidyStartUrl } from "../../../ops/signin/start-url.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { START_URL } from "./someone.ts";

describe("what a person types", () => {
  it.each([
    ["", /^Type the start URL/],
    ["my company", "That is not a URL: it begins with https://."],
    ["http://d-1.awsapps.com/start", "A start URL begins with https://."],
    ["https://us-east-1.console.aws.amazon.com/singlesignon", /^That is the console/],
  ])("%j gets a sentence", (text, sentence) => {
    expect(checkStartUrl(text)).toMatch(sentence);
  });
  it.each([
    ["  https://d-1.awsapps.com/start/#/?tab=accounts ", "https://d-1.awsapps.com/start"],
    ["https://ssoins-1.portal.eu-west-1.app.aws/", "https://ssoins-1.portal.eu-west-1.app.aws"],
  ])("%j is taken as AWS's tools write it", (text, tidy) => {
    expect(checkStartUrl(text)).toBeUndefined();
    expect(tidyStartUrl(text)).toBe(tidy);
  });
});

describe("the region of the instance", () => {
  let home: Simulator;
  let elsewhere: Simulator;
  beforeEach(async () => {
    home = await startSimulator();
    elsewhere = await startSimulator({ sso: { startUrl: "https://somebody-else.awsapps.com/start" } });
  });
  afterEach(() => Promise.all([home.stop(), elsewhere.stop()]));

  const time = awsTime(systemClock);
  const begin = (startUrl: string, region: string) => {
    const asked: string[] = [];
    const clients = {
      ...signInClients(environmentFrom({}), time),
      oneEndpoint: false,
      oidc: async (where: string) => {
        asked.push(where);
        return new SSOOIDCClient({ region: where, endpoint: (where === region ? home : elsewhere).url });
      },
    };
    return beginAnywhere(clients, startUrl, time, new AbortController().signal).then((begun) => ({ begun, asked }));
  };

  it("is ours where it is ours", async () => {
    const { begun, asked } = await begin(START_URL, "us-west-1");
    expect(begun?.ssoRegion).toBe("us-west-1");
    expect(asked).toEqual(["us-west-1"]);
  });
  it("is found where it is another one", async () => {
    expect((await begin(START_URL, "eu-central-1")).begun?.ssoRegion).toBe("eu-central-1");
    expect(home.sso.pending()).toHaveLength(1);
  });
  it("is the one that the URL names", async () => {
    const url = "https://ssoins-1.portal.eu-west-1.app.aws";
    home.sso.set({ startUrl: url });
    expect((await begin(url, "eu-west-1")).asked).toEqual(["eu-west-1"]);
  });
  it("is nowhere for a URL that AWS does not know", async () => {
    expect((await begin("https://nobody.awsapps.com/start", "us-west-1")).begun).toBeUndefined();
  });
});
