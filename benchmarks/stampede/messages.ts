import type { Shape } from "./content.ts";
import type { ContenderName } from "./contenders.ts";

/** What a server process is started with. */
export interface ServerOrder {
  readonly contender: ContenderName;
  readonly handlerMs: number;
}

/** What a server saw of one burst. */
export interface ServerResult {
  readonly handlerRuns: number;
  /** Whether the first run began while the leader's request was the only one there. */
  readonly leaderWasAlone: boolean;
  /** From the moment the leader's handler had all of its content to the end of the leader's response. */
  readonly leaderMs: number;
  /** From the same moment to the end of each follower's response. */
  readonly followerMs: readonly number[];
}

/** One burst: what is asked for, of whom, by how many. */
export interface BurstOrder {
  readonly port: number;
  readonly shape: Shape;
  readonly path: string;
  readonly connections: number;
  /** By how much the leader's request is ahead of the others. */
  readonly aheadMs: number;
  /** Whoever has no whole response by then never gets one. */
  readonly deadlineMs: number;
}

/** What the clients saw of one burst; times in milliseconds. */
export interface BurstResult {
  /** From the leader's request to its response's last byte, and to its first. */
  readonly leaderMs: number;
  readonly leaderFirstMs: number;
  /** The followers' last bytes, counted from the leader's last byte, and their first from its first. */
  readonly followerMs: readonly number[];
  readonly followerFirstMs: readonly number[];
  /** How many responses had another status, other bytes, or no end; and what was wrong with them. */
  readonly wrong: number;
  readonly faults: readonly string[];
}
