/** What a question's yes does, as text: the same on the screen and on the command line. Pure. */

import type { Deed, Question } from "./types.ts";

/** "Stop i-0abc: what runs on it ends." */
export function sayDeed({ act, object, consequence }: Deed): string {
  return `${act} ${object}${consequence ? `: ${consequence}` : ""}.`;
}

/** Everything that a question says, as lines: its deeds numbered, then the rest. */
export function questionLines(question: Question): readonly string[] {
  const deeds = "deeds" in question ? (question.deeds ?? []) : [];
  return [...deeds.map((deed, index) => `${index + 1}  ${sayDeed(deed)}`), ...question.lines];
}
