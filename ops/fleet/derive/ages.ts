/** Lengths of time in words short enough for a column. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "8 s", "12 min", "3 h 20 min", "4 d 6 h", "210 d" for a number of milliseconds; less than nothing counts as nothing. */
export function duration(ms: number): string {
  const span = Math.max(0, ms);
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
  if (span < DAY) return two(span, HOUR, "h", MINUTE, "min");
  if (span < 10 * DAY) return two(span, DAY, "d", HOUR, "h");
  return `${Math.floor(span / DAY)} d`;
}

function two(span: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((span % big) / small);
  return `${Math.floor(span / big)} ${bigUnit}${rest ? ` ${rest} ${smallUnit}` : ""}`;
}
