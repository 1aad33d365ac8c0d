/** The log of a build in a log view: what the machine's own scripts say and what is wrong are marked in it. */

import { type ComponentProps, useState } from "react";
import type { BuildLog } from "../../ops/kernel/build-log.ts";
import type { Finding } from "../../ops/kernel/view.ts";
import { useCalmStore } from "../shared/use-calm-store.ts";
import { buildLogSource, type LogSource } from "./log-source.ts";
import { LogView } from "./log-view.tsx";

interface BuildLogViewProps extends Omit<ComponentProps<typeof LogView>, "source"> {
  readonly log: BuildLog;
  readonly findings: readonly Finding[];
}

/** A build prints dozens of lines a second: so often, its end can still be read as it goes by. */
const PACE_MS = 200;
/** That a log grows is nothing to say to those who listen; they hear its end with the next news of the build. */
const NO_NEWS = () => "";

export function BuildLogView({ log, findings, ...rest }: BuildLogViewProps) {
  const [held, setHeld] = useState(() => markedSource(log));
  const current = held.log === log ? held : markedSource(log);
  if (current !== held) setHeld(current);
  current.mark(findings);
  useCalmStore(log, PACE_MS, NO_NEWS);
  return <LogView {...rest} source={current.source} />;
}

/** One source for as long as the log grows; the marks come to be known one after the other. */
function markedSource(log: BuildLog) {
  const wrong = new Set<number>();
  const plain = buildLogSource(log);
  const source: LogSource = {
    ...plain,
    slice: (from, to) => {
      const start = Math.max(from, plain.first());
      return plain.slice(start, to).map(({ text }, index) => ({
        text,
        stream: wrong.has(start + index) ? "err" : text.startsWith("==> ") ? "note" : "out",
      }));
    },
  };
  const mark = (findings: readonly Finding[]) => {
    for (const { at, severity } of findings) if (severity === "error") wrong.add(at);
  };
  return { log, source, mark };
}
