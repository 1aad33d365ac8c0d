/** What runs behind the fleet screen, one row each: what it does, since when, and whether it waits for an answer. */

import { useEffect, useState } from "react";
import type { Clock } from "../../ops/clock.ts";
import type { KernelJob, KernelView } from "../../ops/kernel/view.ts";
import type { Run, RunState } from "../../ops/operation/run.ts";
import { cell } from "../../ops/store.ts";
import { firstFitting } from "../format/grid.ts";
import { cellOf, type Line, lineWidth, t, ticking } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { ago, count, elapsed, percent } from "../format/words.ts";
import { doing, leftWords, shareWords } from "../kernel/kernel-words.ts";
import { keyOf } from "../keys/registry.ts";
import { Row } from "../shared/rows.tsx";
import { OUTCOME_LOOK } from "../shared/run-line.ts";
import { SpinnerRow } from "../shared/spinner.tsx";
import { useCalmStore } from "../shared/use-calm-store.ts";
import { kernelNews, runNews } from "./news.ts";
import { cancelledWords, isGivenUp } from "./outcome.ts";

interface RunStripProps {
  /** Newest first, as `Operations` gives them. */
  readonly runs: readonly Run[];
  readonly columns: number;
  readonly clock: Clock;
}

/** Figures in the corner of the eye: no more often than a second passes. */
const KERNEL_PACE_MS = 1000;
const NO_KERNEL = cell<KernelView | undefined>(undefined);

const SPINNER_COLUMNS = 2;

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
  const hint: Line = first ? [t("  "), t(keyOf("fleet", "runs"), "key"), t(" look", "text.dim")] : [];
  const room = Math.max(0, columns - (live ? SPINNER_COLUMNS : 0) - lineWidth(hint, 0));
  const said = firstFitting(stripLines(state, kernel), room, clock.now());
  // The key is not what gives way.
  const line: Line = [...(lineWidth(said, clock.now()) > room ? [cellOf(said, room)] : said), ...hint];
  return live ? (
    <SpinnerRow line={line} width={columns} clock={clock} />
  ) : (
    <Row line={line} width={columns} clock={clock} />
  );
}

/** Whether the run is no news any more: it ended long ago, or in a shell, which was seen, or was given up. */
function isPast(state: RunState, clock: Clock): boolean {
  const { name, outcome, endedAt } = state;
  if ((name === "ssh" && outcome?.status === "done") || isGivenUp(state)) return true;
  return endedAt !== undefined && clock.now() >= endedAt + SHOWN_MS;
}

/** The same, and rendered again when it comes to be so. */
function useGone(state: RunState, clock: Clock): boolean {
  const { endedAt } = state;
  const past = isPast(state, clock);
  const [gone, setGone] = useState(past);
  useEffect(() => {
    if (endedAt === undefined) return;
    const timer = setTimeout(() => setGone(true), Math.max(0, endedAt + SHOWN_MS - clock.now()));
    return () => clearTimeout(timer);
  }, [endedAt, clock]);
  return gone || past;
}

/** What is said of a run, the longest first. */
function stripLines(state: RunState, kernel: KernelView | undefined): readonly Line[] {
  const building = !state.outcome && !state.question && kernel?.job?.state === "running";
  return building ? buildLines(state, kernel, kernel.job) : [stripLine(state, kernel)];
}

function stripLine(state: RunState, kernel: KernelView | undefined): Line {
  const { startedAt, endedAt, outcome, question, cancelling } = state;
  const title = t(clean(state.title), "text.strong");
  if (outcome) {
    const [mark, word, token] = OUTCOME_LOOK[outcome.status];
    const { sentence } = outcome.status === "failed" ? outcome.failure : outcome;
    // A build that was found under way took longer than it was followed.
    const since = kernel?.job ? Math.min(startedAt, kernel.job.startedAt) : startedAt;
    if (outcome.status === "cancelled") return [t(`${mark} `, token), title, t(`: ${cancelledWords(outcome)}`, token)];
    const after = endedAt === undefined ? "" : ` after ${elapsed(since, endedAt)}`;
    return [t(`${mark} `, token), title, t(`  ${word}${after}`, token), t(`  ${clean(sentence)}`, "text.dim")];
  }
  const since = startedAt + state.waitedMs;
  const time = ticking((now) => ` ${elapsed(since, now)}`, "status.busy");
  if (question) return [title, time, t("  asks: ", "status.warn"), t(clean(question.question.title), "status.warn")];
  if (cancelling) return [title, time, t("  stopping after the current call", "status.warn")];
  const step = state.steps.findLast((one) => one.state === "running" || one.state === "waiting") ?? state.steps.at(-1);
  const share: Line = state.progress?.total
    ? [t(`  ${percent(Math.min(1, state.progress.done / state.progress.total))}`, "text.strong")]
    : [];
  return [title, time, ...share, ...(step ? [t(`  ${step.state}: ${clean(step.title)}`, "text.dim")] : [])];
}

/** "54 %  compiling  about 40 s left", and in words where nobody follows just now. */
function buildLines({ title, cancelling }: RunState, view: KernelView, { startedAt }: KernelJob): readonly Line[] {
  const { progress, link, errors, machine } = view;
  const time = ticking((now) => ` ${elapsed(startedAt, now)}`, "status.busy");
  const name = t(clean(title), "text.strong");
  if (cancelling) return [[name, time, t("  stopping the build on the machine", "status.warn")]];
  const share = t(`  ${shareWords(progress).trim()}`, "text.strong");
  const words = leftWords(progress);
  const left: Line = words ? [t(`  ${words}`, "text.dim")] : [];
  const wrong: Line = errors ? [t(`  ${count(errors, "error")}`, "status.error")] : [];
  const phase = t(`  ${doing(progress.phase)}`, "text.dim");
  const lost = (more: string): Line =>
    link.state === "lost" ? [ticking((now) => `  link lost ${ago(link.since, now)}${more}`, "status.warn")] : [];
  const goesOn = lost("; it goes on there");
  const short = t(`Kernel on ${machine}`, "text.strong");
  return [
    [name, time, share, phase, ...left, ...wrong, ...goesOn],
    [short, share, phase, ...left, ...wrong, ...goesOn],
    [short, share, ...(goesOn.length ? lost("") : [...left, ...wrong])],
  ];
}
