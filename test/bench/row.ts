/** One measured figure of `make bench`. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is measured against, and the figure of that relative to ours. */
  readonly against?: string;
  readonly ratio?: number;
  /** What is asked for, as text: "≥ 0.95". */
  readonly target?: string;
}
