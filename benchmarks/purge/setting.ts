/** How one of the two nodes differs from an ordinary one. */
export interface Oddity {
  /** How far its clock is ahead, in ms. Negative: behind. */
  readonly aheadMs?: number;
  /** For how long its event loop is busy at a time, each `STALL_EVERY_MS`. */
  readonly stallMs?: number;
}

/** What a node's process is started with. */
export interface NodeOrder extends Oddity {
  /** The URL of Redis. */
  readonly redis: string;
}

export const STALL_EVERY_MS = 200;

/** What everything that is cached is tagged with. */
export const TAG = "items";

/** How many resources there are. Every tenth has a slow handler, so that runs begin before a purge and end long after. */
export const RESOURCES = 50;

/** How long handlers take, in ms. */
export function handlerMs(id: number): number {
  return id % 10 === 0 ? 80 : 5;
}

/** A purge, by the clock that all processes of a machine share. */
export interface Purge {
  readonly node: number;
  /** The version that the data had from before the purge on. */
  readonly version: number;
  readonly startedAt: number;
  readonly resolvedAt: number;
  readonly everywhere: boolean;
}

/** Load on both nodes, at a rate that does not depend on how fast they are. */
export interface LoadOrder {
  readonly ports: readonly number[];
  /** Requests a second on each. */
  readonly rate: number;
  readonly seconds: number;
}

/** The field of each response in which a node tells the state of its store. */
export const STATE_FIELD = "x-store-state";

/** A response: the node, when its request was sent, the version in it, whether it is a hit, and whether the node was blind. */
export type Answer = readonly [
  node: number,
  sentAt: number,
  version: number,
  isHit: boolean,
  isBlind: boolean,
];

/** What the load came to. */
export interface Loaded {
  readonly answers: readonly Answer[];
  /** Responses that were not 200, and connections that broke. */
  readonly failed: number;
}

/** Milliseconds of the clock that all processes of a machine share and nobody sets. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
