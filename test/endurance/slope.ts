/** How fast something grows, told from noise. */

/**
 * The Theil-Sen estimate: the median of the slopes between all pairs of points. It is not moved by a few outliers, such as
 * a sample that was taken just after something big, as a least-squares line is.
 * @returns what `value` grows by in one unit of `at`
 */
export function slopeOf(points: readonly { readonly at: number; readonly value: number }[]): number {
  const slopes = points.flatMap((one, index) =>
    points.slice(index + 1).map((other) => (other.value - one.value) / (other.at - one.at)),
  );
  return medianOf(slopes);
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
