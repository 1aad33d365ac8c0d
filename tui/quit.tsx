/** Before the cockpit ends: what would end with it, named, and one question. */

import { Box } from "ink";
import type { Environment } from "../ops/environment.ts";
import type { KernelView } from "../ops/kernel/view.ts";
import type { Run, RunState } from "../ops/operation/run.ts";
import type { SessionSummary } from "../ops/ssh/types.ts";
import { ConfirmDialog } from "./dialogs/dialog.tsx";
import { count } from "./format/words.ts";
import { doing } from "./kernel/kernel-words.ts";
import type { Window } from "./shared/overlay.tsx";

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

/**
 * What would end with the cockpit, and the builds that go on without it, for QuitDialog; none where there is nothing to
 * say, and quitting then asks nothing.
 */
export function quitLines(
  sessions: readonly SessionSummary[],
  runs: readonly Pick<Run, "get" | "kernel">[],
): readonly string[] {
  const open = sessions.filter((session) => !session.end && !session.stays);
  const staying = sessions.filter(staysWithoutUs);
  const live = runs.filter((run) => !run.get().outcome);
  const builds = live.filter(isBuilding);
  const applies = live.filter(isApplying);
  const busy = live.filter((run) => !isBuilding(run) && !run.get().harmlessToDrop).map((run) => run.get());
  const blocks = [
    [
      open.length ? `${count(open.length, "shell")} will end:` : "",
      ...open.map((session) => `  ${session.machine}: ${session.title}`),
    ],
    [
      busy.length ? `${count(busy.length, "run")} will stop after the current call; started again, each goes on:` : "",
      ...busy.map((run) => `  ${run.title}${stepOf(run)}`),
    ],
    [
      applies.length
        ? `${count(applies.length, "run")} of Terraform will go on without the cockpit, which follows it when it is back:`
        : "",
      ...applies.map((run) => `  ${run.get().title}`),
    ],
    [
      builds.length ? `${count(builds.length, "build")} will go on without the cockpit:` : "",
      ...builds.map((run) => `  ${run.get().title}${buildOf(run.kernel?.get())}`),
    ],
  ].filter(([heading]) => heading !== "");
  // By itself it is nothing to ask about: it is said on leaving.
  if (blocks.length > 0 && staying.length > 0) {
    blocks.push([
      `${count(staying.length, "shell")} will stay, with what runs there:`,
      ...staying.map((session) => `  ${session.machine}: ${session.title}`),
    ]);
  }
  return blocks.flatMap((lines, index) => (index ? ["", ...lines] : lines));
}

/** The last word on leaving: which shells live on, and how to come back to them. A demo's machines end with its cockpit. */
export function stayingWords(
  sessions: readonly SessionSummary[],
  { env }: Pick<Environment, "env">,
): string | undefined {
  const staying = sessions.filter(staysWithoutUs);
  if (staying.length === 0) return undefined;
  const where = [...new Set(staying.map(({ machine }) => machine))].join(" and ");
  if (env.SNOWGLOBE_DEMO_ENV)
    return `The demo's machines end here, and with them ${count(staying.length, "shell")} on ${where}.`;
  const [stay, them] = staying.length === 1 ? ["stays", "it"] : ["stay", "them"];
  return `${count(staying.length, "shell")} ${stay} on ${where}, with what runs there: Enter takes ${them} up again, from any computer.`;
}

function staysWithoutUs({ end, stays }: SessionSummary): boolean {
  return !end && stays;
}

/** Whether what it follows lives on its machine, and not here. */
function isBuilding({ kernel }: Pick<Run, "kernel">): boolean {
  return kernel?.get().job?.state === "running";
}

/** Whether Terraform is at it in a container of its own. */
function isApplying({ get }: Pick<Run, "get">): boolean {
  const { name, harmlessToDrop } = get();
  return harmlessToDrop && (name === "apply" || name === "destroy");
}

function buildOf(view: KernelView | undefined): string {
  return view ? `, ${doing(view.progress.phase)}` : "";
}

function stepOf(run: RunState): string {
  const step = run.steps.findLast((one) => one.state === "running" || one.state === "waiting");
  return step ? `, at "${step.title}"` : "";
}
