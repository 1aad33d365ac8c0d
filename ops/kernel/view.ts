/** This folder: kernel builds on a machine: brought over, started, followed, told. Not here: the scripts that run there (kernel/). */
/** What a screen shows of a run that builds a kernel: handed out beside the operation, as one immutable value. */

import type { MachineName } from "../fleet/machines.ts";
import type { BuildLog } from "./build-log.ts";

/** A kernel for the nested machines, or for the machine itself (kernel.md). */
export type KernelKind = "guest" | "host";

/** In the order in which a build goes through them; a host kernel's trial boot comes after its job. */
export type KernelPhase =
  | "starting"
  | "check"
  | "fetch"
  | "verify"
  | "patch"
  | "configure"
  | "compile"
  | "link"
  | "prove"
  | "install"
  | "done";

/** One line of `kernel/job.sh status` (its head comment is the contract). Times are milliseconds since the epoch. */
export interface KernelJob {
  readonly id: string;
  readonly kind: KernelKind;
  readonly version: string;
  /** Of everything that goes in; empty until it is known. */
  readonly hash: string;
  readonly host: string;
  readonly phase: KernelPhase;
  readonly state: "running" | "succeeded" | "failed" | "cancelled" | "interrupted" | "lost";
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly exit: number | undefined;
  /** CC lines to expect. */
  readonly total: number | undefined;
  /** Length and path of its log on the machine. */
  readonly bytes: number;
  readonly log: string;
  readonly artefact: string;
  /** Nothing had to be built: the inputs were those of the artefact. */
  readonly unchanged: boolean;
  /** One sentence where it failed. */
  readonly reason: string;
}

/** An error or a warning of the compiler, the linker or Kconfig; of make and our scripts only where no other says why. */
export interface Finding {
  readonly severity: "error" | "warning";
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly text: string;
  /** Number of the log's line that says it, from 0. */
  readonly at: number;
}

export interface BuildProgress {
  readonly phase: KernelPhase;
  /** CC lines so far, and how many are expected; the count never goes beyond it. */
  readonly compiled: number;
  readonly total: number | undefined;
  /** What is being made: "CC drivers/net/tun.o". */
  readonly current: string | undefined;
  /** Files compiled a second, lately. */
  readonly perSecond: number | undefined;
  readonly secondsLeft: number | undefined;
}

export interface KernelView {
  readonly machine: MachineName;
  /** Absent until the person has chosen. */
  readonly kind: KernelKind | undefined;
  readonly job: KernelJob | undefined;
  readonly progress: BuildProgress;
  /** In the order of the log: the oldest thousand, of which warnings make way for errors. The counts below go on. */
  readonly findings: readonly Finding[];
  readonly errors: number;
  readonly warnings: number;
  /** How the log comes over: `lost` says since when and why; the build itself goes on meanwhile. */
  readonly link:
    | { readonly state: "none" }
    | { readonly state: "following" }
    | { readonly state: "lost"; readonly since: number; readonly sentence: string };
  readonly log: BuildLog | undefined;
}

export const NO_PROGRESS: BuildProgress = {
  phase: "starting",
  compiled: 0,
  total: undefined,
  current: undefined,
  perSecond: undefined,
  secondsLeft: undefined,
};

/** Of a build of which nothing is known yet. */
export function unseen(machine: MachineName, kind: KernelKind | undefined): KernelView {
  return {
    machine,
    kind,
    job: undefined,
    progress: NO_PROGRESS,
    findings: [],
    errors: 0,
    warnings: 0,
    link: { state: "none" },
    log: undefined,
  };
}
