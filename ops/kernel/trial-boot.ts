/**
 * The trial boot of a host kernel: look, decide, act, look again. What matters is on the machine (install-host.sh keeps it
 * across the reboot), so that a run that was ended anywhere is gone on with by the next one.
 */

import { explain } from "../aws/errors.ts";
import { type Failure, FailureError } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import { FAILING_MS, LOOK_MS, pollAfter, retryAfter } from "../machine/pace.ts";
import { isPassing } from "../machine/reconcile.ts";
import type { OperationContext, Outcome, StepState } from "../operation/types.ts";
import { isWeather } from "../ssh/diagnose.ts";
import {
  ANSWER_MS,
  decideTrial,
  type Heard,
  lacks,
  type Offer,
  type TrialDecision,
  type TrialEnding,
} from "./decide-trial.ts";
import { readConsole } from "./trial-boot-console.ts";
import { OCCUPANTS_COMMAND, parseHealth, parseOccupants, refusalIn } from "./trial-boot-hear.ts";
import type { Seen, TrialTools } from "./trial-boot-tools.ts";
import {
  backQuestion,
  ec2RebootQuestion,
  rebootQuestion,
  type TrialStory,
  trialCancelled,
  trialOutcome,
} from "./trial-boot-words.ts";

/** A machine that answers at all answers this in a second or two. */
const COMMAND_MS = 30_000;
/** The exit status of `install-host.sh reboot` where the trial does not stand so any more. */
const STANDS_OTHERWISE = 4;

/**
 * Brings the trial that `install-host.sh` armed on the machine to its end: asks, reboots, waits for SSH, and makes the
 * kernel the default where it is exactly the one and healthy; else says what was seen and what boots next. Never throws
 * for what the machine or AWS say. Two at once do no harm: the machine itself checks before it reboots and promotes.
 */
export async function trialBoot(machine: MachineName, tools: TrialTools, context: OperationContext): Promise<Outcome> {
  const run = createRun(machine, tools, context);
  try {
    for (;;) {
      context.signal.throwIfAborted();
      const outcome = await run.turn();
      if (outcome) return outcome;
    }
  } catch (error) {
    if (context.signal.aborted) return trialCancelled(run.story());
    return { status: "failed", failure: explain(error) };
  }
}

const STEPS = {
  look: "See how the trial stands",
  reboot: "Reboot for one trial",
  wait: "Wait until it answers",
  health: "Check the new kernel's health",
  promote: "Make it the default",
} as const;
type StepId = keyof typeof STEPS;

