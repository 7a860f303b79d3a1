import { simulateCluster } from "./cluster/simulate.ts";
import type { Violation } from "./properties.ts";
import { simulate } from "./simulate.ts";

/**
 * Plays one seed, and returns what must not have happened. An even one plays a single process with clients of every kind; an
 * odd one plays several processes on one store.
 */
export function play(seed: number, trace?: (line: string) => void): Promise<Violation | undefined> {
  return seed % 2 === 0 ? simulate(seed, trace) : simulateCluster(seed, trace);
}
