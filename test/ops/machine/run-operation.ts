/** Runs an operation as the cockpit would, answering its questions. */

import type { MachineTools } from "../../../ops/machine/tools.ts";
import { startRun } from "../../../ops/operation/run.ts";
import type { Operation, Outcome, Question } from "../../../ops/operation/types.ts";

interface Ran {
  readonly outcome: Outcome;
  readonly questions: readonly Question[];
  readonly steps: readonly string[];
  readonly log: readonly string[];
}

/** @param answer what the person says to each question; undefined is no */
export async function runOperation(
  operation: Operation,
  tools: MachineTools,
  answer: (question: Question) => string | undefined = yes,
): Promise<Ran> {
  const questions: Question[] = [];
  const run = startRun("1", operation, tools.clock, tools.explain, (event) => {
    if (event.type !== "question") return;
    questions.push(event.question);
    queueMicrotask(() => run.answer(event.id, answer(event.question)));
  });
  const outcome = await run.finished;
  const { steps, log } = run.get();
  return {
    outcome,
    questions,
    steps: steps.map((step) => `${step.id} ${step.state}`),
    log: log.map((line) => line.text),
  };
}

/** Yes to a question of yes and no; of choices, the first that does anything. */
export function yes(question: Question): string | undefined {
  return question.kind === "choose" ? question.choices.find(({ id }) => id !== "cancel")?.id : "yes";
}
