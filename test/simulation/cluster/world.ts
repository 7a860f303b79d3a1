import type { RouteOptions } from "../../../src/index.ts";
import type { Random } from "../random.ts";
import type { Drift } from "./node-clock.ts";

/** The framework's request of a simulation: what the route's own functions see. */
export interface Native {
  readonly key: string;
}

/** How a link fails while it is cut. */
export type Cut = "hangs" | "rejects" | "holds" | "loses answers" | "is slow";

/** What a node goes through. */
export interface NodePlan {
  readonly drift: Drift;
  readonly startsAt: number;
  /** Undefined: it stays. */
  readonly endsAt: number | undefined;
  /** Whether it then crashes, in place of being closed. */
  readonly isCrashing: boolean;
}

/** One small cluster: what a seed decides before anything happens in it. */
export interface ClusterWorld {
  readonly route: RouteOptions<Native>;
  readonly keys: readonly string[];
  readonly nodes: readonly NodePlan[];
  readonly spanMs: number;
  readonly requests: number;
  readonly invalidations: number;
  readonly soft: number;
  readonly cuts: number;
  readonly stalls: number;
  readonly setBacks: number;
  readonly failovers: number;
  readonly flushes: number;
  /** How much a failover loses, in ms. */
  readonly lossMs: number;
  /** How far the server's clock may be off after a failover, in ms. */
  readonly serverOffMs: number;
  /** The longest time, in ms, until the store is reached, and again until its answer is there. */
  readonly delayMs: number;
  /** The part of all writes that the store carries out long after. */
  readonly late: number;
  /** How many marks the log keeps. */
  readonly mostMarks: number;
  /** The part of the runs that are slow. */
  readonly slow: number;
  readonly failing: number;
  readonly streaming: number;
  /** How long guards run before the cache is asked; they may read what the handler returns. Undefined: there are none. */
  readonly guardMs: number | undefined;
  /** For how many seconds a node serves what is stored when it cannot poll. */
  readonly blind: number;
}

const HOUR = 3_600_000;

/** Draws a cluster. */
export function drawCluster(random: Random): ClusterWorld {
  const spanMs = random.pick([300, 2000, 2000, 10_000, 10_000, 30 * 60_000]);
  const count = random.pick([2, 2, 3, 4]);
  const isOff = random.chance(0.4);
  return {
    route: {
      ...(random.chance(0.9) ? { ttl: random.pick([1, 60, 4 * 3600, 4 * 3600]) } : {}),
      ...(random.chance(0.3) ? { staleWhileRevalidate: random.pick([1, 7200]) } : {}),
      ...(random.chance(0.2) ? { staleIfError: random.pick([1, 7200]) } : {}),
      ...(random.chance(0.2) ? { maxWait: random.pick([0.05, 0.5]) } : {}),
      ...(random.chance(0.7) ? { key: ({ key }: Native) => key } : {}),
      ...(random.chance(0.7) ? { tags: ({ key }: Native) => ["all", key] } : {}),
      ...(random.chance(0.5) ? { namespace: "space" } : {}),
    },
    keys: ["k0", "k1"].slice(0, random.pick([1, 1, 2])),
    nodes: Array.from({ length: count }, (_none, at) => drawNode(random, at, spanMs, isOff)),
    spanMs,
    requests: random.pick([10, 20, 20, 40, 80]),
    invalidations: random.pick([1, 2, 4, 8]),
    soft: random.pick([0, 0, 0.5]),
    cuts: random.pick([0, 0, 1, 2, 3]),
    stalls: random.pick([0, 0, 1, 3]),
    setBacks: random.pick([0, 0, 1, 2]),
    failovers: random.pick([0, 0, 0, 1, 1, 2]),
    flushes: random.pick([0, 0, 0, 0, 1]),
    lossMs: random.pick([5, 50, 300, 1000, 5000]),
    serverOffMs: random.chance(0.2) ? random.pick([-HOUR, -500, 500, HOUR]) : 0,
    delayMs: random.pick([0, 1, 5, 20]),
    late: random.pick([0, 0, 0.1]),
    mostMarks: random.pick([2, 5, 1000, 1000]),
    slow: random.pick([0, 0.1, 0.4]),
    failing: random.pick([0, 0, 0.2]),
    streaming: random.pick([0, 0.5]),
    guardMs: random.pick([undefined, undefined, 1, 30, 200]),
    blind: random.pick([0, 0.3, 5]),
  };
}

function drawNode(random: Random, at: number, spanMs: number, isOff: boolean): NodePlan {
  const isLate = at > 0 && random.chance(0.2);
  const startsAt = isLate ? random.between(1, spanMs) : 0;
  return {
    drift: isOff
      ? {
          aheadMs: random.pick([0, 20, -20, 900, -900, HOUR, -HOUR]),
          rate: random.pick([1, 1, 0.99, 1.01]),
        }
      : { aheadMs: 0, rate: 1 },
    startsAt,
    endsAt: random.chance(0.15) ? random.between(startsAt + 1, 2 * spanMs) : undefined,
    isCrashing: random.chance(0.5),
  };
}
