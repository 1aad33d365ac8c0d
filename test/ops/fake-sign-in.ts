/** A SignIn that tests hold in their hands. */

import { type Failure, FailureError } from "../../ops/failure.ts";
import type { SignIn, SignInState } from "../../ops/signin/types.ts";
import { cell } from "../../ops/store.ts";

export const SIGNED_OUT: Failure = { kind: "signed-out", sentence: "The AWS session has expired or was revoked." };

export interface FakeSignIn extends SignIn {
  readonly expire: () => void;
  readonly signInAgain: () => void;
  readonly refusals: Failure[];
}

export function fakeSignIn(): FakeSignIn {
  let generation = 1;
  const signedIn = (): SignInState => ({
    status: "signed-in",
    identity: {
      account: "123456789012",
      arn: "arn:aws:sts::123456789012:assumed-role/r/p",
      role: "r",
      region: "us-west-1",
    },
    expiresAt: undefined,
    via: "session",
    generation,
  });
  const state = cell<SignInState>(signedIn());
  const refusals: Failure[] = [];
  const signInAgain = () => {
    generation += 1;
    state.set(signedIn());
  };
  return {
    get: state.get,
    subscribe: state.subscribe,
    credentials: async () => {
      if (state.get().status !== "signed-in") throw new FailureError(SIGNED_OUT);
      return { accessKeyId: "ASIATEST", secretAccessKey: "secret", sessionToken: "token" };
    },
    check: async () => state.get(),
    refused: (failure) => {
      refusals.push(failure);
    },
    login: () => ({
      name: "login",
      title: "Sign in",
      run: async () => {
        signInAgain();
        return { status: "done", sentence: "Signed in." };
      },
    }),
    expire: () => state.set({ status: "signed-out", failure: SIGNED_OUT }),
    signInAgain,
    refusals,
  };
}
