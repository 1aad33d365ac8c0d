/** What is done to a machine on trial, each once; whether it took is seen by the next look. */

import { explain } from "../aws/errors.ts";
import { type Failure, isTransient } from "../failure.ts";
import { FAILING_MS, retryAfter } from "../machine/pace.ts";
import { tally } from "../machine/turns.ts";
import type { OperationContext } from "../operation/types.ts";
import type { Cell } from "../store.ts";
import { readConsole } from "./trial-boot-console.ts";
import { OCCUPANTS_COMMAND, parseOccupants, refusalIn } from "./trial-boot-hear.ts";
import type { TrialTools } from "./trial-boot-tools.ts";
import type { TrialWatch } from "./trial-boot-watch.ts";
import type { Occupants, TrialStory } from "./trial-boot-words.ts";

/** The exit status of `install-host.sh reboot` where the trial does not stand so any more. */
const STANDS_OTHERWISE = 4;

/** `done`, or why a script or AWS said no; `again` where nothing was done and the next look shows what to do. */
type Did = "done" | "again" | Failure;

export function createTrialActs(
  tools: TrialTools,
  watch: TrialWatch,
  story: Cell<TrialStory>,
  { log, signal }: OperationContext,
) {
  const { clock, place } = tools;
  const weather = tally(clock.now);
  return {
    /** Into the trial, or out of it, if the machine finds that it still stands so: another run may have been faster. */
    reboot: async (address: string, from: "armed" | "running"): Promise<Did> => {
      try {
        const { code, output } = await watch.ask(address, `${place}/install-host.sh reboot ${from} 2>&1`);
        if (code === STANDS_OTHERWISE) return "again";
        // From 128 on a signal ended it: the machine takes its programs along.
        if (code !== 0 && code < 128) {
          const sentence = refusalIn(output) ?? `${story.get().machine} would not reboot (status ${code}).`;
          return { kind: "refused", code: "REBOOT_REFUSED", sentence };
        }
      } catch {
        // The link ends with the machine: that is what was asked for.
        signal.throwIfAborted();
      }
      watch.rebooted();
      return "done";
    },
    rebootByEc2: async (instanceId: string): Promise<Did> => {
      try {
        await tools.rebootInstance(instanceId);
        watch.rebooted();
        log(`Reboot ${instanceId}: AWS said yes.`, "note");
        return "done";
      } catch (error) {
        signal.throwIfAborted();
        watch.lookAgain();
        const failure = explain(error);
        const { forMs, times } = weather.count("reboot");
        const passes = isTransient(failure) || failure.kind === "signed-out";
        if (!passes || forMs > FAILING_MS) return failure;
        log(failure.sentence, "err");
        await clock.sleep(retryAfter(times, "other"), signal);
        return "again";
      }
    },
    promote: async (address: string): Promise<Did> => {
      try {
        const { code, output } = await watch.ask(address, `${place}/install-host.sh promote 2>&1`);
        if (code === 0) return "done";
        return { kind: "conflict", code: "PROMOTE_REFUSED", sentence: refusalIn(output) ?? `status ${code}` };
      } catch {
        signal.throwIfAborted();
        return "again";
      }
    },
    occupants: async (address: string): Promise<Occupants> => {
      const { output } = await watch.ask(address, OCCUPANTS_COMMAND).catch(() => ({ output: "" }));
      signal.throwIfAborted();
      return parseOccupants(output, tools.openSessions());
    },
    /** Reads what the console shows of the kernel on trial, before anything clears it. */
    console: async (): Promise<void> => {
      const { expected, machine, seen } = story.get();
      if (!seen?.instanceId || expected === undefined) return;
      try {
        const found = readConsole(await tools.console(seen.instanceId, signal), expected);
        story.update((before) => ({ ...before, console: found }));
        log(`The console of ${machine}, as far as it is ${expected}'s:`, "note");
        for (const line of found.lines) log(line);
      } catch (error) {
        signal.throwIfAborted();
        log(`The console output could not be had: ${explain(error).sentence}`, "err");
      }
    },
  };
}
