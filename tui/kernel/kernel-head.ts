/** What stands above the log of a kernel build: what is built, how far it is, what is wrong, what came of it. Pure. */

import type { BuildProgress, KernelJob, KernelView } from "../../ops/kernel/view.ts";
import type { RunState } from "../../ops/operation/run.ts";
import { flow } from "../format/flow.ts";
import { firstFitting } from "../format/grid.ts";
import { join, type Line, t, ticking } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { ago, count, elapsed, moment } from "../format/words.ts";
import type { Token } from "../shared/theme.ts";
import { findingWords } from "./kernel-findings.ts";
import { phaseLines } from "./kernel-phases.ts";
import { countWords, doing, leftWords, rateWords, share, shareWords } from "./kernel-words.ts";

interface KernelHeadInput {
  readonly view: KernelView;
  readonly state: RunState;
  readonly columns: number;
  /** Rows at most. */
  readonly height: number;
  readonly now: number;
}

interface Block {
  /** Where rows are short, the highest goes first. */
  readonly rank: number;
  readonly lines: readonly Line[];
}

const dim = (text: string) => t(text, "text.dim");
const GAP = t("  ");

export function kernelHead(input: KernelHeadInput): readonly Line[] {
  const { view, state, columns, height } = input;
  const { job } = view;
  if (!job) return [];
  const under = job.state === "running" && !state.outcome;
  let blocks: readonly Block[] = [
    { rank: 5, lines: [whatLine(input, job)] },
    { rank: 4, lines: phaseLines(input, job) },
    ...(under
      ? [
          { rank: 0, lines: [barLine(view, columns)] },
          { rank: 3, lines: [nowLine(input)] },
          { rank: 0, lines: lostLines(input) },
        ]
      : [
          { rank: view.errors ? 3 : 0, lines: [endLine(job)] },
          { rank: 1, lines: reasonLines(job, state, columns) },
          { rank: 3, lines: [artefactLine(job, state, columns)] },
          { rank: 1, lines: stepLines(state, columns) },
        ]),
    { rank: 2, lines: [countLine(view)] },
    ...(under ? [] : [{ rank: 0, lines: firstErrorLines(view, columns) }]),
  ].map(({ rank, lines }) => ({ rank, lines: lines.filter((line) => line.length > 0) }));
  const rows = () => blocks.reduce((sum, { lines }) => sum + lines.length, 0);
  while (blocks.length > 1 && rows() > height) {
    const going = blocks.reduce((a, b) => (b.rank >= a.rank ? b : a));
    blocks = blocks.filter((block) => block !== going);
  }
  return blocks.flatMap(({ lines }) => lines).slice(0, Math.max(0, height));
}

/** Begun longer than this before the run that shows it: somebody else's, or an earlier cockpit's. */
const PICKED_UP_MS = 60_000;

function whatLine({ view, state, columns, now }: KernelHeadInput, job: KernelJob): Line {
  const what: Line = [t(`${job.kind} kernel ${clean(job.version)}`, "text.strong"), t(` on ${view.machine}`)];
  const inputs: Line = job.hash ? [dim("build ID "), t(clean(job.hash).slice(0, 12))] : [];
  const early = state.startedAt - job.startedAt > PICKED_UP_MS;
  const since = [dim(`since ${moment(job.startedAt, now)}${early ? ", begun elsewhere or before" : ""}`)];
  const id = [dim(`job ${clean(job.id)}`)];
  return firstFitting(
    [[what, inputs, since, id], [what, inputs, since], [what, since], [what]].map((parts) => join(parts, GAP)),
    columns,
    now,
  );
}

const BAR_MOST = 60;
const SHARE_COLUMNS = 6;
/** What stands behind the bar, the longest that leaves the bar some room; as wide whatever it says just now. */
const FIGURES = [
  { columns: 46, from: 72 },
  { columns: 38, from: 54 },
  { columns: 21, from: 32 },
  { columns: 0, from: 0 },
] as const;

/** "██████░░░░  54 %  1366 of 2530 files   38/s  about 40 s left": shape and words, with or without colour. */
function barLine({ progress }: KernelView, columns: number): Line {
  const room = FIGURES.find(({ from }) => columns >= from)?.columns ?? 0;
  const bar = Math.max(0, Math.min(BAR_MOST, columns - SHARE_COLUMNS - room));
  const full = Math.floor((share(progress) ?? 0) * bar);
  return [
    t("█".repeat(full), "status.busy"),
    t("░".repeat(bar - full), "text.dim"),
    t(` ${shareWords(progress)}`, "text.strong"),
    ...firstFitting(figures(progress), room, 0),
  ];
}

