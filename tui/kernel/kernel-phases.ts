/** The phases of a build in a row: what is over and how long it took, what is under way, what is to come. Pure. */

import type { KernelJob, KernelPhase, KernelView } from "../../ops/kernel/view.ts";
import type { RunState, Step } from "../../ops/operation/run.ts";
import { cellOf, join, type Line, lineWidth, t, ticking } from "../format/line.ts";
import { elapsed } from "../format/words.ts";
import { phasesOf } from "./kernel-words.ts";

interface PhasesInput {
  readonly view: KernelView;
  readonly state: Pick<RunState, "steps" | "startedAt">;
  readonly columns: number;
  readonly now: number;
}

const GAP = t("  ");
const DONE: Line[number] = { text: "✓", token: "status.ok", spoken: "done" };
const MOST_ROWS = 2;
/** " 59 min": what stands behind it stays where it is while it counts. */
const TIME_COLUMNS = 7;

/** One row while it runs, in the longest of the ways that fit; with every duration, in two at most, when it is over. */
export function phaseLines({ view, state, columns, now }: PhasesInput, job: KernelJob): readonly Line[] {
  if (job.unchanged) return [];
  const all = phasesOf(job.kind);
  const running = job.state === "running";
  const current = running ? view.progress.phase : job.phase;
  const at = current === "done" ? all.length : all.indexOf(current);
  const seen = seenPhases(state, job);
  const part = (phase: KernelPhase, index: number, times: boolean): Line => {
    const time = timeOf(seen.get(phase));
    if (index > at) return [{ text: "·", token: "text.dim", spoken: "to come" }, t(` ${phase}`, "text.dim")];
    if (index < at) return [DONE, t(` ${phase}${times ? time : ""}`, "text.dim")];
    if (!running)
      return [{ text: "✗", token: "status.error", spoken: "failed" }, t(` ${phase}${time}`, "status.error")];
    return [
      { text: "▸", token: "status.busy", spoken: "now" },
      t(` ${phase}`, "status.busy"),
      ...underWay(seen.get(phase)),
    ];
  };
  const whole = all.map((phase, index) => part(phase, index, true));
  const one = join(whole, GAP);
  if (lineWidth(one, now) <= columns) return [one];
  if (!running) return wrapped(whole, columns, now).slice(0, MOST_ROWS);
  const before = all.slice(0, Math.max(0, at));
  const after = all.slice(at + 1);
  const brief = join(
    [
      before.length ? [DONE, t(` ${before.join(" ")}`, "text.dim")] : [],
      ...(all[at] ? [part(all[at], at, true)] : []),
      after.length ? [{ text: "·", token: "text.dim", spoken: "to come" }, t(` ${after.join(" ")}`, "text.dim")] : [],
    ],
    GAP,
  );
  if (lineWidth(brief, now) <= columns) return [brief];
  const phase = all[at];
  return phase ? [[t(`phase ${at + 1} of ${all.length}: ${phase}`, "status.busy"), ...underWay(seen.get(phase))]] : [];
}

/** A build that began longer than this before its run was found under way. */
const LATE_MS = 10_000;

/** The steps of the phases that were seen from their beginning: in a build found under way, those after the first one. */
function seenPhases({ steps, startedAt }: PhasesInput["state"], job: KernelJob): ReadonlyMap<string, Step> {
  const phases = steps.filter(({ id }) => id.startsWith(PREFIX));
  const late = startedAt - job.startedAt > LATE_MS;
  const first = phases.findIndex(({ detail, state }) => state === "running" || detail === undefined);
  return new Map(phases.slice(late ? first + 1 : 0).map((step) => [step.id.slice(PREFIX.length), step]));
}

/** As ops/kernel/view-builder.ts names the steps of a build. */
const PREFIX = "build-";

function underWay(step: Step | undefined): Line {
  if (!step) return [];
  const { startedAt } = step;
  return [cellOf([ticking((now) => ` ${elapsed(startedAt, now)}`, "status.busy")], TIME_COLUMNS)];
}

/** Shorter than this is no time worth telling. */
const NOTICED_MS = 1000;

/** " 12 s"; nothing where nobody saw it begin. */
function timeOf(step: Step | undefined): string {
  const { startedAt, endedAt } = step ?? {};
  if (startedAt === undefined || endedAt === undefined || endedAt - startedAt < NOTICED_MS) return "";
  return ` ${elapsed(startedAt, endedAt)}`;
}

function wrapped(parts: readonly Line[], columns: number, now: number): readonly Line[] {
  const rows: Line[] = [];
  for (const part of parts) {
    const joined = rows.length ? join([rows.at(-1) ?? [], part], GAP) : part;
    if (rows.length && lineWidth(joined, now) <= columns) rows[rows.length - 1] = joined;
    else rows.push(part);
  }
  return rows;
}
