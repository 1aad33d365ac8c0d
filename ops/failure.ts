import { redactLine } from "./aws/redact.ts";

/**
 * What went wrong, by what can be done about it.
 * - `signed-out`: the session is missing, expired or revoked; one sign-in mends it
 * - `throttled`, `offline`, `server`: trying again later mends it (isTransient); an answer that makes no sense is `server`
 * - `refused`: not allowed, whoever tries
 * - `conflict`: the world is not in the state that the call needs; look again
 * - `capacity`: AWS has no such machine to give just now
 * - `missing`: a tool, a file or a thing in the account is not there
 * - `malformed`: a file of ours that could not be understood
 * - `cancelled`: the person stopped it
 * - `internal`: a fault of ours
 */
export type FailureKind =
  | "signed-out"
  | "throttled"
  | "offline"
  | "server"
  | "refused"
  | "conflict"
  | "capacity"
  | "missing"
  | "malformed"
  | "cancelled"
  | "internal";

/** One sentence on what happened, one next action. Neither ever holds a secret. */
export interface Failure {
  readonly kind: FailureKind;
  readonly sentence: string;
  /** What to do now, as an imperative: "Press l to sign in." */
  readonly action?: string;
  /** The code that AWS or the system gave, such as `IncorrectSpotRequestState` or `ECONNREFUSED`. */
  readonly code?: string;
}

/** Whether the same may well succeed later, with nothing done about it. */
export function isTransient({ kind }: Failure): boolean {
  return kind === "throttled" || kind === "offline" || kind === "server";
}

/** Longer sentences are nobody's reading. */
const LONGEST = 1_000;

/** An error that already is a sentence for the person: what it quotes is without secrets and fit to be drawn. */
export class FailureError extends Error {
  readonly failure: Failure;
  constructor({ sentence, action, ...rest }: Failure, options?: ErrorOptions) {
    const failure = {
      ...rest,
      sentence: redactLine(sentence, LONGEST),
      ...(action === undefined ? {} : { action: redactLine(action, LONGEST) }),
    };
    super(failure.sentence, options);
    this.name = "FailureError";
    this.failure = failure;
  }
}
