/** The one view that draws any operation: live with its questions and its sign-in, or read-only from the history. */

import { Box } from "ink";
import { useState } from "react";
import type { Environment } from "../../ops/environment.ts";
import type { Run, RunState } from "../../ops/operation/run.ts";
import { ConfirmDialog } from "../components/dialog.tsx";
import { logHints } from "../components/log-view.tsx";
import { OUTCOME_LOOK } from "../components/outcome.ts";
import { type Hint, Panel, type Window } from "../components/overlay.tsx";
import { QuestionDialog } from "../components/question.tsx";
import { RunView } from "../components/run-view.tsx";
import { type Line, t, ticking } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { elapsed } from "../format/words.ts";
import { keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { useCalmStore } from "../use-calm-store.ts";
import { DeviceCode } from "./device-code.tsx";

interface RunScreenProps extends Window {
  readonly run: Run;
  readonly environment: Environment;
  /** Escape: back to what is under it. The run goes on. */
  readonly onBack: () => void;
}

/** Hears Ctrl+C itself, and asks whether to stop, while the run is live and not stopping yet. */
export function RunScreen({ run, environment, onBack, ...window }: RunScreenProps) {
  const state = useCalmStore(run);
  const [stopping, setStopping] = useState(false);
  const { question, deviceCode } = state;
  const live = state.outcome === undefined;
  const asksToStop = stopping && live && !state.cancelling;
  const { active } = window;
  const stop = () => {
    setStopping(false);
    run.cancel();
  };
  // While it waits for an answer no call is under way: then, and at the second press, there is nothing more to ask.
  useKeys(
    "run",
    { cancel: () => (question || deviceCode || asksToStop ? stop() : setStopping(true)) },
    { active: active && live && !state.cancelling },
  );
  if (deviceCode && !question && !asksToStop) {
    return <DeviceCode {...window} prompt={deviceCode} environment={environment} onCancel={run.cancel} />;
  }
  return (
    <Box width={window.columns} height={window.rows} overflow="hidden">
      <RunPanel
        {...window}
        active={active && !question && !asksToStop}
        state={state}
        live={live}
        environment={environment}
        onBack={onBack}
      />
      {question && !asksToStop && (
        <QuestionDialog
          key={question.id}
          {...window}
          question={question.question}
          onAnswer={(answer) => run.answer(question.id, answer)}
        />
      )}
      {asksToStop && <StopDialog {...window} state={state} onStop={stop} onGoOn={() => setStopping(false)} />}
    </Box>
  );
}

interface PastRunProps extends Window {
  readonly state: RunState;
  readonly environment: Environment;
  readonly onBack: () => void;
}

/** The same view of a run that is over. */
export function PastRunScreen(props: PastRunProps) {
  return <RunPanel {...props} live={false} />;
}

interface RunPanelProps extends PastRunProps {
  readonly live: boolean;
}

function RunPanel({ state, live, environment, onBack, columns, rows, active, clock }: RunPanelProps) {
  const [typing, setTyping] = useState(false);
  useKeys("run", { back: onBack }, { active: active && !typing });
  const moving = state.steps.some((step) => step.state === "running" || step.state === "waiting");
  const hints: readonly Hint[] = [
    [keyOf("run", "back"), live ? "leave running" : "back"],
    ...(live ? ([[keyOf("run", "cancel"), "stop"]] as const) : []),
    ...(state.log.length ? logHints("run") : []),
  ];
  return (
    <Panel
      columns={columns}
      rows={rows}
      clock={clock}
      title={titleLine(state, live)}
      busy={live && !moving}
      hints={typing ? TYPING_HINTS : active ? hints : []}
      tone={state.outcome?.status === "failed" ? "border.error" : "border.focus"}
    >
      {(width, height) => (
        <RunView
          state={state}
          live={live}
          columns={width}
          rows={height}
          active={active}
          clock={clock}
          environment={environment}
          onTyping={setTyping}
        />
      )}
    </Panel>
  );
}

const TYPING_HINTS: readonly Hint[] = [
  [keyOf("typed", "accept"), "find"],
  [keyOf("typed", "back"), "no search"],
];

function titleLine(state: RunState, live: boolean): Line {
  const { startedAt, endedAt, outcome } = state;
  const title = t(clean(state.title), "text.strong");
  if (live) {
    const words = state.cancelling
      ? "stopping after the current call"
      : state.question
        ? "waits for an answer"
        : "running";
    return [title, t(`  ${words} `, "status.busy"), ticking((now) => elapsed(startedAt, now), "status.busy")];
  }
  if (!outcome || endedAt === undefined) return [title, t("  not finished", "status.warn")];
  const [, word, token] = OUTCOME_LOOK[outcome.status];
  return [title, t(`  ${word} `, token), t(`after ${elapsed(startedAt, endedAt)}`, "text.dim")];
}

function StopDialog({
  state,
  onStop,
  onGoOn,
  ...window
}: Window & { state: RunState; onStop: () => void; onGoOn: () => void }) {
  return (
    <ConfirmDialog
      {...window}
      tone="border.warn"
      title={`Stop "${state.title}"?`}
      lines={[
        "It stops after its current call: what is done stays done.",
        "Started again, it looks at the world and goes on from there.",
      ]}
      no="Let it run"
      yes="Stop it"
      onNo={onGoOn}
      onYes={onStop}
    />
  );
}
