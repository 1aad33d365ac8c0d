/** An apply as rows: each resource with its mark, what is done with it, and its clock; what is under way comes first. Pure. */

import type { ApplyState, ResourceState } from "../../ops/plan/stream.ts";
import { spinner } from "../fleet/status-mark.ts";
import { cellOf, type Line, type Piece, t, ticking } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { elapsed } from "../format/words.ts";
import type { Token } from "../shared/theme.ts";

const ORDER: Readonly<Record<ResourceState["state"], number>> = {
  running: 0,
  failed: 1,
  stopped: 2,
  waiting: 3,
  done: 4,
};

/** In the order in which they matter; among equals, what ended last comes first. */
export function applyOrder(apply: ApplyState): readonly ResourceState[] {
  return [...apply.resources.values()].sort(
    (a, b) =>
      ORDER[a.state] - ORDER[b.state] ||
      (a.state === "running" ? (a.startedAt ?? 0) - (b.startedAt ?? 0) : (b.endedAt ?? 0) - (a.endedAt ?? 0)),
  );
}

const LOOK: Readonly<Record<ResourceState["state"], readonly [mark: string, token: Token]>> = {
  running: [" ", "status.busy"],
  waiting: ["·", "text.dim"],
  done: ["✓", "status.ok"],
  failed: ["✗", "status.error"],
  stopped: ["■", "status.warn"],
};

/** Terraform's words for what is done, by the state in which it is. */
const DOING: Readonly<Record<string, readonly [now: string, then: string]>> = {
  create: ["creating", "created"],
  update: ["updating", "updated"],
  delete: ["destroying", "destroyed"],
  replace: ["replacing", "replaced"],
  read: ["reading", "read"],
};

/** From here on a resource is slow: longer than nearly everything but a database takes. */
const SLOW_MS = 120_000;

const WORD_COLUMNS = 12;
const TIME_COLUMNS = 18;

export function applyLine(one: ResourceState, width: number): Line {
  const [mark, token] = LOOK[one.state];
  const aside = one.state === "running" ? one.said : one.id;
  const rest = Math.max(1, width - 2 - WORD_COLUMNS - TIME_COLUMNS);
  return [
    one.state === "running" ? { tick: (now) => `${spinner(now)} `, token, fast: true } : t(`${mark} `, token),
    cellOf([t(words(one), token)], WORD_COLUMNS),
    cellOf(
      [
        t(clean(one.address), one.state === "running" ? "text.strong" : one.state === "waiting" ? "text.dim" : "text"),
        t(aside ? `  ${clean(aside)}` : "", "text.dim"),
      ],
      rest,
    ),
    cellOf([time(one)], TIME_COLUMNS, "right"),
  ];
}

function words({ state, action }: ResourceState): string {
  const [now, then] = DOING[action] ?? [action, action];
  switch (state) {
    case "running":
      return now;
    case "done":
      return then;
    case "waiting":
      return "waiting";
    default:
      return state === "failed" ? "failed" : "not done";
  }
}

function time({ state, startedAt, endedAt }: ResourceState): Piece {
  if (startedAt === undefined) return t("");
  if (state !== "running") return t(endedAt === undefined ? "" : elapsed(startedAt, endedAt), "text.dim");
  // The words beside the figure say that it is slow, and not its colour alone.
  return ticking((now) => `${now - startedAt >= SLOW_MS ? "slow, " : ""}${elapsed(startedAt, now)}`, "status.busy");
}

/** "3 of 7 done, 1 failed", and what an interrupt does. */
export function applyHead({ done, failed, total, interrupted, resources }: ApplyState, over: boolean): Line {
  const running = [...resources.values()].filter(({ state }) => state === "running").length;
  const numbers: Line = [
    t(`${done} of ${total} done`, done === total ? "status.ok" : "text.strong"),
    t(running ? `   ${running} under way` : "", "status.busy"),
    t(failed ? `   ${failed} failed` : "", "status.error"),
  ];
  const stopping = interrupted && !over;
  return [...numbers, ...(stopping ? [t("   Terraform finishes what it is at, then stops", "status.warn")] : [])];
}
