/** This folder: the sessions of a machine on the screen. Not here: the sessions (ops/ssh). */
/** The machine's sessions: what runs in them, what happened since, the last lines of the chosen one. Pure. */

import type { SessionEnd } from "../../ops/ssh/types.ts";
import type { MachineView } from "../fleet/machine-view.ts";
import { cellOf, type Line, t, ticking } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { ago, elapsed } from "../format/words.ts";

const TITLE_COLUMNS = 24;

/** A row for each session, then the chosen one's last lines, `height` rows at most. */
export function sessionLines({ sessions, chosen }: MachineView, height: number): Line[] {
  if (height <= 0 || sessions.length === 0) return [];
  // The chosen one is shown even where there are more sessions than rows.
  const first = Math.max(0, (chosen ? sessions.indexOf(chosen) : 0) - height + 1);
  const list = sessions.slice(first, first + height).map((session): Line => {
    const { title, activity, attached, startedAt, end, silentSince } = session;
    const mine = session === chosen;
    return [
      t(mine ? "▸ " : "  ", "accent"),
      activity && !end ? t("* ", "status.busy") : t("  "),
      cellOf([t(clean(title), mine ? "text.strong" : undefined)], TITLE_COLUMNS),
      t("  "),
      ...(end
        ? ending(end)
        : silentSince !== undefined
          ? [ticking((now) => `link silent for ${elapsed(silentSince, now)}`, "status.warn")]
          : attached
            ? [t("in view", "text.dim")]
            : activity
              ? [t("new output", "status.busy")]
              : [t("quiet", "text.dim")]),
      // A sentence stands for itself.
      ...(end && end.kind !== "exited" && end.kind !== "kept"
        ? []
        : [ticking((now) => `, opened ${ago(startedAt, now)}`, "text.dim")]),
    ];
  });
  const room = height - list.length;
  const last = trimmed(chosen?.lastLines ?? []).slice(-room);
  return [...list, ...(room > 0 ? last.map((text): Line => [t("  ┃ ", "text.dim"), t(text, "text.dim")]) : [])];
}

function trimmed(lines: readonly string[]): string[] {
  const cleaned = lines.map((line) => clean(line).trimEnd());
  return cleaned.slice(0, cleaned.findLastIndex((line) => line.length > 0) + 1);
}

function ending(end: SessionEnd): Line {
  switch (end.kind) {
    case "kept":
      return [t(end.attached ? "open in another cockpit" : "lives on the machine", "text.dim")];
    case "exited":
      return end.code === 0 ? [t("ended", "text.dim")] : [t(`ended with status ${end.code}`, "status.warn")];
    case "link-lost":
      return [t(`link lost: ${clean(end.sentence)}`, "status.warn")];
    case "machine-gone":
      return [t(`machine gone: ${clean(end.sentence)}`, "status.error")];
    case "failed":
      return [t(`${clean(end.sentence)} ${clean(end.action)}`, "status.error")];
  }
}
