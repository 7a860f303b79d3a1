import { cpuPerRequest, findingOf, rateOf } from "../comparison.ts";
import type { Finding, Pair } from "../comparison.ts";
import { machine, markdown, median, middleHalf, percent, ratio, slicesByServer } from "../report.ts";
import type { Table } from "../report.ts";
import type { Spread } from "../statistics.ts";
import { comparisonsOf, frameworkOf } from "./contenders.ts";
import type { AdapterComparison, FrameworkName, ServerName } from "./contenders.ts";
import type { AdapterOptions } from "./options.ts";

/** All pairs on one framework, in the order of its comparisons. */
export interface FrameworkResult {
  readonly framework: FrameworkName;
  readonly pairs: readonly (readonly Pair[])[];
}

export function ratioTable(results: readonly FrameworkResult[]): Table {
  return {
    header: [
      "framework",
      "comparison",
      "CPU ratio",
      "middle half",
      "rounds",
      "goal",
      "requests/s ratio",
      "middle half",
    ],
    rows: results.flatMap((result) => {
      const findings = findingsOf(result);
      return findings.map(({ comparison, cpuRatio, throughputRatio, rounds }) => [
        frameworkOf(result.framework).title,
        comparison.title,
        ratio(cpuRatio.median),
        middleHalf(cpuRatio),
        `${ratio(Math.min(...rounds))} to ${ratio(Math.max(...rounds))}`,
        goalOf(comparison.goal, cpuRatio.median, findings[0]?.cpuRatio),
        ratio(throughputRatio.median),
        middleHalf(throughputRatio),
      ]);
    }),
  };
}

export function serverTable(results: readonly FrameworkResult[]): Table {
  return {
    header: ["framework", "server", "CPU per request", "requests/s", "server busy", "generator busy"],
    rows: results.flatMap((result) =>
      [...slicesByServer<ServerName>(comparisonsOf(result.framework), result.pairs)].map(
        ([server, slices]) => [
          frameworkOf(result.framework).title,
          titleOf(result.framework, server),
          `${median(slices, cpuPerRequest).toFixed(1)} µs`,
          median(slices, rateOf).toFixed(0),
          percent(median(slices, ({ serverCpuMicros, seconds }) => serverCpuMicros / seconds / 1e6)),
          percent(median(slices, ({ loadCpuMicros, seconds }) => loadCpuMicros / seconds / 1e6)),
        ],
      ),
    ),
  };
}

export function toJson(results: readonly FrameworkResult[], options: AdapterOptions): string {
  const measured = results.map((result) => ({ ...result, comparisons: comparisonsOf(result.framework) }));
  return `${JSON.stringify({ ...machine(), options, measured }, null, 1)}\n`;
}

export function toMarkdown(results: readonly FrameworkResult[], options: AdapterOptions): string {
  const { node, cpu, at } = machine();
  const { rounds, pairs, seconds, connections } = options;
  return [
    "# A hit on each framework",
    `Node ${node}, ${cpu}, ${at.slice(0, 10)}. ${rounds} rounds of fresh processes, ${pairs} pairs each, ` +
      `slices of ${seconds} s, ${connections} connections. Method: [benchmarks](../README.md#adapters).`,
    "Ratios are taken pair by pair and are above 1 where the first of the two is faster. The CPU ratio counts; the control says how far to trust it.",
    markdown(ratioTable(results)),
    "Medians of each server:",
    markdown(serverTable(results)),
    "",
  ].join("\n\n");
}

/** One line on how a framework stands. */
export function summary(result: FrameworkResult): string {
  return findingsOf(result)
    .map(
      ({ comparison: { subject, against }, cpuRatio }) => `${subject} / ${against} ${ratio(cpuRatio.median)}`,
    )
    .join(", ");
}

function findingsOf({ framework, pairs }: FrameworkResult): readonly Finding<AdapterComparison>[] {
  return comparisonsOf(framework).map((comparison, index) => findingOf(comparison, pairs[index] ?? []));
}

/** A goal is met where the ratio is not further below it than the control is from 1, or than half its middle half. */
function goalOf(goal: number | undefined, reached: number, control: Spread | undefined): string {
  if (goal === undefined || control === undefined) return "";
  if (reached >= goal) return `${ratio(goal)} met`;
  const doubt = Math.max(Math.abs(control.median - 1), (control.upperQuartile - control.lowerQuartile) / 2);
  return `${ratio(goal)} ${reached >= goal - doubt ? "met within the control" : "missed"}`;
}

function titleOf(framework: FrameworkName, server: ServerName): string {
  return (server === "peer" ? frameworkOf(framework).peer?.title : undefined) ?? server;
}
