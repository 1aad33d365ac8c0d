/** The log of a build in a log view: the lines of the machine's own scripts and those that say what is wrong are marked. */

import { type ComponentProps, useMemo } from "react";
import type { BuildLog } from "../../ops/kernel/build-log.ts";
import type { Finding } from "../../ops/kernel/view.ts";
import type { LogSource, SourceLine } from "../format/log-source.ts";
import { useCalmStore } from "../use-calm-store.ts";
import { LogView } from "./log-view.tsx";

interface BuildLogViewProps extends Omit<ComponentProps<typeof LogView>, "source"> {
  readonly log: BuildLog;
  readonly findings: readonly Finding[];
  /** How often, in milliseconds, what was added is drawn. */
  readonly paceMs: number;
}

export function BuildLogView({ log, findings, paceMs, ...rest }: BuildLogViewProps) {
  useCalmStore(log, paceMs);
  const source = useMemo(() => buildLogSource(log, findings), [log, findings]);
  return <LogView {...rest} source={source} />;
}

function buildLogSource(log: BuildLog, findings: readonly Finding[]): LogSource {
  const wrong = new Set(findings.filter(({ severity }) => severity === "error").map(({ at }) => at));
  const streamOf = (text: string, line: number): SourceLine["stream"] => {
    if (wrong.has(line)) return "err";
    return text.startsWith("==> ") ? "note" : "out";
  };
  return {
    first: () => 0,
    count: () => log.get().lines,
    slice: (from, to) => log.slice(from, to).map((text, index) => ({ text, stream: streamOf(text, from + index) })),
    find: () => undefined,
  };
}
