/** Waits until the database says its greeting: Aurora at 0 ACU takes the connection, and 15 to 30 s to wake. */

import { connect } from "node:net";
import type { Clock } from "../clock.ts";
import { FailureError } from "../failure.ts";

/** When a silence is worth a word, and when it is no sleep any more (milliseconds). */
const ASLEEP_AFTER = 1_500;
const GIVE_UP_AFTER = 120_000;
const AGAIN_AFTER = 1_000;

/**
 * Resolves once a MySQL server greets at host:port, with whether it had to be waited for. `onAsleep` is called once when
 * it does not greet at once. Throws a FailureError after two minutes.
 */
export async function waitUntilAwake(
  { host, port }: { readonly host: string; readonly port: number },
  clock: Clock,
  signal: AbortSignal,
  onAsleep: () => void,
): Promise<void> {
  const deadline = clock.monotonic() + GIVE_UP_AFTER;
  const awake = new AbortController();
  const either = AbortSignal.any([signal, awake.signal]);
  const asleep = clock.sleep(ASLEEP_AFTER, either).then(onAsleep, () => {});
  try {
    for (;;) {
      const said = await greeting(host, port, Math.max(1, deadline - clock.monotonic()), signal);
      if (said === "greeted") return;
      signal.throwIfAborted();
      if (clock.monotonic() + AGAIN_AFTER >= deadline) throw new FailureError(notAwake(said));
      await clock.sleep(AGAIN_AFTER, signal);
    }
  } finally {
    awake.abort();
    await asleep;
  }
}

/** The first packet is the server's: a header of four bytes, then the protocol's version (MySQL, "Protocol::Handshake"). */
function greeting(host: string, port: number, ms: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (said: string) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(said);
    };
    const onAbort = () => end("aborted");
    const timer = setTimeout(() => end("it did not answer"), ms);
    signal.addEventListener("abort", onAbort, { once: true });
    socket
      .once("data", () => end("greeted"))
      .once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
      .once("close", () => end("it hung up"));
  });
}

function notAwake(said: string) {
  return {
    kind: "offline",
    code: "DATABASE_SILENT",
    sentence: `The database has not answered for two minutes (${said}).`,
    action: "See in the AWS console whether the cluster snowglobe is available, then try again.",
  } as const;
}
