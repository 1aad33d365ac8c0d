/** From a log and a job's states to the one value that screens show, to steps, and to what the history keeps. */

import type { Clock } from "../clock.ts";
import type { OperationContext } from "../operation/types.ts";
import type { Cell } from "../store.ts";
import { createLogReader } from "./reader.ts";
import type { Finding, KernelPhase, KernelView } from "./view.ts";

export interface ViewBuilder {
  /** What came over, or was here already. `live`: written just now. */
  readonly read: (bytes: Uint8Array, live: boolean) => void;
  /** Changes the view beyond what the log says. */
  readonly update: (change: Partial<KernelView>) => void;
  /** Ends the phase that is under way; tells a failed build's first errors. */
  readonly end: (how: "done" | "failed" | "skipped", detail?: string) => void;
}

const PUBLISH_MS = 100;
const PROGRESS_MS = 1000;
/** Of the log's notes, and of its errors where it failed: the log itself has them all. */
const NOTES_TOLD = 100;
const ERRORS_TOLD = 3;

const TITLES: Readonly<Record<KernelPhase, string>> = {
  starting: "Start the build",
  check: "Look at the version and the tools",
  fetch: "Fetch the source",
  verify: "Verify the source",
  patch: "Apply the patches",
  configure: "Configure",
  compile: "Compile",
  link: "Link",
  prove: "Prove the result",
  install: "Install for a trial boot",
  done: "Done",
};

export function createViewBuilder(view: Cell<KernelView>, clock: Clock, context: OperationContext): ViewBuilder {
  let live = true;
  let notes = 0;
  let open: KernelPhase | undefined;
  let publishedAt = Number.NEGATIVE_INFINITY;
  let toldAt = Number.NEGATIVE_INFINITY;
  let toldShare = -1;
  let timer: NodeJS.Timeout | undefined;

  const close = (how: "done" | "failed" | "skipped", detail?: string) => {
    if (open) context.step(`build-${open}`, TITLES[open], how, detail);
    open = undefined;
  };
  const reader = createLogReader(clock.now, {
    onPhase: (phase) => {
      close("done", live ? undefined : "before it was followed");
      if (phase === "done") return;
      open = phase;
      context.step(`build-${phase}`, TITLES[phase], "running");
    },
    onNote: (sentence) => {
      notes += 1;
      if (notes <= NOTES_TOLD) context.log(sentence, "note");
    },
  });

  const publish = () => {
    clearTimeout(timer);
    timer = undefined;
    publishedAt = clock.monotonic();
    const { errors, findings, hash, progress, warnings } = reader.reading();
    view.update((before) => ({
      ...before,
      progress,
      findings,
      errors,
      warnings,
      job: before.job && { ...before.job, phase: progress.phase, hash: hash ?? before.job.hash },
    }));
    const { compiled, total } = progress;
    if (!total || clock.monotonic() - toldAt < PROGRESS_MS) return;
    const share = Math.floor((compiled * 100) / total);
    if (share === toldShare) return;
    toldShare = share;
    toldAt = clock.monotonic();
    context.progress(compiled, total, "files");
  };

  return {
    read: (bytes, isLive) => {
      live = isLive;
      reader.read(bytes, isLive);
      if (clock.monotonic() - publishedAt >= PUBLISH_MS) publish();
      else timer ??= setTimeout(publish, PUBLISH_MS);
    },
    update: (change) => view.update((before) => ({ ...before, ...change })),
    end: (how, detail) => {
      publish();
      close(how, detail);
      if (how !== "failed") return;
      for (const one of view.get().findings.filter(isError).slice(0, ERRORS_TOLD)) context.log(say(one), "err");
    },
  };
}

function isError({ severity }: Finding): boolean {
  return severity === "error";
}

function say({ column, file, line, text }: Finding): string {
  return file === undefined ? text : `${[file, line, column].filter((one) => one !== undefined).join(":")}: ${text}`;
}
