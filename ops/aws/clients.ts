/** This folder: AWS clients, one sign-in for all who wait, errors as sentences. Not here: what AWS is asked, and why. */
/** The EC2 and CloudWatch clients: loaded when first needed, short of patience, made anew after every sign-in. */

import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { NodeHttpHandler as Handler } from "@smithy/node-http-handler";
import type { Clock } from "../clock.ts";
import { type Environment, REGION } from "../environment.ts";
import { FailureError } from "../failure.ts";
import type { SignIn } from "../signin/types.ts";
import { type AwsTime, awsTime } from "./aws-time.ts";
import { bounded } from "./bounded.ts";
import { endpointIn, type Service } from "./endpoint.ts";
import { WEB_PAGE_ANSWER } from "./errors.ts";
import { agentsFor } from "./transport.ts";

export interface AwsClients {
  /** For looking: one repetition, 100 ms or so later, where the first attempt failed for the weather. */
  readonly ec2: () => Promise<EC2Client>;
  /**
   * For what changes the world: one attempt. Attach and detach are not idempotent, and an answer that was lost says
   * nothing: whoever acts looks again before acting again.
   */
  readonly acting: { readonly ec2: () => Promise<EC2Client> };
  readonly cloudwatch: () => Promise<CloudWatchClient>;
  /** AWS's time and how far the local clock is from it, learned from every answer. */
  readonly time: AwsTime;
  /** Closes the connections that are kept alive. */
  readonly stop: () => void;
}

/** Milliseconds to connect and to an answer: together with two attempts never more than about 22 s of silence. */
const CONNECT_MS = 3_000;
const ANSWER_MS = 8_000;
const LOOKING_ATTEMPTS = 2;

interface Made {
  readonly generation: number;
  readonly looking: EC2Client;
  readonly acting: EC2Client;
  readonly cloudwatch: () => Promise<CloudWatchClient>;
  readonly close: () => void;
}

export function createAwsClients(environment: Environment, clock: Clock, signIn: SignIn): AwsClients {
  const time = awsTime(clock);
  let making: Promise<Made> | undefined;
  let made: Made | undefined;

  const make = async (generation: number): Promise<Made> => {
    const [{ EC2Client }, { NodeHttpHandler }, agents] = await Promise.all([
      import("./ec2-sdk.ts"),
      import("@smithy/node-http-handler"),
      agentsFor(environment),
    ]);
    class ListeningHandler extends NodeHttpHandler {
      override async handle(...request: Parameters<Handler["handle"]>) {
        const answer = await super.handle(...request);
        time.learn(answer.response.headers.date);
        if (/^text\/html\b/i.test(answer.response.headers["content-type"] ?? "") && answer.response.statusCode < 500) {
          answer.response.body?.destroy?.();
          throw new FailureError(WEB_PAGE_ANSWER);
        }
        if (answer.response.body) answer.response.body = bounded(answer.response.body, ANSWER_MS);
        return answer;
      }
    }
    const handler = new ListeningHandler({
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      socketTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
      ...agents,
    });
    const options = (service: Service, maxAttempts: number) => ({
      region: REGION,
      ...endpointIn(environment, service),
      maxAttempts,
      retryMode: "standard" as const,
      requestHandler: handler,
      systemClockOffset: time.offset(),
      // SignIn keeps and refreshes them; the SDK asks again each time it sees a past expiry, and so never holds stale ones.
      credentials: async () => ({ ...(await signIn.credentials()), expiration: new Date(0) }),
    });
    let cloudwatch: Promise<CloudWatchClient> | undefined;
    return {
      generation,
      looking: new EC2Client(options("EC2", LOOKING_ATTEMPTS)),
      acting: new EC2Client(options("EC2", 1)),
      cloudwatch: () => {
        cloudwatch ??= import("@aws-sdk/client-cloudwatch").then(
          ({ CloudWatchClient }) => new CloudWatchClient(options("CLOUDWATCH", LOOKING_ATTEMPTS)),
        );
        return cloudwatch;
      },
      close: () => handler.destroy(),
    };
  };

  const clients = async (): Promise<Made> => {
    const generation = generationOf(signIn);
    if (made?.generation === generation) return made;
    making ??= make(generation).finally(() => {
      making = undefined;
    });
    const next = await making;
    if (made !== next) {
      made?.close();
      made = next;
    }
    return next;
  };

  return {
    ec2: async () => (await clients()).looking,
    acting: { ec2: async () => (await clients()).acting },
    cloudwatch: async () => (await clients()).cloudwatch(),
    time,
    stop: () => {
      made?.close();
      made = undefined;
    },
  };
}

/** Which sign-in this is; 0 while there is none. */
export function generationOf(signIn: SignIn): number {
  const state = signIn.get();
  return state.status === "signed-in" ? state.generation : 0;
}
