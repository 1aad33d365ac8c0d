/** What is seen and heard of a machine on trial, and since when it is so: AWS now and then, the machine at every turn. */

import { type Failure, FailureError, isTransient } from "../failure.ts";
import { LOOK_MS } from "../machine/pace.ts";
import type { OperationContext } from "../operation/types.ts";
import type { Cell } from "../store.ts";
import { type Heard, lacks } from "./decide-trial.ts";
import { parseHealth, refusalIn } from "./trial-boot-hear.ts";
import type { Seen, TrialTools } from "./trial-boot-tools.ts";
import type { TrialStory } from "./trial-boot-words.ts";

/** A machine that answers at all answers this in a second or two. */
const COMMAND_MS = 30_000;

export type TrialWatch = ReturnType<typeof createTrialWatch>;

export function createTrialWatch(tools: TrialTools, story: Cell<TrialStory>, { signal }: OperationContext) {
  const { clock, place } = tools;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let silentSince: number | undefined;
  let runningSince: number | undefined;
  let unreadableSince: number | undefined;

  const tell = (more: Partial<TrialStory>) => story.update((before) => ({ ...before, ...more }));
  const silent = (trouble: Failure | undefined): Heard => {
    silentSince ??= clock.monotonic();
    if (trouble) tell({ trouble });
    return { kind: "silent", final: trouble ? !isTransient(trouble) : false, forMs: clock.monotonic() - silentSince };
  };
  const understood = (output: string): Heard => {
    const health = parseHealth(output);
    silentSince = undefined;
    if (!health) {
      unreadableSince ??= clock.monotonic();
      tell({ trouble: { kind: "server", sentence: refusalIn(output) ?? "it says nothing." } });
      return { kind: "unreadable", forMs: clock.monotonic() - unreadableSince };
    }
    unreadableSince = undefined;
    runningSince = health.trial === "running" ? (runningSince ?? clock.monotonic()) : undefined;
    tell({
      health,
      trouble: undefined,
      ...(health.expected === "" ? {} : { expected: health.expected }),
      ...(health.trial === "running" ? { lacked: lacks(health) } : {}),
      ...(health.trial === "none" || health.default === "" ? {} : { otherwise: health.default }),
    });
    return { kind: "answered", health, forMs: clock.monotonic() - (runningSince ?? clock.monotonic()) };
  };
  const ask = (address: string, command: string) =>
    tools.commandsOn(address, AbortSignal.any([signal, AbortSignal.timeout(COMMAND_MS)]))(command);

  return {
    ask,
    /** What AWS says; while the machine is silent, it is asked now and then. */
    look: async (): Promise<Seen> => {
      const { seen: known } = story.get();
      if (known && (silentSince === undefined || clock.monotonic() - lookedAt < LOOK_MS)) return known;
      const seen = await tools.look(signal);
      lookedAt = clock.monotonic();
      tell({ seen });
      return seen;
    },
    hear: async ({ address, instance }: Seen): Promise<Heard> => {
      const { machine } = story.get();
      if (instance !== "running") return silent(undefined);
      if (address === undefined) {
        return silent({
          kind: "conflict",
          code: "NO_ADDRESS",
          sentence: `${machine} runs, but has no public address.`,
          action: "Run make apply: it gives the machine its address.",
        });
      }
      try {
        return understood((await ask(address, `${place}/install-host.sh health 2>&1`)).output);
      } catch (error) {
        signal.throwIfAborted();
        const late = `${machine} takes longer than ${COMMAND_MS / 1000} s to answer.`;
        return silent(
          error instanceof FailureError ? error.failure : { kind: "offline", code: "ETIMEDOUT", sentence: late },
        );
      }
    },
    /** What was known of AWS is old now. */
    lookAgain: () => {
      lookedAt = Number.NEGATIVE_INFINITY;
    },
    /** Its silence counts from now on. */
    rebooted: () => {
      silentSince = undefined;
    },
  };
}
