/** Waits for the person's approval: polls as aws.md says, and takes a new code when one runs out. */

import type { SSOOIDCClient } from "@aws-sdk/client-sso-oidc";
import type { AwsTime } from "../aws/aws-time.ts";
import { SIGN_IN_ACTION } from "../aws/errors.ts";
import type { Clock } from "../clock.ts";
import { FailureError, isTransient } from "../failure.ts";
import type { DevicePrompt } from "../operation/types.ts";
import type { Registration } from "./cache.ts";
import { codeOf, signInFailure } from "./failures.ts";
import { type Authorization, createToken, type Grant, startAuthorization } from "./oidc.ts";

interface DeviceFlow {
  readonly oidc: SSOOIDCClient;
  readonly registration: Registration;
  readonly startUrl: string;
  /** The authorization that is already under way. */
  readonly first: Authorization;
  readonly clock: Clock;
  readonly time: AwsTime;
  readonly show: (prompt: DevicePrompt) => void;
  /** What every prompt says while there is nothing more pressing. */
  readonly note: string | undefined;
  readonly signal: AbortSignal;
}

/** About an hour of codes that live ten minutes: then nobody is there. */
const MOST_CODES = 6;
const SLOWER_MS = 5_000;

/**
 * Resolves with the token once the person has approved. Throws a FailureError when it was denied, when nobody came,
 * or when AWS cannot be reached for as long as a code lives; the signal's reason when it aborts.
 */
export async function awaitApproval(flow: DeviceFlow): Promise<Grant> {
  let authorization = flow.first;
  for (let codes = 1; ; codes += 1) {
    const grant = await pollUntilExpired(flow, authorization, codes === 1 ? flow.note : "The last code ran out.");
    if (grant) return grant;
    if (codes === MOST_CODES) {
      throw new FailureError({ kind: "signed-out", sentence: "Nobody approved the sign-in.", action: SIGN_IN_ACTION });
    }
    authorization = await startAuthorization(flow.oidc, flow.registration, flow.startUrl, flow.time, flow.signal);
  }
}

/** Undefined: the code is of no use any more. */
async function pollUntilExpired(
  flow: DeviceFlow,
  authorization: Authorization,
  usualNote: string | undefined,
): Promise<Grant | undefined> {
  const { clock, time, signal } = flow;
  const { deviceCode, userCode, url, urlComplete, expiresAt } = authorization;
  let shown: string | undefined;
  const show = (note: string | undefined) => {
    shown = note;
    flow.show({ userCode, url, urlComplete, expiresAt, ...(note === undefined ? {} : { note }) });
  };
  show(usualNote);
  let interval = authorization.intervalMs;
  for (;;) {
    await clock.sleep(interval, signal);
    try {
      return await createToken(flow.oidc, flow.registration, { deviceCode }, time, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const note = afterPoll(error, time, clock.now() >= expiresAt);
      if (note === "expired") return undefined;
      if (note === "slower") interval += SLOWER_MS;
      const text = NOTES[note] ?? usualNote;
      if (text !== shown) show(text);
    }
  }
}

type Poll = "pending" | "slower" | "weather" | "expired";

const NOTES: Readonly<Partial<Record<Poll, string>>> = {
  slower: "AWS asked us to poll more slowly.",
  weather: "AWS does not answer just now; still trying.",
};

/** What an unsuccessful poll means; throws a FailureError where waiting on is of no use. */
function afterPoll(error: unknown, time: AwsTime, overdue: boolean): Poll {
  switch (codeOf(error)) {
    case "AuthorizationPendingException":
      return "pending";
    case "SlowDownException":
      return "slower";
    // InvalidGrant: used up by a poll whose answer was lost on its way.
    case "ExpiredTokenException":
    case "InvalidGrantException":
      return "expired";
    case "AccessDeniedException":
      throw new FailureError({
        kind: "refused",
        sentence: "The sign-in was denied in the browser.",
        action: "Sign in again and approve the code, if it was you who started it.",
        code: "AccessDeniedException",
      });
    default: {
      const failure = signInFailure(error, time);
      if (!isTransient(failure) || overdue) throw new FailureError(failure, { cause: error });
      return failure.kind === "throttled" ? "slower" : "weather";
    }
  }
}
