import { cpuPerRequest, rateOf } from "../comparison.ts";
import { machine, markdown } from "../report.ts";
import type { Table } from "../report.ts";
import type { Slice } from "../round.ts";
import { spreadOf } from "../statistics.ts";
import type { Spread } from "../statistics.ts";
import { kinds } from "./options.ts";
import type { Kind, Place, TreeOptions } from "./options.ts";
import type { Side } from "./round.ts";

/** Two slices back to back. */
export interface TreePair {
  readonly round: number;
  readonly subject: Slice;
  readonly against: Slice;
}

/** Two sides that are measured back to back. */
export interface TreeComparison {
  readonly subject: Side;
  readonly against: Side;
}

export const comparisons: readonly TreeComparison[] = [
  { subject: "this", against: "other" },
  { subject: "twin", against: "this" },
];

/** All pairs of one place and case, in the order of `comparisons`. */
export interface TreeResult {
  readonly place: Place;
  readonly kind: Kind;
  readonly pairs: readonly (readonly TreePair[])[];
}

/** What a hit and a miss of this tree should reach of another tree's. */
export const GOALS: Readonly<Record<Kind, number>> = { hit: 1, miss: 0.95, stream: 0.95 };

/** The CPU ratio of all pairs: above 1 where the subject is the faster one. */
function cpuRatioOf(pairs: readonly TreePair[]): Spread {
  return spreadOf(pairs.map(({ subject, against }) => cpuPerRequest(against) / cpuPerRequest(subject)));
}

export function ratioTable(results: readonly TreeResult[], other: string, isTree: boolean): Table {
  return {
    header: ["on", "case", "comparison", "CPU ratio", "middle half", "rounds", "goal", "CPU per request"],
    rows: results.flatMap(({ place, kind, pairs }) =>
      pairs.map((some, index) => {
        const spread = cpuRatioOf(some);
        const isControl = index > 0;
        return [
          place,
          kinds[kind],
          isControl ? "control: this tree / itself" : `this tree / ${other}`,
          spread.median.toFixed(3),
          `${spread.lowerQuartile.toFixed(3)} to ${spread.upperQuartile.toFixed(3)}`,
          roundsOf(some),
          isControl || !isTree ? "" : goalOf(kind, spread.median, cpuRatioOf(pairs[1] ?? [])),
          `${cpuOf(some, "subject")} / ${cpuOf(some, "against")} µs`,
        ];
      }),
    ),
  };
}

/** A goal is met where the ratio is not further below it than the control is from 1. */
function goalOf(kind: Kind, reached: number, control: Spread): string {
  const doubt = Math.max(Math.abs(control.median - 1), (control.upperQuartile - control.lowerQuartile) / 2);
  const goal = GOALS[kind];
  if (reached >= goal) return `${goal.toFixed(2)} met`;
  return `${goal.toFixed(2)} ${reached >= goal - doubt ? "met within the control" : "missed"}`;
}

export function toJson(results: readonly TreeResult[], options: TreeOptions, other: string): string {
  return `${JSON.stringify({ ...machine(), options, other, comparisons, measured: results }, null, 1)}\n`;
}

export function toMarkdown(results: readonly TreeResult[], options: TreeOptions, other: string): string {
  const { node, cpu, at } = machine();
  const { rounds, pairs, seconds, connections, against } = options;
  const isTree = against !== undefined;
  return [
    isTree ? `# Hits and misses against ${other}` : "# Misses",
    `Node ${node}, ${cpu}, ${at.slice(0, 10)}. ${rounds} rounds of fresh processes, ${pairs} pairs each, ` +
      `slices of ${seconds} s, ${connections} connections. Method: [benchmarks](../README.md).`,
    "Ratios are taken pair by pair and are above 1 where the first of the two is faster. The control says how far to trust them.",
    markdown(ratioTable(results, other, isTree)),
    "",
  ].join("\n\n");
}

function roundsOf(pairs: readonly TreePair[]): string {
  const medians = [...new Set(pairs.map(({ round }) => round))].map(
    (number) => cpuRatioOf(pairs.filter(({ round }) => round === number)).median,
  );
  return `${Math.min(...medians).toFixed(3)} to ${Math.max(...medians).toFixed(3)}`;
}

function cpuOf(pairs: readonly TreePair[], side: "subject" | "against"): string {
  return spreadOf(pairs.map((pair) => cpuPerRequest(pair[side]))).median.toFixed(1);
}

/** How fast the subject was, for the line that says how it stands. */
export function rateLine({ place, kind, pairs }: TreeResult): string {
  const [first = [], control = []] = pairs;
  const rate = spreadOf(first.map(({ subject }) => rateOf(subject))).median;
  const ratio = cpuRatioOf(first).median.toFixed(3);
  return `${place}, ${kinds[kind]}: ${ratio}, control ${cpuRatioOf(control).median.toFixed(3)}, ${rate.toFixed(0)} requests/s`;
}
