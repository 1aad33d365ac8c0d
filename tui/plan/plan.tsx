/** This folder: a Terraform plan and its apply on the screen. Not here: what a plan means (ops/plan). */
/** A plan to be understood before it is answered for, and its apply to be watched: the tree, or one line for each resource. */

import { Box } from "ink";
import { useMemo, useState } from "react";
import type { Environment } from "../../ops/environment.ts";
import type { RunState } from "../../ops/operation/run.ts";
import { toggled, UNTOUCHED } from "../../ops/plan/tree.ts";
import type { PlanView } from "../../ops/plan/view.ts";
import { useFilter } from "../dialogs/use-filter.ts";
import { flow } from "../format/flow.ts";
import { type Line, lineWidth, plain, t } from "../format/line.ts";
import { count } from "../format/words.ts";
import { keyOf } from "../keys/registry.ts";
import { useKeys } from "../keys/use-keys.ts";
import { outcomeLines } from "../run/run-view.tsx";
import { listWindow, useChosen } from "../shared/list.ts";
import { useNotice } from "../shared/notice.ts";
import type { Hint, Window } from "../shared/overlay.tsx";
import { Rows } from "../shared/rows.tsx";
import { useCopy } from "../terminal/use-copy.ts";
import { applyHead, applyLine, applyOrder } from "./apply-rows.ts";
import { planHead } from "./plan-head.ts";
import { isFoldable, planLine, planRows } from "./plan-rows.ts";

/** Which of the ways to look at a run that plans and applies. */
export type Looked = "tree" | "apply" | "log";

/** What is looked at next, in turn; an apply only where there is one. */
export function nextLook(now: Looked, view: PlanView): Looked {
  if (now === "tree") return view.apply ? "apply" : "log";
  return now === "apply" ? "log" : "tree";
}

interface PlanBodyProps extends Window {
  readonly view: PlanView;
  readonly state: RunState;
  readonly look: Exclude<Looked, "log">;
  readonly environment: Pick<Environment, "env">;
  readonly onTyping: (typing: boolean) => void;
  readonly onBack: () => void;
}

/** What the keys do here, for the row of hints. */
export function planHints({ planned }: PlanView, asks: boolean): readonly Hint[] {
  return [
    ...(asks ? ([[keyOf("plan", "apply"), "apply"]] as const) : []),
    ...(planned
      ? ([
          [keyOf("plan", "fold"), "fold"],
          [keyOf("plan", "foldAll"), "all"],
          [keyOf("plan", "search"), "filter"],
          [keyOf("plan", "copy"), "copy"],
        ] as const)
      : []),
    [keyOf("plan", "next"), "other view"],
  ];
}

/** What is chosen and does not fit its row is said in full below, in as many rows at most. */
const WHOLE_ROWS = 4;

export function PlanBody(props: PlanBodyProps) {
  const { view, state, look, columns, rows, active, clock, environment, onTyping, onBack } = props;
  const { notice, tell } = useNotice();
  const send = useCopy(environment, tell);
  const [folds, setFolds] = useState(UNTOUCHED);
  const filter = useFilter({ active, placeholder: "a part of an address", onTyping, onChange: () => move(-length) });
  const tree = useMemo(() => planRows(view, folds, filter.text), [view, folds, filter.text]);
  const order = useMemo(() => (view.apply ? applyOrder(view.apply) : []), [view.apply]);
  const length = look === "tree" ? tree.length : order.length;
  const { chosen, move, moves } = useChosen(length);
  const row = look === "tree" ? tree[chosen] : undefined;

  const foldAll = () => {
    const open = tree.filter((one) => one.kind === "resource" && one.open);
    // At least one is open: close them all; else open them all.
    const keys = (open.length ? open : tree.filter((one) => one.kind === "resource")).map(({ key }) => key);
    setFolds(toggled(folds, ...keys));
  };
  const copy = () => {
    const text = look === "tree" ? row && plain(planLine(row, false), 0).trim() : order[chosen]?.address;
    if (!text) return;
    send(text.replace(/^[▸▾] /, ""), "the row");
  };
  useKeys(
    "plan",
    {
      ...moves,
      fold: () => row && isFoldable(row) && setFolds(toggled(folds, row.key)),
      foldAll,
      search: filter.begin,
      back: () => filter.clear() || onBack(),
      copy,
    },
    { active: active && !filter.typing },
  );

  const over = view.phase === "over" || state.outcome !== undefined;
  const head =
    look === "tree"
      ? planHead(view, columns, Math.max(3, Math.floor(rows / 2)), state.name === "destroy" ? "destroy" : "apply")
      : view.apply
        ? [applyHead(view.apply, over), []]
        : [];
  const ending = outcomeLines(state, columns);
  const whole = row ? wholeLines(planLine(row, true), columns) : [];
  const filtered = filter.lines(columns, count(length, "row"));
  const told: readonly Line[] = notice && !filter.typing ? [[t(notice, "text.dim")]] : filtered;
  const height = Math.max(1, rows - head.length - ending.length - whole.length - told.length);
  const from = listWindow(chosen, length, height);
  const lines =
    look === "tree"
      ? tree.slice(from, from + height).map((one, index) => planLine(one, from + index === chosen))
      : order.slice(from, from + height).map((one) => applyLine(one, columns));
  const nothing: readonly Line[] = length === 0 ? [[t(filter.text ? "No resource matches." : "", "text.dim")]] : [];
  return (
    <Box width={columns} height={rows} flexDirection="column" overflow="hidden">
      <Rows
        lines={[...head, ...lines, ...nothing, ...whole, ...told, ...ending].slice(0, rows)}
        width={columns}
        clock={clock}
      />
    </Box>
  );
}

/** The chosen row in full, where it is longer than the window is wide. */
export function wholeLines(line: Line, columns: number): readonly Line[] {
  if (lineWidth(line, 0) <= columns) return [];
  const rows = flow(plain(line, 0).trim(), columns).slice(0, WHOLE_ROWS);
  return [[t("─".repeat(columns), "text.dim")], ...rows.map((text): Line => [t(text)])];
}
