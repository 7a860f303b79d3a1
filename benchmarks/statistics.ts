/** Where measured values lie. */
export interface Spread {
  readonly median: number;
  /** Half of the values lie between these two. */
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  readonly smallest: number;
  readonly largest: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  return {
    median: quantile(sorted, 0.5),
    lowerQuartile: quantile(sorted, 0.25),
    upperQuartile: quantile(sorted, 0.75),
    smallest: quantile(sorted, 0),
    largest: quantile(sorted, 1),
  };
}

/** Interpolates between the two nearest of the sorted values. */
export function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const lower = sorted[Math.floor(position)] ?? NaN;
  const upper = sorted[Math.ceil(position)] ?? NaN;
  return lower + (upper - lower) * (position - Math.floor(position));
}
