/** The one thing that a person must know the first time: the start URL; and in which region its instance lives. */

import type { AwsTime } from "../aws/aws-time.ts";
import { REGION } from "../environment.ts";
import { FailureError } from "../failure.ts";
import type { Registration } from "./cache.ts";
import type { SignInClients } from "./clients.ts";
import { SCOPES } from "./config.ts";
import { codeOf } from "./failures.ts";
import { type Authorization, registerClient, startAuthorization } from "./oidc.ts";

/** A sign-in that has begun: the code is out. */
export interface Begun {
  readonly ssoRegion: string;
  readonly registration: Registration;
  readonly authorization: Authorization;
}

/**
 * The regions where an account may have its Identity Center without opting in, ours first. The instance's home is the
 * owner's choice of long ago, and OIDC knows a start URL only there (it answers InvalidRequestException elsewhere).
 */
const REGIONS: readonly string[] = [
  REGION,
  ...["us-east-1", "us-west-2", "us-east-2", "ca-central-1", "sa-east-1"],
  ...["eu-west-1", "eu-central-1", "eu-west-2", "eu-west-3", "eu-north-1"],
  ...["ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-2", "ap-northeast-3", "ap-south-1"],
];

/** A sentence where `text` cannot be a start URL; the question's check. */
export function checkStartUrl(text: string): string | undefined {
  const given = text.trim();
  if (given === "") return "Type the start URL; AWS mailed it with the invitation to IAM Identity Center.";
  if (/[\s\p{Cc}]/u.test(given) || !URL.canParse(given)) return "That is not a URL: it begins with https://.";
  const { protocol, hostname } = new URL(given);
  if (protocol !== "https:") return "A start URL begins with https://.";
  if (/(^|\.)(console|signin)\.aws\.amazon\.com$/.test(hostname))
    return "That is the console; the start URL is the one of the AWS access portal, such as https://….awsapps.com/start.";
  return undefined;
}

/** As AWS's tools write it: without the `#/` and the slash that a browser leaves at its end. */
export function tidyStartUrl(text: string): string {
  return text
    .trim()
    .replace(/[?#].*$/, "")
    .replace(/\/+$/, "");
}

/** Verifies a start URL by beginning a sign-in with it. Undefined: AWS knows no such start URL. */
export async function beginAnywhere(
  clients: SignInClients,
  startUrl: string,
  time: AwsTime,
  signal: AbortSignal,
): Promise<Begun | undefined> {
  const named = /\.portal\.([a-z0-9-]+)\.app\.aws$/.exec(new URL(startUrl).hostname)?.[1];
  const [first = REGION, ...others] = named ? [named] : REGIONS;
  const found = await beginIn(clients, startUrl, first, time, signal);
  if (found || clients.oneEndpoint) return found;
  const attempts = others.map(async (region) => {
    const begun = await beginIn(clients, startUrl, region, time, signal);
    if (!begun) throw new FailureError({ kind: "missing", sentence: "Not in this region." });
    return begun;
  });
  try {
    return await Promise.any(attempts);
  } catch {
    // Our own region answered that it does not know the URL; what single others failed with is of no more use.
    if (signal.aborted) throw signal.reason;
    return undefined;
  }
}

async function beginIn(
  clients: SignInClients,
  startUrl: string,
  ssoRegion: string,
  time: AwsTime,
  signal: AbortSignal,
): Promise<Begun | undefined> {
  const oidc = await clients.oidc(ssoRegion);
  const registration = await registerClient(oidc, SCOPES, signal);
  try {
    return {
      ssoRegion,
      registration,
      authorization: await startAuthorization(oidc, registration, startUrl, time, signal),
    };
  } catch (error) {
    if (codeOf(error) === "InvalidRequestException") return undefined;
    throw error;
  }
}
