/** This folder: the one type of every action, its runs and their history. Not here: what any action does. */
/** One operation, one type: what every action yields, whoever shows it. */

import type { Failure } from "../failure.ts";
import type { MachineName } from "../fleet/machines.ts";
import type { KernelView } from "../kernel/view.ts";
import type { PlanView } from "../plan/view.ts";
import type { Store } from "../store.ts";

export type StepState = "running" | "waiting" | "done" | "failed" | "skipped";

/** One of the things that a yes does: a row of the question's table. */
export interface Deed {
  /** A verb: "Stop". */
  readonly act: string;
  /** What it is done to: an ID. */
  readonly object: string;
  readonly consequence?: string;
  readonly irreversible?: boolean;
}

/** A question that the operation cannot go on without. */
export type Question =
  | {
      readonly kind: "confirm";
      readonly title: string;
      /** Exactly what a yes does, in order. */
      readonly deeds?: readonly Deed[];
      /** What else is to be known, one line each. */
      readonly lines: readonly string[];
      readonly yes: string;
      readonly no: string;
      /** Where set, the person types this word to say yes: for what is dangerous. */
      readonly typed?: string;
    }
  | {
      readonly kind: "choose";
      readonly title: string;
      readonly deeds?: readonly Deed[];
      readonly lines: readonly string[];
      readonly choices: readonly Choice[];
    }
  | {
      readonly kind: "text";
      readonly title: string;
      readonly lines: readonly string[];
      readonly placeholder: string;
      /** A sentence where `text` will not do. */
      readonly check: (text: string) => string | undefined;
    };

export interface Choice {
  readonly id: string;
  readonly label: string;
  readonly detail?: string;
}

/** What the person answered; `undefined` in place of an answer means no. */
export type Answer = string;

export type Outcome =
  | { readonly status: "done"; readonly sentence: string; readonly next?: string }
  | { readonly status: "nothing-to-do"; readonly sentence: string; readonly next?: string }
  | { readonly status: "blocked"; readonly sentence: string; readonly next?: string }
  | { readonly status: "cancelled"; readonly sentence: string; readonly next?: string }
  | { readonly status: "failed"; readonly failure: Failure };

/** What the history stores and every view is made from. `at` is milliseconds since the epoch. */
export type OperationEvent =
  | {
      readonly type: "start";
      readonly at: number;
      readonly name: string;
      readonly title: string;
      readonly machine?: MachineName;
    }
  | {
      readonly type: "step";
      readonly at: number;
      readonly id: string;
      readonly title: string;
      readonly state: StepState;
      /** What is being waited for and why, or what came of it. */
      readonly detail?: string;
    }
  | { readonly type: "log"; readonly at: number; readonly stream: "out" | "err" | "note"; readonly text: string }
  | {
      readonly type: "progress";
      readonly at: number;
      readonly done: number;
      readonly total: number;
      readonly unit: string;
    }
  | { readonly type: "question"; readonly at: number; readonly id: number; readonly question: Question }
  | { readonly type: "answer"; readonly at: number; readonly id: number; readonly answer: Answer | undefined }
  /** Sign-in only: what to show while the person approves elsewhere. Never stored in the history. */
  | { readonly type: "device-code"; readonly at: number; readonly prompt: DevicePrompt | undefined }
  | { readonly type: "result"; readonly at: number; readonly outcome: Outcome };

/** A device authorization that waits for the person's approval (aws.md, "Sign-in"). */
export interface DevicePrompt {
  readonly userCode: string;
  readonly url: string;
  /** The URL that carries the code with it. */
  readonly urlComplete: string;
  readonly expiresAt: number;
  /** What the last poll said, where it is worth a word: "AWS asked us to poll more slowly". */
  readonly note?: string;
}

/** What a running operation is given to speak with. */
export interface OperationContext {
  /** Aborts when the person cancels; the operation stops after its current call. */
  readonly signal: AbortSignal;
  /** Reports a step, new or known; the same id again updates it. */
  readonly step: (id: string, title: string, state: StepState, detail?: string) => void;
  readonly log: (text: string, stream?: "out" | "err" | "note") => void;
  readonly progress: (done: number, total: number, unit: string) => void;
  /** Asks and waits. Resolves with `undefined` where the person says no. For `confirm`, yes is the string "yes". */
  readonly ask: (question: Question) => Promise<Answer | undefined>;
  readonly deviceCode: (prompt: DevicePrompt | undefined) => void;
  /** From now on, whether quitting may end it without a word: overrides the operation's own `harmlessToDrop`. */
  readonly harmless: (yes: boolean) => void;
  /** Tells which steps are to come, where that depends on what was found and on what the person chose. */
  readonly expects: (steps: readonly StepAhead[]) => void;
}

/** A step that an operation of this kind usually has. */
export interface StepAhead {
  readonly id: string;
  readonly title: string;
  /** How long it usually takes, in milliseconds. */
  readonly usualMs: readonly [least: number, most: number];
}

export interface Operation {
  /** The verb, as in the Make target: "start", "swap", "login". */
  readonly name: string;
  /** For the person: "Start fcvm-metal-arm". */
  readonly title: string;
  readonly machine?: MachineName;
  /** Whether quitting the cockpit may end it without a word; what changes the world says false. */
  readonly harmlessToDrop?: boolean;
  /** The steps that it usually has, the first to come first, for a screen that shows how far it is. */
  readonly ahead?: Store<readonly StepAhead[]>;
  /** What it plans and applies, for a screen that shows more than its steps. */
  readonly plan?: Store<PlanView>;
  /** The kernel build that it follows, for a screen that shows its progress and its whole log. */
  readonly kernel?: Store<KernelView>;
  /** Throws a FailureError (or anything: it becomes one); otherwise gives its outcome. */
  readonly run: (context: OperationContext) => Promise<Outcome>;
}
