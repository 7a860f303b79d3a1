import { Story } from "../history.ts";
import type { Moment } from "../history.ts";

/** One run of a handler. */
export interface Run {
  readonly id: number;
  readonly node: number;
  /** The number of the request that it is run for; a refresh has none. */
  readonly by: number | undefined;
  readonly key: string;
  readonly began: Moment;
  /** When what it returns was read at the earliest: its guards may have. */
  readonly read: Moment;
  head: Moment | undefined;
  over: Moment | undefined;
}

/** One request to one node. */
export interface Request {
  readonly id: number;
  readonly node: number;
  readonly key: string;
  readonly isLast: boolean;
  /** When it was sent. */
  readonly began: Moment;
  /** When the node took it up, and when its guards were done. */
  arrived: Moment | undefined;
  begun: Moment | undefined;
  decided: Moment | undefined;
  outcome: string | undefined;
  /** Its own run. */
  run: Run | undefined;
  /** The run whose content it was sent. */
  by: Run | undefined;
  over: Moment | undefined;
}

/** What an invalidation is about. */
export type What =
  | "all"
  | { readonly key: string }
  | { readonly tags: readonly string[] }
  | { readonly route: string; readonly of?: string }
  | { readonly url: string }
  | { readonly namespace: string };

/** One invalidation: a call of the cache, or the end of a write whose route declares what it makes outdated. */
export interface Invalidation {
  readonly node: number;
  readonly what: What;
  readonly isSoft: boolean;
  readonly began: Moment;
  /** When its call has returned. */
  returned: Moment | undefined;
  /** Whether it returned that it is in force everywhere; undefined: it does not say. */
  isEverywhere: boolean | undefined;
}

/** One mark that the store has put into its log. */
export interface MarkRecord {
  readonly name: string;
  readonly position: number;
  readonly by: number;
  readonly added: Moment;
  /** Since when it stands under this name: a floor, since the mark was forgotten that it stands for. */
  readonly since: Moment;
  /** Whether it stands for one that was forgotten. */
  readonly isFloor: boolean;
  /** When the log was lost that had it. */
  lost: Moment | undefined;
}

/** One answer of the store about its log that has reached a node. */
export interface Hearing {
  readonly node: number;
  readonly asked: Moment;
  /** When the store has read it. */
  readonly read: Moment;
  readonly heard: Moment;
  readonly marks: readonly MarkRecord[];
  /** Whether it was a poll; else it is what an addition returned. */
  readonly isPoll: boolean;
}

/** From when to when something lasted. */
export interface Span {
  readonly from: Moment;
  to: Moment | undefined;
}

/** What has happened to one node. A process that is started again is another node. */
export interface Life {
  readonly id: number;
  readonly started: Moment;
  closing: Moment | undefined;
  /** When `close` has returned, or the process has crashed. */
  ended: Moment | undefined;
  readonly stalls: Span[];
  readonly cuts: Span[];
}

/** One write of an entry that a node asked of the store. */
export interface Write {
  readonly node: number;
  readonly run: Run | undefined;
  readonly issued: Moment;
  applied: Moment | undefined;
}

/** One removal by key that the store has carried out. */
export interface Removal {
  readonly node: number;
  /** The resource's, as the store has it. */
  readonly key: string;
  readonly asked: Moment;
  readonly done: Moment;
}

/** The log, the entries, or both, as they were some time before. */
export interface Failover {
  readonly when: Moment;
  /** What happened after this is lost. */
  readonly since: Moment;
  readonly what: "log" | "entries" | "both";
  /** Whether the clock of the server is behind that of the one before. */
  readonly isSetBack: boolean;
}

/** All that happened to several nodes on one store. */
export class Chronicle extends Story {
  readonly runs: Run[] = [];
  readonly requests: Request[] = [];
  readonly invalidations: Invalidation[] = [];
  readonly marks: MarkRecord[] = [];
  readonly hearings: Hearing[] = [];
  readonly lives: Life[] = [];
  readonly writes: Write[] = [];
  readonly removals: Removal[] = [];
  readonly failovers: Failover[] = [];
}
