import { aligned, machine, markdown } from "../report.ts";
import type { Table } from "../report.ts";
import { parts } from "./content.ts";
import type { Shape } from "./content.ts";
import { contenderOf } from "./contenders.ts";
import type { ContenderName } from "./contenders.ts";
import { findingOf } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { Burst } from "./measure.ts";
import type { Options } from "./options.ts";

/** How much later than the leader's own end ours may answer 99 of 100 followers, in milliseconds. */
const GOAL_MS = 5;

const titles: Readonly<Record<Shape, string>> = {
  complete: "Complete: a JSON text of 1 KB, sent whole when the handler is done",
  streamed: `Streamed: a head when the handler is done, then ${parts.count} parts of ${parts.bytes / 1024} KB, one each ${parts.everyMs} ms`,
};

/** One table for each shape, with a line above it that says what it is. */
function tablesOf(bursts: readonly Burst[], options: Options): readonly (readonly [string, Table])[] {
  return (["complete", "streamed"] as const).map((shape) => [titles[shape], tableOf(shape, bursts, options)]);
}

export function forTerminal(bursts: readonly Burst[], options: Options): string {
  const tables = tablesOf(bursts, options).map(([title, table]) => `${title}\n\n${aligned(table)}`);
  return [...tables, legend, ...notes(bursts, options)].join("\n\n");
}

export function toMarkdown(bursts: readonly Burst[], options: Options): string {
  const { node, cpu, at } = machine();
  const { rounds, bursts: each, connections, handlerMs } = options;
  return [
    "# Many requests at once for what is not stored",
    `Node ${node}, ${cpu}, ${at.slice(0, 10)}. ${connections} connections, a handler that takes ${handlerMs} ms, ` +
      `one server process; ${rounds} rounds of fresh processes, ${each} bursts of each shape in each. ` +
      `Method: [benchmarks](../README.md#stampede).`,
    ...tablesOf(bursts, options).flatMap(([title, table]) => [`## ${title}`, markdown(table)]),
    legend,
    ...notes(bursts, options),
    "",
  ].join("\n\n");
}

/** Every single measurement, one burst a line, in tenths of a millisecond: there are hundreds of thousands. */
export function toJson(bursts: readonly Burst[], options: Options): string {
  const head = JSON.stringify({ ...machine(), options }).slice(0, -1);
  const lines = bursts.map((burst) => JSON.stringify(burst, tenths));
  return `${head},\n"bursts":[\n${lines.join(",\n")}\n]}\n`;
}

const legend = `All times in milliseconds, medians of the bursts. "After the leader": how much later than the leader's own
response the followers' responses end, seen by the clients; "p99 between" is the smallest and the largest of a burst.
"In the server": the 99th percentile of the time from the leader's handler being done to the end() of a follower's
response, in the server process. "Over floor": the p99 to its left, less that of the floor on the same framework.`;

function notes(bursts: readonly Burst[], options: Options): readonly string[] {
  const notAsked = options.contenders.map(contenderOf).flatMap(({ title, cannotStream }) => {
    return cannotStream === undefined ? [] : [`${title} is not asked for streams: ${cannotStream}.`];
  });
  return [...notAsked, ...overtaken(bursts)];
}

/** The leader is who asked first; where that is not who the handler ran for, its burst says little. */
function overtaken(bursts: readonly Burst[]): readonly string[] {
  const count = bursts.filter(({ server }) => !server.leaderWasAlone).length;
  return count === 0
    ? []
    : [`In ${count} of ${bursts.length} bursts others came before the handler ran for the leader.`];
}

function tableOf(shape: Shape, bursts: readonly Burst[], options: Options): Table {
  const findings = new Map<ContenderName, Finding>();
  for (const name of options.contenders) {
    const own = bursts.filter((burst) => burst.contender === name && burst.shape === shape);
    if (own.length > 0) findings.set(name, findingOf(own));
  }
  const firstByte = shape === "streamed" ? ["first byte p99"] : [];
  return {
    header: [
      "framework",
      "server",
      "handler runs",
      "wrong",
      "leader's end",
      ...firstByte,
      "after the leader: p50",
      "p99",
      "largest",
      "p99 between",
      "over floor",
      "in the server",
      "over floor",
      "goal",
    ],
    rows: options.contenders.map((name) => rowOf(name, findings, shape)),
  };
}

function rowOf(name: ContenderName, findings: ReadonlyMap<ContenderName, Finding>, shape: Shape): string[] {
  const { framework, title, kind, floor } = contenderOf(name);
  const finding = findings.get(name);
  if (finding === undefined) return [framework, title, "not asked"];
  const least = [...findings].find(([other]) => other === floor)?.[1];
  const { p99 } = finding;
  return [
    framework,
    title,
    range(finding.handlerRuns, 0),
    wrongOf(finding),
    ms(finding.leader),
    ...(shape === "streamed" ? [ms(finding.firstByteP99)] : []),
    ms(finding.p50),
    ms(p99.median),
    ms(finding.largest),
    range([p99.smallest, p99.largest], 1),
    least === undefined ? "" : ms(p99.median - least.p99.median),
    ms(finding.serverP99),
    least === undefined ? "" : ms(finding.serverP99 - least.serverP99),
    kind === "ours" && least !== undefined ? goalsOf(p99.median, p99.median - least.p99.median) : "",
  ];
}

/** What the goal is is said of the clients' clock; no server of the machine may reach it, so it is said of the floor too. */
function goalsOf(after: number, overFloor: number): string {
  const verdict = (value: number): string => (value <= GOAL_MS ? "met" : "missed");
  return `${GOAL_MS} ${verdict(after)}; ${GOAL_MS} over floor ${verdict(overFloor)}`;
}

function wrongOf({ wrong, responses, faults }: Finding): string {
  return wrong === 0 ? "0" : `${wrong} of ${responses}: ${faults.join(", ")}`;
}

function range(values: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...values).toFixed(digits), Math.max(...values).toFixed(digits)];
  return least === most ? least : `${least} to ${most}`;
}

function ms(value: number): string {
  return value.toFixed(1);
}

function tenths(_name: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Math.round(value * 10) / 10 : value;
}
