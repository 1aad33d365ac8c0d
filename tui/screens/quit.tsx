/** Before the cockpit ends: what would end with it, named, and one question. */

import { Box } from "ink";
import type { RunState } from "../../ops/operation/run.ts";
import type { SessionSummary } from "../../ops/ssh/types.ts";
import { ConfirmDialog } from "../components/dialog.tsx";
import type { Window } from "../components/overlay.tsx";
import { count } from "../format/words.ts";

interface QuitDialogProps extends Window {
  readonly lines: readonly string[];
  readonly onQuit: () => void;
  readonly onStay: () => void;
}

export function QuitDialog({ lines, onQuit, onStay, ...window }: QuitDialogProps) {
  return (
    <Box width={window.columns} height={window.rows} overflow="hidden">
      <ConfirmDialog
        {...window}
        tone="border.warn"
        title="Quit the cockpit?"
        lines={lines}
        no="Stay"
        yes="Quit"
        onNo={onStay}
        onYes={onQuit}
      />
    </Box>
  );
}

/** What would end with the cockpit, for QuitDialog; none where nothing is lost, and quitting then asks nothing. */
export function quitLines(sessions: readonly SessionSummary[], runs: readonly RunState[]): readonly string[] {
  const open = sessions.filter((session) => !session.end);
  const busy = runs.filter((run) => !run.outcome && !run.harmlessToDrop);
  return [
    ...(open.length ? [`${count(open.length, "shell")} will end:`] : []),
    ...open.map((session) => `  ${session.machine}: ${session.title}`),
    ...(open.length && busy.length ? [""] : []),
    ...(busy.length
      ? [`${count(busy.length, "run")} will stop after the current call; started again, each goes on:`]
      : []),
    ...busy.map((run) => `  ${run.title}${stepOf(run)}`),
  ];
}

function stepOf(run: RunState): string {
  const step = run.steps.findLast((one) => one.state === "running" || one.state === "waiting");
  return step ? `, at "${step.title}"` : "";
}
