/** A kernel build in words and figures that do not jump about: the same on its screen and in the strip. Pure. */

import type { BuildProgress, Finding, KernelKind, KernelPhase, KernelView } from "../../ops/kernel/view.ts";
import { clean } from "../format/text.ts";
import { count } from "../format/words.ts";

/** Below `done` and above `starting`, in the order of the build; only a host kernel is installed. */
export function phasesOf(kind: KernelKind | undefined): readonly KernelPhase[] {
  return kind === "host" ? [...GUEST_PHASES, "install"] : GUEST_PHASES;
}

const GUEST_PHASES = ["check", "fetch", "verify", "patch", "configure", "compile", "link", "prove"] as const;

const DOING: Readonly<Record<KernelPhase, string>> = {
  starting: "starting on the machine",
  check: "checking disk, tools and libraries",
  fetch: "fetching the source",
  verify: "checking the source against its signed sum",
  patch: "applying the patches",
  configure: "configuring",
  compile: "compiling",
  link: "linking",
  prove: "checking the result",
  install: "installing for a trial boot",
  done: "built",
};

/** What a phase does: "fetching the source". */
export function doing(phase: KernelPhase): string {
  return DOING[phase];
}

/**
 * How far it is, from 0 to 1, by files compiled: these tell three quarters of the time and more (kernel.md). Undefined
 * while their number is not known.
 */
export function share({ phase, compiled, total }: BuildProgress): number | undefined {
  if (phase === "link" || phase === "prove" || phase === "install" || phase === "done") return 1;
  if (phase !== "compile") return 0;
  return total && total > 0 ? Math.max(0, Math.min(1, compiled / total)) : undefined;
}

/** "54 %", always four columns; 100 % only when all is compiled. */
export function shareWords(progress: BuildProgress): string {
  const part = share(progress);
  return part === undefined ? "  ? %" : `${String(Math.floor(part * 100)).padStart(3)} %`;
}

const MINUTE = 60;

/** "about 40 s left", "about 3 min left": coarse, so that it does not flicker; nothing where it is not known. */
export function leftWords({ secondsLeft }: BuildProgress): string {
  if (secondsLeft === undefined || !Number.isFinite(secondsLeft)) return "";
  const seconds = Math.max(0, secondsLeft);
  if (seconds < 5) return "a moment left";
  if (seconds <= MINUTE) return `about ${Math.ceil(seconds / 5) * 5} s left`;
  const minutes = Math.ceil(seconds / MINUTE);
  return minutes < 120 ? `about ${minutes} min left` : `about ${Math.round(minutes / 60)} h left`;
}

/** "38 a second", "0.8 a second"; nothing where it is not known. */
export function rateWords({ perSecond }: BuildProgress): string {
  if (perSecond === undefined || !(perSecond > 0)) return "";
  return `${perSecond >= 10 ? Math.round(perSecond) : perSecond.toFixed(1)}/s`;
}

/** "1 error, 3 warnings", "no errors, no warnings". */
export function countWords({ errors, warnings }: Pick<KernelView, "errors" | "warnings">): string {
  return `${errors ? count(errors, "error") : "no errors"}, ${warnings ? count(warnings, "warning") : "no warnings"}`;
}

/** "net/vmw_vsock/virtio_transport.c:612:3"; nothing where it names no file. */
export function placeWords({ file, line, column }: Finding): string {
  if (file === undefined) return "";
  return clean([file, line, line === undefined ? undefined : column].filter((one) => one !== undefined).join(":"));
}