/** The longest first. */
function figures(progress: BuildProgress): readonly Line[] {
  const { phase, compiled, total } = progress;
  const said = (...parts: readonly string[]): Line =>
    parts.length
      ? [
          GAP,
          ...join(
            parts.filter(Boolean).map((text) => [t(text)]),
            GAP,
          ),
        ]
      : [];
  const left = leftWords(progress);
  const over = share(progress) === 1;
  if (phase !== "compile") {
    const files = over && compiled > 0 ? `${count(compiled, "file")} compiled` : "";
    return [said(files, over ? left : ""), said(files), []];
  }
  // Room for it before it is known, too.
  const rate = rateWords(progress).padStart(5);
  if (total === undefined) return [said(`${count(compiled, "file")} so far`, rate), said(count(compiled, "file")), []];
  const done = String(compiled).padStart(String(total).length);
  const brief = left.replace("about ", "");
  return [
    said(`${done} of ${count(total, "file")}`, rate, left),
    said(`${done} of ${count(total, "file")}`, left),
    said(`${done}/${total}`, brief),
    said(brief),
    [],
  ];
}

/** What it does this moment: "compiling  CC drivers/net/tun.o". */
function nowLine({ view, state }: KernelHeadInput): Line {
  const { phase, current } = view.progress;
  const words = state.cancelling ? "stopping the build on the machine" : doing(phase);
  return [t(words, "status.busy"), ...(current ? [dim(`  ${clean(current)}`)] : [])];
}

const LOST_ROWS = 2;

function lostLines({ view: { link }, columns, now }: KernelHeadInput): readonly Line[] {
  if (link.state !== "lost") return [];
  const said = (at: number) =>
    flow(`▲ link lost ${ago(link.since, at)}, the build goes on there: ${clean(link.sentence)}`, columns);
  return said(now)
    .slice(0, LOST_ROWS)
    .map((_, row) => [ticking((at) => said(at)[row] ?? "", "status.warn")]);
}

function countLine(view: KernelView): Line {
  const token: Token | undefined = view.errors ? "status.error" : view.warnings ? "status.warn" : "text.dim";
  return [t(countWords(view), token)];
}

const END: Readonly<Record<Exclude<KernelJob["state"], "running" | "succeeded">, readonly [string, string, Token]>> = {
  failed: ["✗", "failed", "status.error"],
  cancelled: ["■", "cancelled", "status.warn"],
  interrupted: ["▲", "interrupted: the machine was stopped or taken by AWS", "status.warn"],
  lost: ["▲", "lost: the machine went down", "status.error"],
};

function endLine(job: KernelJob): Line {
  const { state, phase, startedAt, endedAt, unchanged } = job;
  if (state === "running")
    return [t("• ", "status.busy"), t(`still at work on the machine: ${doing(phase)}`, "status.busy")];
  const time = endedAt === undefined ? "" : elapsed(startedAt, endedAt);
  if (state !== "succeeded") {
    const [mark, word, token] = END[state];
    return [t(`${mark} ${word}`, token), dim(` at ${phase}${time && `, after ${time}`}`)];
  }
  if (unchanged)
    return [t("✓ nothing had to be built", "status.ok"), dim(": the image that is there was made from the same")];
  return [t(`✓ built${time && ` in ${time}`}`, "status.ok")];
}

/** Why it failed, where the outcome below does not say it. */
function reasonLines({ reason, state }: KernelJob, { outcome }: RunState, columns: number): readonly Line[] {
  if (!reason || state === "succeeded" || state === "running") return [];
  const below = outcome && (outcome.status === "failed" ? outcome.failure.sentence : outcome.sentence);
  if (below?.includes(reason)) return [];
  return flow(clean(reason), columns)
    .slice(0, 2)
    .map((text): Line => [t(text, "status.error")]);
}

/** Where the image is, unless the outcome below says it. */
function artefactLine({ artefact, state }: KernelJob, { outcome }: RunState, columns: number): Line {
  const path = clean(artefact);
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (!name || state !== "succeeded") return [];
  if (outcome && outcome.status !== "failed" && outcome.next?.includes(name)) return [];
  return firstFitting([[dim("image "), t(path)], [dim("image "), t(name)], [t(name)]], columns, 0);
}

const DETAIL_ROWS = 2;

/** What comes after the build, as a host kernel's trial boot does, and what it waits for. */
function stepLines(state: RunState, columns: number): readonly Line[] {
  const step = state.steps.findLast((one) => one.state === "running" || one.state === "waiting");
  if (!step || state.outcome) return [];
  const title: Line = [
    t(`▸ ${clean(step.title)}`, "status.busy"),
    ticking((now) => ` ${elapsed(step.startedAt, now)}`, "status.busy"),
  ];
  const detail = step.detail ? flow(clean(step.detail), columns - 2).slice(0, DETAIL_ROWS) : [];
  return [title, ...detail.map((text): Line => [dim(`  ${text}`)])];
}

const ERROR_ROWS = 3;

function firstErrorLines({ findings, errors }: KernelView, columns: number): readonly Line[] {
  const first = findings.find(({ severity }) => severity === "error");
  if (!first) return [];
  const label = errors > 1 ? "first error " : "error ";
  return flow(`${label}${findingWords(first)}`, columns)
    .slice(0, ERROR_ROWS)
    .map((text): Line => [t(text, "status.error")]);
}
