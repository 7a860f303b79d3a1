import { quantile, spreadOf } from "../statistics.ts";
import type { Spread } from "../statistics.ts";
import type { Burst } from "./measure.ts";

/** What all bursts of one shape on one contender say; times in milliseconds, medians of the bursts. */
export interface Finding {
  readonly handlerRuns: readonly number[];
  readonly responses: number;
  readonly wrong: number;
  readonly faults: readonly string[];
  readonly leader: number;
  /** The followers' ends, counted from the leader's. */
  readonly p50: number;
  readonly p99: Spread;
  /** The last follower of all bursts. */
  readonly largest: number;
  /** The followers' first bytes, counted from the leader's. */
  readonly firstByteP99: number;
  /** The ends of the followers' responses in the server, counted from the leader's handler having its content. */
  readonly serverP99: number;
}

export function findingOf(bursts: readonly Burst[]): Finding {
  const clients = bursts.map((burst) => burst.clients);
  const p99s = clients.map(({ followerMs }) => quantileOf(followerMs, 0.99));
  return {
    handlerRuns: bursts.map(({ server }) => server.handlerRuns),
    responses: sum(clients.map(({ followerMs }) => followerMs.length + 1)),
    wrong: sum(clients.map(({ wrong }) => wrong)),
    faults: [...new Set(clients.flatMap(({ faults }) => faults))],
    leader: median(clients.map(({ leaderMs }) => leaderMs)),
    p50: median(clients.map(({ followerMs }) => quantileOf(followerMs, 0.5))),
    p99: spreadOf(p99s),
    largest: Math.max(...clients.map(({ followerMs }) => quantileOf(followerMs, 1))),
    firstByteP99: median(clients.map(({ followerFirstMs }) => quantileOf(followerFirstMs, 0.99))),
    serverP99: median(bursts.map(({ server }) => quantileOf(server.followerMs, 0.99))),
  };
}

/** Of those who have a value: who never got an end is counted as wrong. */
function quantileOf(values: readonly number[], share: number): number {
  // Between processes NaN travels as null.
  const known = values.filter((value: number | null) => value !== null && !Number.isNaN(value));
  return quantile(
    known.toSorted((left, right) => left - right),
    share,
  );
}

function median(values: readonly number[]): number {
  return quantileOf(values, 0.5);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** One line on bursts of one contender. */
export function summaryOf(bursts: readonly Burst[]): string {
  return [...new Set(bursts.map(({ shape }) => shape))]
    .map((shape) => {
      const finding = findingOf(bursts.filter((burst) => burst.shape === shape));
      const { handlerRuns, p99, wrong } = finding;
      const bad = wrong === 0 ? "" : `, ${wrong} wrong`;
      return `${shape} ${handlerRuns.join("/")} runs, followers' p99 ${p99.median.toFixed(1)} ms${bad}`;
    })
    .join("; ");
}
