/** Any question of an operation, as the dialog of its kind. */

import type { Answer, Question } from "../../ops/operation/types.ts";
import type { Window } from "../shared/overlay.tsx";
import { ChooseDialog } from "./choose-dialog.tsx";
import { ConfirmDialog } from "./dialog.tsx";
import { TextDialog } from "./text-dialog.tsx";
import { TypedDialog } from "./typed-dialog.tsx";

interface QuestionProps extends Window {
  readonly question: Question;
  /** Called once; without an answer the person said no. */
  readonly onAnswer: (answer: Answer | undefined) => void;
}

export function QuestionDialog({ question, onAnswer, ...window }: QuestionProps) {
  const yes = () => onAnswer("yes");
  const no = () => onAnswer(undefined);
  switch (question.kind) {
    case "confirm":
      return question.typed === undefined ? (
        <ConfirmDialog {...window} {...question} onYes={yes} onNo={no} />
      ) : (
        <TypedDialog {...window} {...question} word={question.typed} onYes={yes} onNo={no} />
      );
    case "choose":
      return <ChooseDialog {...window} {...question} onChoice={onAnswer} onNo={no} />;
    case "text":
      return <TextDialog {...window} {...question} onText={onAnswer} onNo={no} />;
  }
}
