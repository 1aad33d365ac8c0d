/** What runs behind the fleet screen, one row each: what it does, since when, and whether it waits for an answer. */

import { useEffect, useState } from "react";
import type { Clock } from "../../ops/clock.ts";
import type { KernelJob, KernelView } from "../../ops/kernel/view.ts";
import type { Run, RunState } from "../../ops/operation/run.ts";
import { cell } from "../../ops/store.ts";
import { type Line, t, ticking } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { ago, count, elapsed } from "../format/words.ts";
import { keyOf } from "../keys/registry.ts";
import { kernelNews, runNews } from "../state/news.ts";
import { useCalmStore } from "../use-calm-store.ts";
import { doing, leftWords, shareWords } from "./kernel-words.ts";
import { OUTCOME_LOOK } from "./outcome.ts";
import { Row } from "./rows.tsx";
import { SpinnerRow } from "./spinner.tsx";

interface RunStripProps {
  /** Newest first, as `Operations` gives them. */
  readonly runs: readonly Run[];
  readonly columns: number;
  readonly clock: Clock;
}

/** Figures in the corner of the eye: no more often than a second passes. */
const KERNEL_PACE_MS = 1000;
const NO_KERNEL = cell<KernelView | undefined>(undefined);

/** How long the outcome of a run stays in sight. */
const SHOWN_MS = 20_000;

export function RunStrip({ runs, columns, clock }: RunStripProps) {
  const look = runToLookAt(runs);
  // What is no news any more is not listened to: many ended runs are kept.
  const news = runs.filter((run) => !isPast(run.get(), clock));
  return news.map((run) => (
    <StripRow key={run.get().id} run={run} columns={columns} clock={clock} first={run === look} />
  ));
}

/** The run that its key opens: one that asks, else one that is under way, else the one that ended last. */
export function runToLookAt(runs: readonly Run[]): Run | undefined {
  const asks = runs.find((run) => run.get().question);
  const endedAt = (run: Run) => run.get().endedAt ?? 0;
  const last = () => runs.toSorted((a, b) => endedAt(b) - endedAt(a))[0];
  return asks ?? runs.find((run) => !run.get().outcome) ?? last();
}

function StripRow({ run, columns, clock, first }: Omit<RunStripProps, "runs"> & { run: Run; first: boolean }) {
  const state = useCalmStore(run, undefined, runNews);
  const kernel = useCalmStore(run.kernel ?? NO_KERNEL, KERNEL_PACE_MS, kernelNews);
  const gone = useGone(state, clock);
  if (gone) return null;
  const live = !state.outcome;
  const line: Line = [
    ...stripLine(state, kernel),
    ...(first ? [t("  "), t(keyOf("fleet", "runs"), "key"), t(" look", "text.dim")] : []),
  ];
  return live ? (
    <SpinnerRow line={line} width={columns} clock={clock} />
  ) : (
    <Row line={line} width={columns} clock={clock} />
  );
}

/** Whether the run ended so long ago that it is no news any more. */
function isPast({ endedAt }: RunState, clock: Clock): boolean {
  return endedAt !== undefined && clock.now() >= endedAt + SHOWN_MS;
}

/** The same, and rendered again when it comes to be so. */
function useGone(state: RunState, clock: Clock): boolean {
  const { endedAt } = state;
  const [gone, setGone] = useState(() => isPast(state, clock));
  useEffect(() => {
    if (endedAt === undefined) return;
    const timer = setTimeout(() => setGone(true), Math.max(0, endedAt + SHOWN_MS - clock.now()));
    return () => clearTimeout(timer);
  }, [endedAt, clock]);
  return gone;
}

function stripLine(state: RunState, kernel: KernelView | undefined): Line {
  const { startedAt, endedAt, outcome, question, cancelling } = state;
  const title = t(clean(state.title), "text.strong");
  if (outcome) {
    const [mark, word, token] = OUTCOME_LOOK[outcome.status];
    const { sentence } = outcome.status === "failed" ? outcome.failure : outcome;
    // A build that was found under way took longer than it was followed.
    const since = kernel?.job ? Math.min(startedAt, kernel.job.startedAt) : startedAt;
    const after = endedAt === undefined ? "" : ` after ${elapsed(since, endedAt)}`;
    return [t(`${mark} `, token), title, t(`  ${word}${after}`, token), t(`  ${clean(sentence)}`, "text.dim")];
  }
  const time = ticking((now) => ` ${elapsed(startedAt, now)}`, "status.busy");
  if (question) return [title, time, t("  asks: ", "status.warn"), t(clean(question.question.title), "status.warn")];
  if (kernel?.job?.state === "running") return [title, ...buildPieces(kernel, kernel.job, cancelling)];
  if (cancelling) return [title, time, t("  stopping after the current call", "status.warn")];
  const step = state.steps.findLast((one) => one.state === "running" || one.state === "waiting") ?? state.steps.at(-1);
  return [title, time, ...(step ? [t(`  ${step.state}: ${clean(step.title)}`, "text.dim")] : [])];
}

/** "54 %  compiling  about 40 s left", and in words where nobody follows just now. */
function buildPieces({ progress, link, errors }: KernelView, { startedAt }: KernelJob, cancelling: boolean): Line {
  const time = ticking((now) => ` ${elapsed(startedAt, now)}`, "status.busy");
  if (cancelling) return [time, t("  stopping the build on the machine", "status.warn")];
  const left = leftWords(progress);
  return [
    time,
    t(`  ${shareWords(progress).trim()}`, "text.strong"),
    t(`  ${doing(progress.phase)}`, "text.dim"),
    ...(left ? [t(`  ${left}`, "text.dim")] : []),
    ...(errors ? [t(`  ${count(errors, "error")}`, "status.error")] : []),
    ...(link.state === "lost"
      ? [ticking((now) => `  link lost ${ago(link.since, now)}; it goes on there`, "status.warn")]
      : []),
  ];
}
