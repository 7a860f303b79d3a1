import { simulateCluster } from "./cluster/simulate.ts";
import type { Violation } from "./properties.ts";
import { simulate } from "./simulate.ts";

/** Plays one seed, and returns what must not have happened. */
export type Play = (seed: number, trace?: (line: string) => void) => Promise<Violation | undefined>;

/** What is played: a single process with clients of every kind, or several processes on one store. */
export const PLAYS: Readonly<Record<"single" | "cluster", Play>> = {
  single: simulate,
  cluster: simulateCluster,
};
