/** The gate that everything said by an operation goes through, before any screen, terminal or file has it. */

import { redact } from "../aws/redact.ts";
import type { OperationEvent, Outcome, Question } from "./types.ts";

/** The event without secrets in its texts. What a person is to read in full stays: codes to approve, words to type. */
export function discreet(event: OperationEvent): OperationEvent {
  switch (event.type) {
    case "log":
      return { ...event, text: redact(event.text) };
    case "step":
      return event.detail === undefined ? event : { ...event, detail: redact(event.detail) };
    case "question":
      return { ...event, question: { ...event.question, ...discreetTexts(event.question) } };
    case "result":
      return { ...event, outcome: discreetOutcome(event.outcome) };
    default:
      return event;
  }
}

function discreetTexts(question: Question): Pick<Question, "lines"> {
  const lines = question.lines.map(redact);
  if (!("deeds" in question) || !question.deeds) return { lines };
  const deeds = question.deeds.map((deed) =>
    deed.consequence === undefined ? deed : { ...deed, consequence: redact(deed.consequence) },
  );
  return Object.assign({ lines }, { deeds });
}

export function discreetOutcome(outcome: Outcome): Outcome {
  const text = (said: string | undefined) => (said === undefined ? undefined : redact(said));
  if (outcome.status === "failed") {
    const { failure } = outcome;
    const action = text(failure.action);
    return {
      ...outcome,
      failure: { ...failure, sentence: redact(failure.sentence), ...(action ? { action } : {}) },
    };
  }
  const next = text(outcome.next);
  return { ...outcome, sentence: redact(outcome.sentence), ...(next ? { next } : {}) };
}
