/** Runs an operation, keeps what it says as one immutable RunState, and passes every event on. */

import type { Clock } from "../clock.ts";
import { type Failure, FailureError } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import { cell, type Store } from "../store.ts";
import { discreet, discreetOutcome } from "./discreet.ts";
import type {
  Answer,
  DevicePrompt,
  Operation,
  OperationContext,
  OperationEvent,
  Outcome,
  Question,
  StepState,
} from "./types.ts";

export interface Step {
  readonly id: string;
  readonly title: string;
  readonly state: StepState;
  readonly detail: string | undefined;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
}

export interface LogLine {
  readonly at: number;
  readonly stream: "out" | "err" | "note";
  readonly text: string;
}

export interface RunState {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly machine: MachineName | undefined;
  readonly harmlessToDrop: boolean;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly steps: readonly Step[];
  /** The newest lines only, LOG_KEPT at most. */
  readonly log: readonly LogLine[];
  readonly progress: { readonly done: number; readonly total: number; readonly unit: string } | undefined;
  readonly question: { readonly id: number; readonly question: Question; readonly at: number } | undefined;
  /** For how many milliseconds it has waited for answers, in all. */
  readonly waitedMs: number;
  readonly deviceCode: DevicePrompt | undefined;
  readonly cancelling: boolean;
  readonly outcome: Outcome | undefined;
}

export interface Run extends Store<RunState> {
  readonly answer: (questionId: number, answer: Answer | undefined) => void;
  /** Asks the operation to stop after its current call. */
  readonly cancel: () => void;
  /** Settles with the outcome; never rejects. */
  readonly finished: Promise<Outcome>;
  /** The operation's own, where it has them. */
  readonly ahead?: Operation["ahead"];
  readonly plan?: Operation["plan"];
  readonly kernel?: Operation["kernel"];
}

/** Lines of log that a RunState keeps; the history file has them all. */
const LOG_KEPT = 2000;

const CANCELLED: Failure = { kind: "cancelled", sentence: "Cancelled." };

/**
 * Starts `operation` at once. `onEvent` hears every event in order, the result last. Whatever the operation throws
 * becomes a `failed` outcome through `explain`, or `cancelled` where the run was cancelled.
 */
export function startRun(
  id: string,
  operation: Operation,
  clock: Clock,
  explain: (error: unknown) => Failure,
  onEvent: (event: OperationEvent) => void = () => {},
): Run {
  const controller = new AbortController();
  const waiting = new Map<number, (answer: Answer | undefined) => void>();
  let questions = 0;
  const state = cell<RunState>({
    id,
    name: operation.name,
    title: operation.title,
    machine: operation.machine,
    harmlessToDrop: operation.harmlessToDrop ?? false,
    startedAt: clock.now(),
    endedAt: undefined,
    steps: [],
    log: [],
    progress: undefined,
    question: undefined,
    waitedMs: 0,
    deviceCode: undefined,
    cancelling: false,
    outcome: undefined,
  });
  const emit = (said: OperationEvent) => {
    const event = discreet(said);
    state.update((before) => reduceRun(before, event));
    onEvent(event);
  };
  const settleQuestion = (questionId: number, answer: Answer | undefined) => {
    const resolve = waiting.get(questionId);
    if (!resolve) return;
    waiting.delete(questionId);
    emit({ type: "answer", at: clock.now(), id: questionId, answer });
    resolve(answer);
  };
  const context: OperationContext = {
    signal: controller.signal,
    step: (stepId, title, stepState, detail) =>
      emit({
        type: "step",
        at: clock.now(),
        id: stepId,
        title,
        state: stepState,
        ...(detail === undefined ? {} : { detail }),
      }),
    log: (text, stream = "out") => emit({ type: "log", at: clock.now(), stream, text }),
    progress: (done, total, unit) => emit({ type: "progress", at: clock.now(), done, total, unit }),
    ask: (question) => {
      if (controller.signal.aborted) return Promise.resolve(undefined);
      questions += 1;
      const questionId = questions;
      return new Promise((resolve) => {
        waiting.set(questionId, resolve);
        emit({ type: "question", at: clock.now(), id: questionId, question });
      });
    },
    deviceCode: (prompt) => emit({ type: "device-code", at: clock.now(), prompt }),
    harmless: (yes) => state.update((before) => ({ ...before, harmlessToDrop: yes })),
    expects: () => {},
  };
  emit({
    type: "start",
    at: clock.now(),
    name: operation.name,
    title: operation.title,
    ...(operation.machine ? { machine: operation.machine } : {}),
  });
  const finished = (async () => {
    let outcome: Outcome;
    try {
      outcome = await operation.run(context);
    } catch (error) {
      const failure = controller.signal.aborted
        ? CANCELLED
        : error instanceof FailureError
          ? error.failure
          : explain(error);
      outcome =
        failure.kind === "cancelled"
          ? { status: "cancelled", sentence: failure.sentence, ...(failure.action ? { next: failure.action } : {}) }
          : { status: "failed", failure };
    }
    outcome = discreetOutcome(outcome);
    emit({ type: "result", at: clock.now(), outcome });
    return outcome;
  })();
  return {
    get: state.get,
    subscribe: state.subscribe,
    answer: settleQuestion,
    cancel: () => {
      if (controller.signal.aborted || state.get().outcome) return;
      state.update((before) => ({ ...before, cancelling: true }));
      controller.abort(new FailureError(CANCELLED));
      for (const questionId of [...waiting.keys()]) settleQuestion(questionId, undefined);
    },
    finished,
    ...(operation.ahead ? { ahead: operation.ahead } : {}),
    ...(operation.plan ? { plan: operation.plan } : {}),
    ...(operation.kernel ? { kernel: operation.kernel } : {}),
  };
}

/** The next RunState after an event: pure, and how a stored run is opened again. */
export function reduceRun(run: RunState, event: OperationEvent): RunState {
  switch (event.type) {
    case "start":
      return run;
    case "step":
      return { ...run, steps: withStep(run.steps, event) };
    case "log":
      return {
        ...run,
        log: [...run.log.slice(-(LOG_KEPT - 1)), { at: event.at, stream: event.stream, text: event.text }],
      };
    case "progress":
      return { ...run, progress: { done: event.done, total: event.total, unit: event.unit } };
    case "question":
      return { ...run, question: { id: event.id, question: event.question, at: event.at } };
    case "answer":
      if (run.question?.id !== event.id) return run;
      return { ...run, question: undefined, waitedMs: run.waitedMs + Math.max(0, event.at - run.question.at) };
    case "device-code":
      return { ...run, deviceCode: event.prompt };
    case "result":
      return { ...run, outcome: event.outcome, endedAt: event.at, question: undefined, deviceCode: undefined };
  }
}

function withStep(steps: readonly Step[], event: Extract<OperationEvent, { type: "step" }>): readonly Step[] {
  const ended = event.state === "done" || event.state === "failed" || event.state === "skipped";
  const known = steps.find((step) => step.id === event.id);
  const step: Step = {
    id: event.id,
    title: event.title,
    state: event.state,
    detail: event.detail,
    startedAt: known?.startedAt ?? event.at,
    endedAt: ended ? event.at : undefined,
  };
  return known ? steps.map((old) => (old.id === event.id ? step : old)) : [...steps, step];
}
