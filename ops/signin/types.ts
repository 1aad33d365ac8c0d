/** Who we are, and the way to become somebody again. */

import type { Failure } from "../failure.ts";
import type { Operation } from "../operation/types.ts";
import type { Store } from "../store.ts";

export interface Identity {
  readonly account: string;
  readonly arn: string;
  /** The role's or user's short name, as the header shows it. */
  readonly role: string;
  readonly region: string;
}

export type SignInState =
  /** Not known yet: the first check is under way. */
  | { readonly status: "checking" }
  | {
      readonly status: "signed-in";
      readonly identity: Identity;
      /** When the session (not the hourly role credentials) ends, where that is known. */
      readonly expiresAt: number | undefined;
      /** `session`: our device sign-in. `chain`: the default chain answered, such as the jumpbox's own role. */
      readonly via: "session" | "chain";
      /** What kind of credentials the chain gave, in a word or two: "keys from the environment". */
      readonly origin?: string;
      /** Goes up with every sign-in, so that clients know to be rebuilt. */
      readonly generation: number;
    }
  | { readonly status: "signed-out"; readonly failure: Failure };

/** Short-lived AWS credentials, as the SDK and child processes take them. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export interface SignIn extends Store<SignInState> {
  /**
   * Role credentials that are good now; refreshes silently what can be refreshed. Single flight. `fresh`: asked for anew,
   * so that all their time is before them, wherever AWS gives them.
   * Throws a FailureError of kind `signed-out` when only the person can help, `offline` or `throttled` in bad weather.
   */
  readonly credentials: (wish?: { readonly fresh: boolean }) => Promise<RoleCredentials>;
  /** Asks AWS who we are (STS) and sets the state. Never throws; bad weather leaves a signed-in state as it is. */
  readonly check: () => Promise<SignInState>;
  /** Tells that AWS refused our credentials, whatever their expiry says: the state goes to `signed-out` or is refreshed. */
  readonly refused: (failure: Failure) => void;
  /** The device code flow, with first-time set-up where it is needed, as an operation. */
  readonly login: () => Operation;
}
