/** The CPU of the last hours as bars with their hours below. Pure. */

import { IDLE_BELOW_PERCENT } from "../../terraform/auto-stop/rule.ts";
import { bars } from "../format/chart.ts";
import { type Line, t } from "../format/line.ts";
import { pad } from "../format/text.ts";
import { timeOfDay } from "../format/words.ts";
import type { MachineView } from "./machine-view.ts";

const AXIS_COLUMNS = 6;
/** The foot of the bars, and what the bars show. */
const ROWS_BELOW = 2;
export const CHART_MINIMUM = 3 + ROWS_BELOW;

/** Hourly maxima in exactly `height` rows; fewer where there are no figures at all. */
export function cpuChart({ cpu }: MachineView, columns: number, height: number): Line[] {
  if (!cpu?.length) return [[t("No CPU figures yet.", "text.dim")]];
  const barWidth = Math.max(1, Math.min(6, Math.floor((columns - AXIS_COLUMNS) / cpu.length) - 1));
  const rows = bars(
    cpu.map((hour) => hour.maximum),
    Math.max(1, height - ROWS_BELOW),
    barWidth,
  );
  const hours = cpu.map((hour) => pad(timeOfDay(hour.start).slice(0, barWidth < 2 ? 0 : 2), barWidth)).join(" ");
  return [
    ...rows.map(
      (row, index): Line => [
        t(pad(index === 0 ? "100 %" : index === rows.length - 1 ? "0 %" : "", AXIS_COLUMNS - 1, "right"), "text.dim"),
        t(" "),
        t(row, "accent"),
      ],
    ),
    [t(" ".repeat(AXIS_COLUMNS)), t(hours, "text.dim")],
    [t(`${" ".repeat(AXIS_COLUMNS)}highest of each hour; idle is under ${IDLE_BELOW_PERCENT} %`, "text.dim")],
  ];
}
