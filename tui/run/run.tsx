/** This folder: a run on the screen: its steps, log, questions, and the strip of those under way. Not here: what a run does (ops/operation). */
/** The one view that draws any operation: live with its questions and its sign-in, or read-only from the history. */

import { Box } from "ink";
import { useState } from "react";
import type { Environment } from "../../ops/environment.ts";
import type { Machine } from "../../ops/fleet/model.ts";
import type { KernelView } from "../../ops/kernel/view.ts";
import type { Run, RunState } from "../../ops/operation/run.ts";
import type { StepAhead } from "../../ops/operation/types.ts";
import { NOTHING_YET, type PlanView } from "../../ops/plan/view.ts";
import { cell } from "../../ops/store.ts";
import { ConfirmDialog } from "../dialogs/dialog.tsx";
import { QuestionDialog } from "../dialogs/question.tsx";
import { FILTER_HINTS } from "../dialogs/use-filter.ts";
import { type Line, t, ticking } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { elapsed } from "../format/words.ts";
import { KERNEL_PACE_MS, KernelBody, kernelHints } from "../kernel/kernel.tsx";
import { keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { logHints } from "../log/log-view.tsx";
import { type Looked, nextLook, PlanBody, planHints } from "../plan/plan.tsx";
import { type Hint, Panel, type Window } from "../shared/overlay.tsx";
import { OUTCOME_LOOK } from "../shared/run-line.ts";
import { useCalmStore } from "../shared/use-calm-store.ts";
import { useStore } from "../shared/use-store.ts";
import { DeviceCode } from "../sign-in/device-code.tsx";
import { machineHead } from "./machine-head.ts";
import { kernelNews, planNews, runNews } from "./news.ts";
import { RunView } from "./run-view.tsx";

interface RunScreenProps extends Window {
  readonly run: Run;
  readonly environment: Environment;
  /** Escape: back to what is under it. The run goes on. */
  readonly onBack: () => void;
  /** The machine that it is about, as it was seen last. */
  readonly machine?: Machine | undefined;
  /** Opens a shell on its machine: offered once it has ended well. */
  readonly onShell?: () => void;
}

/** Hears Ctrl+C itself, and asks whether to stop, while the run is live and not stopping yet. */
export function RunScreen({ run, environment, onBack, machine, onShell, ...window }: RunScreenProps) {
  // Terraform and a build say hundreds of things a second; the former wants the processor itself.
  const pace = run.plan || run.kernel ? CALM_PACE_MS : undefined;
  const state = useCalmStore(run, pace, runNews);
  const [stopping, setStopping] = useState(false);
  const { question, deviceCode } = state;
  const plan = useCalmStore(run.plan ?? NO_PLAN, pace, planNews);
  const [wanted, setWanted] = useState<Looked | undefined>();
  const kernel = useCalmStore(run.kernel ?? NO_KERNEL, KERNEL_PACE_MS, kernelNews);
  const ahead = useStore(run.ahead ?? NOTHING_AHEAD);
  const [atSteps, setAtSteps] = useState(false);
  const [answering, setAnswering] = useState<number | undefined>();
  const look: Looked = plan.planned ? (wanted ?? (plan.apply ? "apply" : "tree")) : "log";
  // A plan is looked at first, and answered for when it is understood; any other question is asked at once.
  const waits = question !== undefined && plan.phase === "planned" && answering !== question.id;
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
    <Box width={window.columns} height={window.rows} flexDirection="column" overflow="hidden">
      <Box flexShrink={0} aria-hidden={(question && !waits) || asksToStop}>
        <RunPanel
          {...window}
          active={active && (!question || waits) && !asksToStop}
          state={state}
          live={live}
          environment={environment}
          onBack={onBack}
          ahead={ahead}
          head={machine ? machineHead(machine) : []}
          {...(onShell && state.outcome?.status === "done" && ENDS_IN_A_SHELL.includes(state.name) ? { onShell } : {})}
          plan={plan}
          look={look}
          onLook={() => plan.planned && setWanted(nextLook(look, plan))}
          {...(kernel && { kernel: { view: kernel, atSteps, onLook: setAtSteps } })}
          {...(waits ? { onAnswer: () => setAnswering(question.id) } : {})}
        />
      </Box>
      {question && !waits && !asksToStop && (
        <QuestionDialog
          key={question.id}
          {...window}
          question={question.question}
          onAnswer={(answer) => run.answer(question.id, answer)}
        />
      )}
      {asksToStop && (
        <StopDialog {...window} state={state} kernel={kernel} onStop={stop} onGoOn={() => setStopping(false)} />
      )}
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
  readonly ahead?: readonly StepAhead[];
  readonly head?: readonly Line[];
  readonly onShell?: () => void;
  readonly plan?: PlanView;
  readonly look?: Looked;
  readonly onLook?: () => void;
  /** The plan's question waits: opens it. */
  readonly onAnswer?: () => void;
  readonly kernel?: KernelLook;
}

/** The build that a run follows, and whether its steps are looked at instead. */
interface KernelLook {
  readonly view: KernelView;
  readonly atSteps: boolean;
  readonly onLook: (atSteps: boolean) => void;
}

const CALM_PACE_MS = 200;

const NOTHING_AHEAD = cell<readonly StepAhead[]>([]);
/** After these, a prompt is what was wanted. */
const ENDS_IN_A_SHELL: readonly string[] = ["start", "swap"];

const NO_PLAN = cell(NOTHING_YET);
const NO_KERNEL = cell<KernelView | undefined>(undefined);

function RunPanel({
  state,
  live,
  environment,
  onBack,
  plan,
  look = "log",
  onLook,
  onAnswer,
  kernel,
  ahead,
  head,
  onShell,
  columns,
  rows,
  active,
  clock,
}: RunPanelProps) {
  const [typing, setTyping] = useState(false);
  // Before there is a build, the steps towards it are what there is to see.
  const job = kernel?.view.job;
  const build = kernel && job && !kernel.atSteps ? kernel : undefined;
  const log = !build && (look === "log" || !plan);
  const answer = onAnswer && { apply: onAnswer };
  const hears = active && !typing;
  const toBuild = kernel && job ? { next: () => kernel.onLook(false) } : undefined;
  useKeys(
    "run",
    { back: onBack, ...(onLook && { next: onLook }), ...toBuild, ...(onShell && { shell: onShell }) },
    { active: hears && log },
  );
  useKeys("plan", { ...(onLook && { next: onLook }), ...answer }, { active: hears && !log && !build });
  const moving = state.steps.some((step) => step.state === "running" || step.state === "waiting");
  const inner = { active, clock, environment, state, onTyping: setTyping };
  const hints: readonly Hint[] = [
    ...(onShell ? ([[keyOf("run", "shell"), "a shell on it"]] as const) : []),
    [keyOf("run", "back"), live ? "leave running" : "back"],
    ...(live ? ([[keyOf("run", "cancel"), "stop"]] as const) : []),
    ...(build ? kernelHints(build.view) : []),
    ...(log || build || !plan ? [] : planHints(plan, onAnswer !== undefined)),
    ...(log && plan?.planned ? ([[keyOf("run", "next"), "the plan"]] as const) : []),
    ...(log && toBuild ? ([[keyOf("run", "next"), "the build"]] as const) : []),
    [keyOf("run", "help"), "keys"],
    ...(log && state.log.length ? logHints("run") : []),
  ];
  return (
    <Panel
      columns={columns}
      rows={rows}
      clock={clock}
      title={titleLine(state, live, job?.state === "running")}
      busy={live && !moving}
      hints={typing ? (log || build ? TYPING_HINTS : FILTER_HINTS) : active ? hints : []}
      tone={state.outcome?.status === "failed" ? "border.error" : "border.focus"}
    >
      {(width, height) =>
        build ? (
          <KernelBody
            {...inner}
            view={build.view}
            columns={width}
            rows={height}
            onBack={onBack}
            onLook={() => build.onLook(true)}
          />
        ) : log || !plan ? (
          <RunView
            {...inner}
            {...(ahead && { ahead })}
            {...(head && { head })}
            live={live}
            columns={width}
            rows={height}
          />
        ) : (
          <PlanBody
            {...inner}
            view={plan}
            look={look === "log" ? "tree" : look}
            columns={width}
            rows={height}
            onBack={onBack}
          />
        )
      }
    </Panel>
  );
}

const TYPING_HINTS: readonly Hint[] = [
  [keyOf("typed", "accept"), "find"],
  [keyOf("typed", "back"), "no search"],
];

function titleLine(state: RunState, live: boolean, building: boolean): Line {
  const { endedAt, outcome } = state;
  // What somebody thought over is no time that anything took.
  const startedAt = state.startedAt + state.waitedMs;
  const title = t(clean(state.title), "text.strong");
  if (live) {
    const words = state.cancelling
      ? building
        ? "stopping the build on the machine"
        : "stopping after the current call"
      : state.question
        ? "waits for an answer"
        : "running";
    if (state.question) return [title, t(`  ${words}`, "status.busy")];
    return [title, t(`  ${words} `, "status.busy"), ticking((now) => elapsed(startedAt, now), "status.busy")];
  }
  if (!outcome || endedAt === undefined) return [title, t("  not finished", "status.warn")];
  const [, word, token] = OUTCOME_LOOK[outcome.status];
  // How long somebody thought before saying no is no time that anything took.
  if (outcome.status === "cancelled") return [title, t(`  ${word}`, token)];
  return [title, t(`  ${word} `, token), t(`after ${elapsed(startedAt, endedAt)}`, "text.dim")];
}

interface StopDialogProps extends Window {
  readonly state: RunState;
  readonly kernel: KernelView | undefined;
  readonly onStop: () => void;
  readonly onGoOn: () => void;
}

function StopDialog({ state, kernel, onStop, onGoOn, ...window }: StopDialogProps) {
  const building = kernel?.job?.state === "running" ? kernel : undefined;
  return (
    <ConfirmDialog
      {...window}
      tone="border.warn"
      title={`Stop "${state.title}"?`}
      lines={
        building
          ? [
              `This stops the build on ${building.machine}, whoever began it. What is compiled stays: the next build goes on from there.`,
              "Leaving this screen does not stop it, nor does quitting the cockpit.",
            ]
          : [
              "It stops after its current call: what is done stays done.",
              "Started again, it looks at the world and goes on from there.",
            ]
      }
      no="Let it run"
      yes={building ? "Stop the build" : "Stop it"}
      onNo={onGoOn}
      onYes={onStop}
    />
  );
}
