/** This folder: past runs, and unattached volumes. Not here: how either is known (ops). */
/** Past runs: the list, and any one of them in the view that drew it when it ran. */

import { useCallback, useEffect, useState } from "react";
import type { Environment } from "../../ops/environment.ts";
import type { History, RunSummary } from "../../ops/operation/history.ts";
import type { RunState } from "../../ops/operation/run.ts";
import { FILTER_HINTS, useFilter } from "../dialogs/use-filter.ts";
import { type Line, t } from "../format/line.ts";
import { matches } from "../format/text.ts";
import { count } from "../format/words.ts";
import { keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { PastRunScreen } from "../run/run.tsx";
import { listWindow, useChosen } from "../shared/list.ts";
import { type Hint, Panel, type Window } from "../shared/overlay.tsx";
import { Rows } from "../shared/rows.tsx";
import { lookOf, runLine } from "../shared/run-line.ts";

interface HistoryScreenProps extends Window {
  readonly history: Pick<History, "listRuns">;
  /** The ids of those that are under way in this process. */
  readonly live: ReadonlySet<string>;
  /** Opens the chosen run. One that is live in this process is better shown as such: its id is the same. */
  readonly onOpen: (runId: string) => void;
  readonly onBack: () => void;
}

export function HistoryScreen({ history, live, onOpen, onBack, columns, rows, active, clock }: HistoryScreenProps) {
  const all = useLoaded(history.listRuns);
  const filter = useFilter({ active, placeholder: "a part of a title, or failed", onChange: () => move(-length) });
  const runs = all?.filter((run) => matches(filter.text, run.title, lookOf(run, live.has(run.id))[1]));
  const length = all?.length ?? 0;
  const { chosen, now, move, moves } = useChosen(runs?.length ?? 0);
  const marked = runs?.[chosen];
  useKeys(
    "history",
    {
      ...moves,
      accept: () => {
        const run = runs?.[now()];
        if (run) onOpen(run.id);
      },
      search: filter.begin,
      back: () => filter.clear() || onBack(),
    },
    { active: active && !filter.typing },
  );
  const hints: readonly Hint[] = [
    ...(marked ? ([[keyOf("history", "accept"), "look at it"]] as const) : []),
    ...(length ? ([[keyOf("history", "search"), "filter"]] as const) : []),
    [keyOf("history", "back"), "back"],
  ];
  const title: Line = [
    t("History", "text.strong"),
    t(all ? `  ${count(all.length, "run")}, the newest first` : "", "text.dim"),
  ];
  return (
    <Panel
      columns={columns}
      rows={rows}
      clock={clock}
      title={title}
      busy={!all}
      hints={filter.typing ? FILTER_HINTS : hints}
    >
      {(width, height) => {
        const told = filter.lines(width, count(runs?.length ?? 0, "run"));
        const list = runs && listLines(runs, live, chosen, width, height - told.length, clock.now());
        const none = length ? "No run matches." : "Nothing has been run yet.";
        const lines = list && !list.length ? [[t(none, "text.dim")]] : (list ?? []);
        return <Rows lines={[...lines, ...told].slice(-height)} width={width} clock={clock} />;
      }}
    </Panel>
  );
}

function listLines(
  runs: readonly RunSummary[],
  live: HistoryScreenProps["live"],
  chosen: number,
  width: number,
  height: number,
  now: number,
): readonly Line[] {
  const from = listWindow(chosen, runs.length, height);
  return runs
    .slice(from, from + height)
    .map((run, index) => runLine(run, live.has(run.id), from + index === chosen, width, now));
}

interface StoredRunScreenProps extends Window {
  readonly history: Pick<History, "openRun">;
  readonly runId: string;
  readonly environment: Environment;
  readonly onBack: () => void;
}

/** A stored run, read-only. */
export function StoredRunScreen({ history, runId, environment, onBack, ...window }: StoredRunScreenProps) {
  const load = useCallback(async () => (await history.openRun(runId)) ?? "gone", [history, runId]);
  const found = useLoaded<RunState | "gone">(load);
  const state = found === "gone" ? undefined : found;
  useKeys("history", { back: onBack }, { active: window.active && !state });
  if (state) return <PastRunScreen {...window} state={state} environment={environment} onBack={onBack} />;
  return (
    <Panel
      columns={window.columns}
      rows={window.rows}
      clock={window.clock}
      title={[t("History", "text.strong")]}
      busy={!found}
      hints={[[keyOf("history", "back"), "back"]]}
    >
      {(width, height) => (
        <Rows
          lines={(found ? [[t("This run is not in the history any more.", "status.warn")]] : []).slice(0, height)}
          width={width}
          clock={window.clock}
        />
      )}
    </Panel>
  );
}

/** What `load` gives; undefined until it is there. Another function is asked anew. */
function useLoaded<T>(load: () => Promise<T>): T | undefined {
  const [held, setHeld] = useState<{ readonly load: () => Promise<T>; readonly value: T } | undefined>();
  useEffect(() => {
    let gone = false;
    void load().then((value) => {
      if (!gone) setHeld({ load, value });
    });
    return () => {
      gone = true;
    };
  }, [load]);
  return held && held.load === load ? held.value : undefined;
}
