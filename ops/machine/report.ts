/** Tells the person, step by step, what is done, what is waited for and why, and what AWS answered last. */

import type { Failure } from "../failure.ts";
import type { OperationContext, StepState } from "../operation/types.ts";
import { sayAct } from "./acts.ts";
import { type Decision, STEPS, type StepId } from "./decision.ts";

export interface Report {
  readonly acting: (decision: Extract<Decision, { kind: "act" }>) => void;
  /** What was asked for, as the person was told it, and what AWS answered. */
  readonly answered: (said: string, answer: string) => void;
  readonly waiting: (decision: Extract<Decision, { kind: "wait" }>) => void;
  /** AWS has said yes, and its answers do not show it yet. */
  readonly settling: () => void;
  /** Bad news that is looked at a second time. */
  readonly doubting: (sentence: string) => void;
  readonly trouble: (failure: Failure) => void;
  readonly failed: (failure: Failure) => void;
  readonly ended: (state: "done" | "failed") => void;
}

/** What a step that is over came to. AWS answers to a call with what has only begun: "is stopping". */
const FINISHED: Readonly<Partial<Record<StepId, string>>> = {
  stop: "stopped",
  release: "released",
  detach: "detached",
  attach: "attached as root",
  protect: "kept on termination",
  start: "running",
  address: "attached",
};

function finished(step: StepId, lastAnswer: string): string | undefined {
  return FINISHED[step] ?? (lastAnswer || undefined);
}

export function createReport(context: OperationContext): Report {
  let current: StepId | undefined;
  let shown = "";
  let lastAnswer = "";

  const show = (step: StepId, state: StepState, detail?: string) => {
    if (current !== undefined && current !== step)
      context.step(current, STEPS[current], "done", finished(current, lastAnswer));
    if (current !== step) lastAnswer = "";
    current = step;
    const text = `${step} ${state} ${detail}`;
    // A poll that found nothing new is no news.
    if (text === shown) return;
    shown = text;
    context.step(step, STEPS[step], state, detail);
  };

  return {
    acting: ({ step, act, why }) => show(step, "running", `${sayAct(act)}: ${why}`),
    answered: (said, answer) => {
      context.log(`${said}: ${answer}`, "note");
      lastAnswer = answer;
      if (current) show(current, "running", answer);
    },
    waiting: ({ step, reason, until }) => show(step, "waiting", `${reason.replace(/\.$/, "")}; waiting until ${until}`),
    settling: () => {
      if (current) show(current, "waiting", "AWS has said yes; waiting until its answers show it");
    },
    doubting: (sentence) => show(current ?? "look", "waiting", `${sentence} Looking once more to be sure`),
    trouble: ({ sentence, code }) => {
      const text = code ? `${sentence} (${code})` : sentence;
      context.log(text, "err");
      show(current ?? "look", "waiting", `${text} Trying again`);
    },
    failed: ({ sentence }) => {
      if (current) context.step(current, STEPS[current], "failed", sentence);
      current = undefined;
    },
    ended: (state) => {
      if (current)
        context.step(
          current,
          STEPS[current],
          state,
          state === "done" ? finished(current, lastAnswer) : lastAnswer || undefined,
        );
      current = undefined;
    },
  };
}
