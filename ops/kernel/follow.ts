/** Follows a job to its end: its log by byte offset, its state from its directory, through any number of lost links. */

import type { Clock } from "../clock.ts";
import { type Failure, FailureError, isTransient } from "../failure.ts";
import type { KernelJob, KernelView } from "./view.ts";

/** The way to the machine; each throws a FailureError where the link fails. */
export interface Reach {
  readonly clock: Clock;
  /** The job as its directory says; undefined where it is not among the newest any more. */
  readonly status: (signal: AbortSignal) => Promise<KernelJob | undefined>;
  /** Runs a command to its end and hands on what it prints. */
  readonly stream: (command: string, onData: (bytes: Uint8Array) => void, signal: AbortSignal) => Promise<void>;
  /** A sentence where AWS says that the machine does not run any more. Asked while there is no link. Never throws. */
  readonly gone: (signal: AbortSignal) => Promise<string | undefined>;
}

/** Who hears of it. */
interface Sink {
  /** How much of the log is here already. */
  readonly bytes: () => number;
  readonly append: (bytes: Uint8Array) => void;
  readonly onJob: (job: KernelJob) => void;
  readonly onLink: (link: KernelView["link"]) => void;
}

export type FollowEnd =
  | { readonly kind: "ended"; readonly job: KernelJob }
  /** The machine went away under it. */
  | { readonly kind: "gone"; readonly sentence: string }
  /** Nobody can tell: its directory was removed. */
  | { readonly kind: "vanished" }
  /** Waiting cannot mend the way to the machine: another host key, a refused key. */
  | { readonly kind: "unreachable"; readonly failure: Failure };

const SLOWEST_RETRY_MS = 5000;
const FIRST_RETRY_MS = 250;
/** A machine that comes back may refuse the key for a while (first boot), or show a key that is being made. */
const STUBBORN_MS = 60_000;
const GONE_AFTER_MS = 1000;

/** Follows until the job has ended and all of its log is here; `known` is how it stood just now. Rejects only with the signal's reason. */
export async function followJob(known: KernelJob, reach: Reach, sink: Sink, signal: AbortSignal): Promise<FollowEnd> {
  const { clock } = reach;
  const { id } = known;
  let fresh: KernelJob | undefined = known;
  let lost: { readonly since: number; readonly from: number } | undefined;
  let tries = 0;
  for (;;) {
    signal.throwIfAborted();
    try {
      const job: KernelJob | undefined = fresh ?? (await reach.status(signal));
      // What has ended stays as it is.
      fresh = job?.state === "running" ? undefined : job;
      lost = undefined;
      sink.onLink({ state: "following" });
      if (!job) return { kind: "vanished" };
      sink.onJob(job);
      if (job.state !== "running" && sink.bytes() >= job.bytes) return { kind: "ended", job };
      const before = sink.bytes();
      await reach.stream(
        tail(id, before),
        (bytes) => {
          tries = 0;
          sink.append(bytes);
        },
        signal,
      );
      if (sink.bytes() > before) continue;
      // Nothing came, and it runs all the same: not at once again.
      fresh = undefined;
      await clock.sleep(FIRST_RETRY_MS, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FailureError)) throw error;
      const { failure } = error;
      fresh = undefined;
      // Shown by the time of day, and waited for by a clock that nobody sets back.
      lost ??= { since: clock.now(), from: clock.monotonic() };
      sink.onLink({ state: "lost", since: lost.since, sentence: failure.sentence });
      const lostFor = clock.monotonic() - lost.from;
      const sentence = lostFor >= GONE_AFTER_MS ? await reach.gone(signal) : undefined;
      if (sentence !== undefined) return { kind: "gone", sentence };
      if (!isTransient(failure) && lostFor > STUBBORN_MS) return { kind: "unreachable", failure };
      await clock.sleep(Math.min(SLOWEST_RETRY_MS, FIRST_RETRY_MS * 2 ** tries), signal);
      tries += 1;
    }
  }
}

/**
 * Prints the log from a byte on, and what is added to it, until the job has written its exit status or nobody is at work
 * on it any more (the lock is free). One that nobody reads ends with the next line that it prints.
 */
function tail(id: string, from: number): string {
  return `main() {
  cd "$HOME/.local/state/snowglobe-kernel/jobs/${id}" || exit 3
  ( until [ -e exit ] || flock -w 0.2 -s 9; do :; done ) 9<../../lock >/dev/null 2>&1 &
  tail -c +${from + 1} -s 0.1 -f --pid=$! log
  kill $! 2>/dev/null
}
main`;
}
