/**
 * The trial boot of a host kernel: look, decide, act, look again. What matters is on the machine (install-host.sh keeps it
 * across the reboot), so that a run that was ended anywhere is gone on with by the next one.
 */

import { explain } from "../aws/errors.ts";
import type { MachineName } from "../fleet/machines.ts";
import { pollAfter } from "../machine/pace.ts";
import { takeTurns } from "../machine/turns.ts";
import type { OperationContext, Outcome, StepState } from "../operation/types.ts";
import { cell } from "../store.ts";
import {
  ANSWER_MS,
  decideTrial,
  type Heard,
  type Offer,
  type TrialDecision,
  type TrialEnding,
} from "./decide-trial.ts";
import { createTrialActs } from "./trial-boot-acts.ts";
import type { Seen, TrialTools } from "./trial-boot-tools.ts";
import { createTrialWatch } from "./trial-boot-watch.ts";
import {
  backQuestion,
  ec2RebootQuestion,
  rebootQuestion,
  type TrialStory,
  trialCancelled,
  trialOutcome,
} from "./trial-boot-words.ts";

/**
 * Brings the trial that `install-host.sh` armed on the machine to its end: asks, reboots, waits for SSH, and makes the
 * kernel the default where it is exactly the one and healthy; else says what was seen and what boots next. Never throws
 * for what the machine or AWS say. Two at once do no harm: the machine itself checks before it reboots and promotes.
 */
export async function trialBoot(machine: MachineName, tools: TrialTools, context: OperationContext): Promise<Outcome> {
  const story = cell<TrialStory>({
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
  });
  const watch = createTrialWatch(tools, story, context);
  const acts = createTrialActs(tools, watch, story, context);
  const steps = createSteps(context);
  const { clock } = tools;
  let consent: boolean | undefined;
  let ec2Reboot: Offer = "unasked";
  let backReboot: Offer = "unasked";
  let refused = false;
  let rebootedAt: number | undefined;

  const tell = (more: Partial<TrialStory>) => story.update((before) => ({ ...before, ...more }));
  /** Takes note of what was done; gives whether it was. */
  const noted = (did: Awaited<ReturnType<typeof acts.reboot>>): boolean => {
    if (typeof did === "object") {
      refused = true;
      tell({ trouble: did });
    }
    return did === "done";
  };
  const reboot = async (address: string, from: "armed" | "running"): Promise<void> => {
    const { expected, otherwise } = story.get();
    steps.show("reboot", "running", from === "armed" ? `${expected}, once` : `back onto ${otherwise}`);
    if (!noted(await acts.reboot(address, from))) return;
    rebootedAt = clock.monotonic();
    tell({ rebooted: true });
  };
  const wait = async (until: "leaves" | "answers" | "is-healthy", forMs: number): Promise<void> => {
    const minutes = `${Math.floor(forMs / 60_000)} of ${Math.round(ANSWER_MS / 60_000)} minutes`;
    if (until === "leaves") steps.show("reboot", "waiting", "its services end");
    else if (until === "is-healthy") steps.show("health", "waiting", "SSH answers; waiting for the last devices");
    else
      steps.show("wait", "waiting", `${story.get().trouble?.sentence ?? "AWS says that it is coming up."} ${minutes}`);
    await clock.sleep(pollAfter(forMs), context.signal);
  };
  const end = async (ending: TrialEnding): Promise<Outcome> => {
    if (ending === "fell-back" || (ending === "no-answer" && ec2Reboot !== "declined")) await acts.console();
    const outcome = trialOutcome(ending, story.get());
    const good = outcome.status === "done" || outcome.status === "nothing-to-do";
    steps.end(good ? "done" : outcome.status === "cancelled" ? "skipped" : "failed");
    return outcome;
  };

  const act = async (decision: TrialDecision, seen: Seen, heard: Heard): Promise<Outcome | undefined> => {
    const { address = "", instanceId = "" } = seen;
    switch (decision.kind) {
      case "ask-reboot":
        steps.show("look", "done", `${story.get().expected} is installed, and its trial is armed`);
        consent = (await context.ask(rebootQuestion(story.get(), await acts.occupants(address)))) === "yes";
        return undefined;
      case "reboot":
        await reboot(address, "armed");
        return undefined;
      case "offer-back": {
        const answer = await context.ask(backQuestion(story.get(), await acts.occupants(address)));
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
      case "offer-ec2-reboot": {
        await acts.console();
        const answer = await context.ask(ec2RebootQuestion(story.get(), Math.round(ANSWER_MS / 60_000)));
        ec2Reboot = answer === "yes" ? "agreed" : "declined";
        // It may have come up while nobody answered.
        watch.lookAgain();
        return undefined;
      }
      case "ec2-reboot":
        steps.show("reboot", "running", `EC2 reboots ${instanceId}`);
        if (!noted(await acts.rebootByEc2(instanceId))) return undefined;
        ec2Reboot = "done";
        tell({ ec2Rebooted: true });
        return undefined;
      case "promote":
        steps.show("health", "done", "root, network, NVMe and /dev/kvm are there");
        steps.show("promote", "running", story.get().expected);
        noted(await acts.promote(address));
        return undefined;
      case "end":
        return end(decision.ending);
    }
  };

  steps.show("look", "running");
  return takeTurns(
    {
      clock,
      explain,
      look: watch.look,
      trouble: (failure) => context.log(failure.sentence, "err"),
      cancelled: () => trialCancelled(story.get()),
      turn: async (seen) => {
        const heard = await watch.hear(seen);
        const { expected } = story.get();
        const rebootedForMs = rebootedAt === undefined ? undefined : clock.monotonic() - rebootedAt;
        const { instance } = seen;
        return act(
          decideTrial({ instance, heard, expected, consent, rebootedForMs, ec2Reboot, backReboot, refused }),
          seen,
          heard,
        );
      },
    },
    context,
  );
}

const STEPS = {
  look: "See how the trial stands",
  reboot: "Reboot for one trial",
  wait: "Wait until it answers",
  health: "Check the new kernel's health",
  promote: "Make it the default",
} as const;
type StepId = keyof typeof STEPS;

/** One step at a time: the next one ends the one before. */
function createSteps(context: OperationContext) {
  let step: StepId | undefined;
  let shown = "";
  return {
    show: (id: StepId, state: StepState, detail?: string) => {
      if (step !== undefined && step !== id) context.step(`trial-${step}`, STEPS[step], "done");
      step = state === "running" || state === "waiting" ? id : undefined;
      const text = `${id} ${state} ${detail}`;
      // A poll that found nothing new is no news.
      if (text === shown) return;
      shown = text;
      context.step(`trial-${id}`, STEPS[id], state, detail);
    },
    end: (state: StepState) => {
      if (step !== undefined) context.step(`trial-${step}`, STEPS[step], state);
    },
  };
}
