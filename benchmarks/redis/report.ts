import { cpuPerRequest, findingOf, rateOf } from "../comparison.ts";
import type { Pair } from "../comparison.ts";
import { machine, markdown, median, middleHalf, percent, ratio, slicesByServer } from "../report.ts";
import type { Table } from "../report.ts";
import { clients, comparisonsOf } from "./contenders.ts";
import type { ClientName } from "./contenders.ts";
import { ENTRY_BYTES_GOAL, measuredBytes } from "./memory.ts";
import type { EntryMemory } from "./memory.ts";
import type { RedisOptions } from "./options.ts";

/** All pairs with one client, in the order of its comparisons. */
export interface ClientResult {
  readonly client: ClientName;
  readonly pairs: readonly (readonly Pair[])[];
}

export function ratioTable(results: readonly ClientResult[]): Table {
  return {
    header: [
      "client",
      "comparison",
      "CPU ratio",
      "middle half",
      "rounds",
      "goal",
      "requests/s ratio",
      "middle half",
    ],
    rows: results.flatMap(({ client, pairs }) =>
      comparisonsOf(client).map((comparison, index) => {
        const { cpuRatio, throughputRatio, rounds } = findingOf(comparison, pairs[index] ?? []);
        return [
          clients[client],
          comparison.title,
          ratio(cpuRatio.median),
          middleHalf(cpuRatio),
          `${ratio(Math.min(...rounds))} to ${ratio(Math.max(...rounds))}`,
          goalOf(comparison.goal, cpuRatio.median),
          ratio(throughputRatio.median),
          middleHalf(throughputRatio),
        ];
      }),
    ),
  };
}

export function serverTable(results: readonly ClientResult[]): Table {
  return {
    header: ["client", "server", "CPU per request", "requests/s", "server busy", "generator busy"],
    rows: results.flatMap((result) =>
      [...slicesByServer(comparisonsOf(result.client), result.pairs)].map(([target, slices]) => [
        clients[result.client],
        target,
        `${median(slices, cpuPerRequest).toFixed(1)} µs`,
        median(slices, rateOf).toFixed(0),
        percent(median(slices, ({ serverCpuMicros, seconds }) => serverCpuMicros / seconds / 1e6)),
        percent(median(slices, ({ loadCpuMicros, seconds }) => loadCpuMicros / seconds / 1e6)),
      ]),
    ),
  };
}

export function memoryTable(memory: readonly EntryMemory[]): Table {
  return {
    header: ["content", "bare SET", "our entry", "more", "goal"],
    rows: memory.map(({ bytes, bare, ours }) => [
      `${bytes} bytes`,
      String(bare),
      String(ours),
      String(ours - bare),
      bytes === measuredBytes
        ? `at most ${ENTRY_BYTES_GOAL}: ${ours - bare <= ENTRY_BYTES_GOAL ? "met" : "missed"}`
        : "",
    ]),
  };
}

export function toJson(
  results: readonly ClientResult[],
  memory: readonly EntryMemory[],
  options: RedisOptions,
): string {
  return `${JSON.stringify({ ...machine(), options, memory, measured: results }, null, 1)}\n`;
}

export function toMarkdown(
  results: readonly ClientResult[],
  memory: readonly EntryMemory[],
  options: RedisOptions,
): string {
  const { node, cpu, at } = machine();
  const { rounds, pairs, seconds, connections } = options;
  return [
    "# A hit over Redis, on Fastify",
    `Node ${node}, ${cpu}, ${at.slice(0, 10)}. ${rounds} rounds of fresh processes, ${pairs} pairs each, ` +
      `slices of ${seconds} s, ${connections} connections. Method: [benchmarks](../README.md#redis).`,
    "Ratios are taken pair by pair and are above 1 where the first of the two is faster. The CPU ratio counts.",
    markdown(ratioTable(results)),
    "Medians of each server:",
    markdown(serverTable(results)),
    "Bytes in Redis, by `MEMORY USAGE`:",
    markdown(memoryTable(memory)),
    "",
  ].join("\n\n");
}

/** One line on how a client stands. */
export function summary({ client, pairs }: ClientResult): string {
  return comparisonsOf(client)
    .map(({ subject, against }, index) => {
      const { cpuRatio } = findingOf(undefined, pairs[index] ?? []);
      return `${subject} / ${against} ${ratio(cpuRatio.median)}`;
    })
    .join(", ");
}

function goalOf(goal: number | undefined, reached: number): string {
  return goal === undefined ? "" : `${ratio(goal)} ${reached >= goal ? "met" : "missed"}`;
}
