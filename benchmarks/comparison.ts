import type { ServerName, Slice } from "./round.ts";
import { spreadOf } from "./statistics.ts";
import type { Spread } from "./statistics.ts";

/** Two servers that are measured back to back. */
export interface Comparison<Name extends string = ServerName> {
  readonly title: string;
  readonly subject: Name;
  readonly against: Name;
}

/** Servers that are alive at once, any of which can be loaded for a while. */
interface Servers<Name extends string> {
  slice(name: Name, seconds: number): Promise<Slice>;
}

export const comparisons: readonly Comparison[] = [
  { title: "our hit / (a) ready-made Buffer", subject: "ours", against: "buffer" },
  { title: "our hit / (b) object through a schema", subject: "ours", against: "object" },
  { title: "lru-cache hook / (a) ready-made Buffer", subject: "lru-hook", against: "buffer" },
  { title: "control: (a) / (a) in another process", subject: "twin", against: "buffer" },
];

/** Two slices back to back; both ratios are above 1 where the subject is the faster one. */
export interface Pair {
  readonly round: number;
  readonly subject: Slice;
  readonly against: Slice;
  /** Requests per second of the subject, to those of the other. */
  readonly throughputRatio: number;
  /** CPU time per request of the other, to that of the subject. */
  readonly cpuRatio: number;
}

/** What all pairs of one comparison say. */
export interface Finding<Of = Comparison> {
  readonly comparison: Of;
  readonly cpuRatio: Spread;
  readonly throughputRatio: Spread;
  /** The median CPU ratio of each round: how far one set of processes is from another. */
  readonly rounds: readonly number[];
}

/** Measures two slices; every other pair begins with the other server, so that a drift helps neither. */
export async function measurePair<Name extends string>(
  round: Servers<Name>,
  number: number,
  comparison: Comparison<Name>,
  seconds: number,
  isReversed: boolean,
): Promise<Pair> {
  const { subject: one, against: other } = comparison;
  const first = await settledSlice(round, isReversed ? other : one, seconds);
  const second = await settledSlice(round, isReversed ? one : other, seconds);
  const [subject, against] = isReversed ? [second, first] : [first, second];
  return {
    round: number,
    subject,
    against,
    throughputRatio: rateOf(subject) / rateOf(against),
    cpuRatio: cpuPerRequest(against) / cpuPerRequest(subject),
  };
}

export function findingOf<Of>(comparison: Of, pairs: readonly Pair[]): Finding<Of> {
  const numbers = [...new Set(pairs.map((pair) => pair.round))];
  const cpuRatios = (some: readonly Pair[]): number[] => some.map((pair) => pair.cpuRatio);
  return {
    comparison,
    cpuRatio: spreadOf(cpuRatios(pairs)),
    throughputRatio: spreadOf(pairs.map((pair) => pair.throughputRatio)),
    rounds: numbers.map(
      (number) => spreadOf(cpuRatios(pairs.filter((pair) => pair.round === number))).median,
    ),
  };
}

export function rateOf(slice: Slice): number {
  return slice.requests / slice.seconds;
}

/** In microseconds. */
export function cpuPerRequest(slice: Slice): number {
  return slice.serverCpuMicros / slice.requests;
}

/** A slice after a short one that does not count: the server was idle, and its data is out of the processor's caches. */
async function settledSlice<Name extends string>(
  round: Servers<Name>,
  name: Name,
  seconds: number,
): Promise<Slice> {
  await round.slice(name, seconds / 5);
  return round.slice(name, seconds);
}
