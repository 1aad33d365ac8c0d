/** CPU figures as bars of block characters. Pure. */

const LEVELS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const GAP = "·";

/** One character an hour, 0 to 100 percent; an hour without figures is a dot, so that a gap never looks idle. */
export function sparkline(percents: readonly (number | undefined)[]): string {
  return percents.map((value) => (value === undefined || Number.isNaN(value) ? GAP : level(value / 100))).join("");
}

function level(share: number): string {
  const index = Math.max(0, Math.min(LEVELS.length - 1, Math.floor(share * LEVELS.length)));
  return LEVELS[index] ?? GAP;
}

/** Bars of `barWidth` columns with one column between them, `height` rows, the top row first. */
export function bars(percents: readonly (number | undefined)[], height: number, barWidth: number): string[] {
  return Array.from({ length: height }, (_, row) =>
    percents.map((value) => slice(value, height - 1 - row, height).repeat(barWidth)).join(" "),
  );
}

/** What one bar shows in the row that is `above` rows over its foot. */
function slice(value: number | undefined, above: number, height: number): string {
  if (value === undefined || Number.isNaN(value)) return above === 0 ? GAP : " ";
  const eighths =
    Math.round((Math.min(100, Math.max(0, value)) / 100) * height * LEVELS.length) - above * LEVELS.length;
  // The foot is always there: an idle hour is low, not missing.
  if (eighths <= 0) return above === 0 ? LEVELS[0] : " ";
  return LEVELS[Math.min(LEVELS.length, eighths) - 1] ?? " ";
}
