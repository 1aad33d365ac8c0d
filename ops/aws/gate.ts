/** An expired session in the middle of anything: one sign-in for all that wait, and then on with what was being done. */

import { type Failure, FailureError } from "../failure.ts";
import type { SignIn } from "../signin/types.ts";
import { generationOf } from "./clients.ts";
import { explain } from "./errors.ts";

/**
 * Makes a call to AWS; where it fails because nobody is signed in, waits for a sign-in and makes it again. Only that
 * failure: a refused signature never took effect, so that repeating even a changing call is safe. `signal` ends the wait.
 */
export type SignInGate = <T>(call: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/** A session that is refused straight after so many sign-ins will not get better by another one. */
const SIGN_INS = 2;

/**
 * @param signInAgain lets the person sign in and resolves once that has ended; true where it succeeded. Never called
 * while an earlier call of it is still under way.
 */
export function createSignInGate(signIn: SignIn, signInAgain: (failure: Failure) => Promise<boolean>): SignInGate {
  let asking: Promise<boolean> | undefined;

  /** True where the call is worth making again. */
  const mend = async (failure: Failure, generation: number, silently: boolean): Promise<boolean> => {
    // Somebody else's sign-in came in between: the call was made with the old session.
    if (generationOf(signIn) > generation) return true;
    signIn.refused(failure);
    if (silently) {
      const refreshed = await signIn.credentials().then(
        () => true,
        () => false,
      );
      if (refreshed) return true;
    }
    asking ??= signInAgain(failure).finally(() => {
      asking = undefined;
    });
    return asking;
  };

  return async (call, signal) => {
    for (let round = 0; ; round += 1) {
      signal?.throwIfAborted();
      const generation = generationOf(signIn);
      try {
        return await call();
      } catch (error) {
        const failure = explain(error);
        if (failure.kind !== "signed-out" || round > SIGN_INS) throw error;
        if (!(await abortable(mend(failure, generation, round === 0), signal))) {
          throw new FailureError(failure, { cause: error });
        }
      }
    }
  };
}

async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
