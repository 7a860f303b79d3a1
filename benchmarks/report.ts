import { cpus } from "node:os";
import { cases } from "./cases.ts";
import type { CaseName } from "./cases.ts";
import { comparisons, cpuPerRequest, findingOf, rateOf } from "./comparison.ts";
import type { Comparison, Finding, Pair } from "./comparison.ts";
import type { Options } from "./options.ts";
import type { Slice } from "./round.ts";
import { spreadOf } from "./statistics.ts";
import type { Spread } from "./statistics.ts";

/** All pairs of one case, in the order of `comparisons`. */
export interface CaseResult {
  readonly name: CaseName;
  readonly pairs: readonly (readonly Pair[])[];
}

/** A heading and rows of cells. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a hit should reach of (a) and of (b). */
const goals: Readonly<Partial<Record<CaseName, readonly [a: number, b: number]>>> = {
  "1k": [0.92, 1],
  "64k": [0.95, 5],
};

export function ratioTable(results: readonly CaseResult[]): Table {
  return {
    header: [
      "case",
      "comparison",
      "CPU ratio",
      "middle half",
      "rounds",
      "goal",
      "requests/s ratio",
      "middle half",
    ],
    rows: results.flatMap((result) =>
      findingsOf(result).map((finding, index) => [
        cases[result.name].title,
        finding.comparison.title,
        ratio(finding.cpuRatio.median),
        middleHalf(finding.cpuRatio),
        range(finding.rounds),
        goalOf(goals[result.name]?.[index], finding.cpuRatio.median),
        ratio(finding.throughputRatio.median),
        middleHalf(finding.throughputRatio),
      ]),
    ),
  };
}

export function serverTable(results: readonly CaseResult[]): Table {
  return {
    header: ["case", "server", "CPU per request", "requests/s", "server busy", "generator busy"],
    rows: results.flatMap(({ name, pairs }) =>
      [...slicesByServer(comparisons, pairs)].map(([server, slices]) => [
        cases[name].title,
        server,
        `${median(slices, cpuPerRequest).toFixed(1)} µs`,
        median(slices, rateOf).toFixed(0),
        percent(median(slices, (slice) => slice.serverCpuMicros / slice.seconds / 1e6)),
        percent(median(slices, (slice) => slice.loadCpuMicros / slice.seconds / 1e6)),
      ]),
    ),
  };
}

/** Everything that was measured, for whoever wants to work it out anew. */
export function toJson(results: readonly CaseResult[], options: Options): string {
  const measured = results.map((result) => ({
    case: result.name,
    findings: findingsOf(result),
    pairs: result.pairs,
  }));
  return `${JSON.stringify({ ...machine(), options, comparisons, measured }, null, 1)}\n`;
}

export function toMarkdown(results: readonly CaseResult[], options: Options): string {
  const { node, cpu, at } = machine();
  const { rounds, pairs, seconds, connections } = options;
  return [
    "# A hit on Fastify",
    `Node ${node}, ${cpu}, ${at.slice(0, 10)}. ${rounds} rounds of fresh processes, ${pairs} pairs each, ` +
      `slices of ${seconds} s, ${connections} connections. Method: [benchmarks](../README.md).`,
    "Ratios are taken pair by pair and are above 1 where the first of the two is faster. The CPU ratio counts.",
    markdown(ratioTable(results)),
    "Medians of each server:",
    markdown(serverTable(results)),
    "",
  ].join("\n\n");
}

/** A table for the terminal. */
export function aligned({ header, rows }: Table): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return [header, widths.map((width) => "-".repeat(width)), ...rows]
    .map((cells) => line(cells).trimEnd())
    .join("\n");
}

/** One line on how a case stands. */
export function summary(result: CaseResult): string {
  return findingsOf(result)
    .map(
      ({ comparison, cpuRatio }) => `${comparison.subject}/${comparison.against} ${ratio(cpuRatio.median)}`,
    )
    .join("  ");
}

function findingsOf({ pairs }: CaseResult): Finding[] {
  return comparisons.map((comparison, index) => findingOf(comparison, pairs[index] ?? []));
}

/** Returns the slices of each server of some comparisons. `pairs` are theirs, in the same order. */
export function slicesByServer<Name extends string>(
  compared: readonly Pick<Comparison<Name>, "subject" | "against">[],
  pairs: readonly (readonly Pair[])[],
): Map<Name, Slice[]> {
  const slices = new Map<Name, Slice[]>();
  compared.forEach(({ subject, against }, index) => {
    for (const pair of pairs[index] ?? []) {
      slices.set(subject, [...(slices.get(subject) ?? []), pair.subject]);
      slices.set(against, [...(slices.get(against) ?? []), pair.against]);
    }
  });
  return slices;
}

/** Where and when a benchmark ran. */
export function machine(): { node: string; cpu: string; at: string } {
  const [processor] = cpus();
  return {
    node: process.versions.node,
    cpu: `${cpus().length} x ${processor?.model.trim() ?? "unknown processor"}`,
    at: new Date().toISOString(),
  };
}

/** A table for a document. */
export function markdown({ header, rows }: Table): string {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export function median(slices: readonly Slice[], valueOf: (slice: Slice) => number): number {
  return spreadOf(slices.map(valueOf)).median;
}

function goalOf(goal: number | undefined, reached: number): string {
  return goal === undefined ? "" : `${goal.toFixed(2)} ${reached >= goal ? "met" : "missed"}`;
}

export function middleHalf(spread: Spread): string {
  return `${ratio(spread.lowerQuartile)} to ${ratio(spread.upperQuartile)}`;
}

function range(values: readonly number[]): string {
  return `${ratio(Math.min(...values))} to ${ratio(Math.max(...values))}`;
}

export function ratio(value: number): string {
  return value.toFixed(2);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