function createRun(machine: MachineName, tools: TrialTools, context: OperationContext) {
  const { clock, place } = tools;
  const { signal } = context;
  let story: TrialStory = {
    machine,
    seen: undefined,
    health: undefined,
    expected: undefined,
    otherwise: undefined,
    rebooted: false,
    ec2Rebooted: false,
    lacked: [],
    trouble: undefined,
    console: undefined,
  };
  let consent: boolean | undefined;
  let ec2Reboot: Offer = "unasked";
  let backReboot: Offer = "unasked";
  let refused = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let silentSince: number | undefined;
  let runningSince: number | undefined;
  let rebootedAt: number | undefined;
  let failures: { readonly since: number; readonly times: number } | undefined;
  let unreadableSince: number | undefined;
  let step: StepId | undefined;
  let shown = "";

  const tell = (more: Partial<TrialStory>) => {
    story = { ...story, ...more };
  };
  const show = (id: StepId, state: StepState, detail?: string) => {
    if (step !== undefined && step !== id) context.step(`trial-${step}`, STEPS[step], "done");
    step = state === "running" || state === "waiting" ? id : undefined;
    const text = `${id} ${state} ${detail}`;
    // A poll that found nothing new is no news.
    if (text === shown) return;
    shown = text;
    context.step(`trial-${id}`, STEPS[id], state, detail);
  };
  const refuse = (trouble: Failure) => {
    refused = true;
    tell({ trouble });
  };
  const ask = (address: string, command: string) =>
    tools.commandsOn(address, AbortSignal.any([signal, AbortSignal.timeout(COMMAND_MS)]))(command);

  /** Bad weather on the way to AWS is waited out; throws what waiting does not mend. */
  const weather = async (error: unknown): Promise<void> => {
    signal.throwIfAborted();
    const failure = explain(error);
    const passing = isPassing(failure) || failure.kind === "signed-out";
    failures = { since: failures?.since ?? clock.now(), times: (failures?.times ?? 0) + 1 };
    if (!passing || clock.now() - failures.since > FAILING_MS) throw error;
    context.log(failure.sentence, "err");
    await clock.sleep(retryAfter(failures.times, "other"), signal);
  };

  const look = async (): Promise<Seen | undefined> => {
    // AWS is asked while the machine is silent, now and then.
    if (story.seen && (silentSince === undefined || clock.now() - lookedAt < LOOK_MS)) return story.seen;
    try {
      const seen = await tools.look(signal);
      lookedAt = clock.now();
      failures = undefined;
      tell({ seen });
      return seen;
    } catch (error) {
      await weather(error);
      return undefined;
    }
  };

  const silent = (trouble: Failure | undefined): Heard => {
    silentSince ??= clock.now();
    if (trouble) tell({ trouble });
    return { kind: "silent", final: trouble ? !isWeather(trouble) : false, forMs: clock.now() - silentSince };
  };

  const hear = async ({ address, instance }: Seen): Promise<Heard> => {
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
      const { output } = await ask(address, `${place}/install-host.sh health 2>&1`);
      const health = parseHealth(output);
      silentSince = undefined;
      if (!health) {
        unreadableSince ??= clock.now();
        tell({ trouble: { kind: "malformed", sentence: refusalIn(output) ?? "it says nothing." } });
        return { kind: "unreadable", forMs: clock.now() - unreadableSince };
      }
      unreadableSince = undefined;
      runningSince = health.trial === "running" ? (runningSince ?? clock.now()) : undefined;
      tell({
        health,
        trouble: undefined,
        ...(health.expected === "" ? {} : { expected: health.expected }),
        ...(health.trial === "running" ? { lacked: lacks(health) } : {}),
        ...(health.trial === "none" || health.default === "" ? {} : { otherwise: health.default }),
      });
      return { kind: "answered", health, forMs: clock.now() - (runningSince ?? clock.now()) };
    } catch (error) {
      signal.throwIfAborted();
      return silent(linkFailure(machine, error));
    }
  };

  const console = async (): Promise<void> => {
    const { expected, seen } = story;
    if (!seen?.instanceId || expected === undefined) return;
    try {
      const found = readConsole(await tools.console(seen.instanceId, signal), expected);
      tell({ console: found });
      context.log(`The console of ${machine}, as far as it is ${expected}'s:`, "note");
      for (const line of found.lines) context.log(line);
    } catch (error) {
      signal.throwIfAborted();
      context.log(`The console output could not be had: ${explain(error).sentence}`, "err");
    }
  };

  const occupants = async (address: string) => {
    const { output } = await ask(address, OCCUPANTS_COMMAND).catch(() => ({ output: "" }));
    signal.throwIfAborted();
    return parseOccupants(output, tools.openSessions());
  };

  /** Into the trial, or out of it, if the machine finds that it still stands so: another run may have been faster. */
  const reboot = async (address: string, from: "armed" | "running"): Promise<void> => {
    show("reboot", "running", from === "armed" ? `${story.expected}, once` : `back onto ${story.otherwise}`);
    try {
      const { code, output } = await ask(address, `${place}/install-host.sh reboot ${from} 2>&1`);
      if (code === STANDS_OTHERWISE) return;
      // From 128 on a signal ended it: the machine takes its programs along.
      if (code !== 0 && code < 128) {
        const sentence = refusalIn(output) ?? `${machine} would not reboot (status ${code}).`;
        return refuse({ kind: "refused", code: "REBOOT_REFUSED", sentence });
      }
    } catch {
      // The link ends with the machine: that is what was asked for.
      signal.throwIfAborted();
    }
    rebootedAt = clock.now();
    silentSince = undefined;
    tell({ rebooted: true });
  };

  const offerEc2Reboot = async (): Promise<void> => {
    await console();
    const answer = await context.ask(ec2RebootQuestion(story, Math.round(ANSWER_MS / 60_000)));
    ec2Reboot = answer === "yes" ? "agreed" : "declined";
    // It may have come up while nobody answered.
    lookedAt = Number.NEGATIVE_INFINITY;
  };

  const rebootByEc2 = async (instanceId: string): Promise<void> => {
    show("reboot", "running", `EC2 reboots ${instanceId}`);
    try {
      await tools.rebootInstance(instanceId);
      failures = undefined;
      ec2Reboot = "done";
      silentSince = undefined;
      tell({ ec2Rebooted: true });
      context.log(`Reboot ${instanceId}: AWS said yes.`, "note");
    } catch (error) {
      await weather(error).catch((fault: unknown) => {
        signal.throwIfAborted();
        refuse(explain(fault));
      });
      lookedAt = Number.NEGATIVE_INFINITY;
    }
  };

  const promote = async (address: string): Promise<void> => {
    show("promote", "running", story.expected);
    try {
      const { code, output } = await ask(address, `${place}/install-host.sh promote 2>&1`);
      if (code !== 0) {
        refuse({ kind: "conflict", code: "PROMOTE_REFUSED", sentence: refusalIn(output) ?? `status ${code}` });
      }
    } catch {
      // Whether it was done is seen by the next look.
      signal.throwIfAborted();
    }
  };

  const wait = async (until: "leaves" | "answers" | "is-healthy", forMs: number): Promise<void> => {
    const minutes = `${Math.floor(forMs / 60_000)} of ${Math.round(ANSWER_MS / 60_000)} minutes`;
    if (until === "leaves") show("reboot", "waiting", "its services end");
    else if (until === "is-healthy") show("health", "waiting", "SSH answers; the last devices are waited for");
    else show("wait", "waiting", `${story.trouble?.sentence ?? "AWS says that it is coming up."} ${minutes}`);
    await clock.sleep(pollAfter(forMs), signal);
  };

  const end = async (ending: TrialEnding): Promise<Outcome> => {
    if (ending === "fell-back" || (ending === "no-answer" && ec2Reboot !== "declined")) await console();
    const outcome = trialOutcome(ending, story);
    const good = outcome.status === "done" || outcome.status === "nothing-to-do";
    if (step !== undefined) show(step, good ? "done" : outcome.status === "cancelled" ? "skipped" : "failed");
    return outcome;
  };

  const act = async (decision: TrialDecision, seen: Seen, heard: Heard): Promise<Outcome | undefined> => {
    const { address = "", instanceId = "" } = seen;
    switch (decision.kind) {
      case "ask-reboot": {
        show("look", "done", `${story.expected} is installed, and its trial is armed`);
        consent = (await context.ask(rebootQuestion(story, await occupants(address)))) === "yes";
        return undefined;
      }
      case "reboot":
        await reboot(address, "armed");
        return undefined;
      case "offer-back": {
        const answer = await context.ask(backQuestion(story, await occupants(address)));
        backReboot = answer === "yes" ? "agreed" : "declined";
        return undefined;
      }
      case "reboot-back":
        backReboot = "done";
        await reboot(address, "running");
        return undefined;
      case "wait":
        await wait(decision.until, heard.forMs);
        return undefined;
      case "offer-ec2-reboot":
        await offerEc2Reboot();
        return undefined;
      case "ec2-reboot":
        await rebootByEc2(instanceId);
        return undefined;
      case "promote":
        show("health", "done", "root, network, NVMe and /dev/kvm are there");
        await promote(address);
        return undefined;
      case "end":
        return end(decision.ending);
    }
  };

  return {
    story: () => story,
    turn: async (): Promise<Outcome | undefined> => {
      if (step === undefined && story.seen === undefined) show("look", "running");
      const seen = await look();
      if (!seen) return undefined;
      const heard = await hear(seen);
      const decision = decideTrial({
        instance: seen.instance,
        heard,
        expected: story.expected,
        consent,
        rebootedForMs: rebootedAt === undefined ? undefined : clock.now() - rebootedAt,
        ec2Reboot,
        backReboot,
        refused,
      });
      return act(decision, seen, heard);
    },
  };
}

/** Why the machine did not answer, whatever was thrown. */
function linkFailure(machine: MachineName, error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  return {
    kind: "offline",
    code: "ETIMEDOUT",
    sentence: `${machine} takes longer than ${COMMAND_MS / 1000} s to answer.`,
  };
}
