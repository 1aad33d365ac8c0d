/** How a run came out, as a mark, a word and a style: the same wherever it is told. */

import type { Outcome } from "../../ops/operation/types.ts";
import type { Token } from "../shared/theme.ts";

export const OUTCOME_LOOK: Readonly<Record<Outcome["status"], readonly [mark: string, word: string, token: Token]>> = {
  done: ["✓", "done", "status.ok"],
  "nothing-to-do": ["✓", "nothing to do", "status.ok"],
  blocked: ["!", "blocked", "status.warn"],
  cancelled: ["■", "stopped", "status.warn"],
  failed: ["✗", "failed", "status.error"],
};
