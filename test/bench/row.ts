/** One measured figure of `make bench`, and the arithmetic that all suites share. */

export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is measured against, and the figure of that relative to ours. */
  readonly against?: string;
  readonly ratio?: number;
  /** The lowest and the highest of what `ratio` (without one, `value`) is the median of. */
  readonly spread?: readonly [number, number];
  /** What is asked of the ratio, or without one of the value, as text: "≥ 0.95"; with a unit, always of the value: "≤ 150 ms". */
  readonly target?: string;
}

/** Thrown by a suite that cannot be measured here; the message says what is missing. */
export class Skipped extends Error {}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value below which this share (0 to 1) of them lies; not a number for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function spreadOf(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}
