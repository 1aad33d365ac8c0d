import { describe, expect, it, vi } from "vitest";
import { createSignInGate } from "../../../ops/aws/gate.ts";
import { FailureError } from "../../../ops/failure.ts";
import { fakeSignIn, SIGNED_OUT } from "../fake-sign-in.ts";

const expired = () => new FailureError(SIGNED_OUT);

describe("the sign-in gate", () => {
  it("asks once for all that wait, then makes every call again", async () => {
    const signIn = fakeSignIn();
    signIn.expire();
    const asked = Promise.withResolvers<void>();
    const again = vi.fn(async () => {
      await asked.promise;
      signIn.signInAgain();
      return true;
    });
    const gate = createSignInGate(signIn, again);
    const call = vi.fn(async () => {
      await signIn.credentials();
      return "done";
    });
    const both = Promise.all([gate(call), gate(call)]);
    await vi.waitFor(() => expect(again).toHaveBeenCalled());
    asked.resolve();
    expect(await both).toEqual(["done", "done"]);
    expect(again).toHaveBeenCalledTimes(1);
    expect(call).toHaveBeenCalledTimes(4);
  });

  it("asks nobody where the credentials can be refreshed silently", async () => {
    const signIn = fakeSignIn();
    const again = vi.fn(async () => true);
    let calls = 0;
    const gate = createSignInGate(signIn, again);
    const answer = await gate(async () => {
      calls += 1;
      if (calls === 1) throw expired();
      return calls;
    });
    expect(answer).toBe(2);
    expect(signIn.refusals).toHaveLength(1);
    expect(again).not.toHaveBeenCalled();
  });

  it("lets every other failure through and gives up where the person does", async () => {
    const signIn = fakeSignIn();
    signIn.expire();
    const gate = createSignInGate(signIn, async () => false);
    await expect(gate(() => Promise.reject(new Error("other")))).rejects.toThrow("other");
    await expect(gate(() => signIn.credentials())).rejects.toThrow(SIGNED_OUT.sentence);
  });

  it("does not ask for ever when every new session is refused", async () => {
    const signIn = fakeSignIn();
    const again = vi.fn(async () => {
      signIn.signInAgain();
      return true;
    });
    const gate = createSignInGate(signIn, again);
    await expect(gate(() => Promise.reject(expired()))).rejects.toThrow(FailureError);
    expect(again.mock.calls.length).toBeLessThanOrEqual(3);
  });

  it("stops waiting when the operation is cancelled", async () => {
    const signIn = fakeSignIn();
    signIn.expire();
    const gate = createSignInGate(signIn, () => new Promise(() => {}));
    const controller = new AbortController();
    const waiting = gate(() => signIn.credentials(), controller.signal);
    controller.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
  });
});
