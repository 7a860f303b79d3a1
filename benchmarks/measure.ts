// What the benchmarks have in common that measure in pairs: their options, and what their servers answer.
import { setImmediate as turn } from "node:timers/promises";
import { answerParent } from "./messages.ts";
import type { ServerUsage } from "./messages.ts";

/** How much is measured. */
export interface Measure {
  /** How often all servers are started afresh: two processes with one program differ by a few per cent for life. */
  readonly rounds: number;
  /** How many pairs of each comparison a round measures. */
  readonly pairs: number;
  /** How long one slice of load is. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
}

const text = { type: "string" } as const;

/** The options of the command line that say so, for `parseArgs`. */
export const measureArguments = { rounds: text, pairs: text, seconds: text, connections: text } as const;

/** Reads these options. Throws where one is wrong. */
export function measureOf(
  values: Readonly<Partial<Record<keyof typeof measureArguments, string>>>,
  base: Omit<Measure, "connections">,
): Measure {
  return {
    rounds: positive("rounds", values.rounds, base.rounds),
    pairs: positive("pairs", values.pairs, base.pairs),
    seconds: positive("seconds", values.seconds, base.seconds),
    warmUpSeconds: base.warmUpSeconds,
    connections: positive("connections", values.connections, 32),
  };
}

function positive(name: string, given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (value > 0 && value < 1000) return value;
  throw new Error(`--${name} ${given}: write a number above 0`);
}

/** Answers the parent of a server's process: where the server is, and what it has cost. */
export function answerAsServer(address: unknown, handlerRuns: () => number): void {
  answerParent(async (question): Promise<unknown> => {
    if (question === "address") return address;
    if (question === "settle") return settle();
    const { user, system } = process.cpuUsage();
    const usage: ServerUsage = { cpuMicros: user + system, handlerRuns: handlerRuns() };
    return usage;
  });
}

/** Enough for V8 to let go of the object shapes that nothing holds at the moment. */
const COLLECTIONS = 5;

/**
 * Brings the process to where every server is that has once been collected while it had nothing to do.
 *
 * V8 lets go of shapes that no object has, and with that of Node's of a `process.nextTick` entry, whose making is
 * then five times as dear for as long as the process lives. Whether that happens in a short run is chance.
 */
async function settle(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error("a server has to be started with --expose-gc");
  for (let done = 0; done < COLLECTIONS; done++) {
    await turn();
    globalThis.gc();
  }
}
