import type { VirtualClock } from "./clock.ts";
import { BEGINNING } from "./clock.ts";
import type { Directives } from "./directives.ts";
import type { Range } from "./ranges.ts";

/** A place in the history: what has the smaller number happened before. */
export interface Moment {
  readonly seq: number;
  /** Epoch ms of virtual time, as it passes. */
  readonly at: number;
}

/** What a handler said of its response, in plain words. */
export interface Said {
  readonly status: number;
  readonly noStore: boolean;
  readonly isPrivate: boolean;
  readonly noCache: boolean;
  readonly mustRevalidate: boolean;
  readonly hasCookie: boolean;
  /** In seconds. */
  readonly maxAge: number | undefined;
  readonly staleWhileRevalidate: number | undefined;
  readonly staleIfError: number | undefined;
  readonly etag: string | undefined;
  /** The `Content-Length` that it said. */
  readonly length: number | undefined;
  /** What its handler tags it with, beside its route. */
  readonly tag: string | undefined;
  /** Whether its handler names that tag, or leaves it to the stored response that it is about. */
  readonly isTagNamed: boolean;
}

/**
 * How a run ended: `clean`, `failed` before its head, `broken` off midway, `abandoned` by the adapter because its client
 * went away, `stopped` by the core.
 */
export type Ending = "clean" | "failed" | "broken" | "abandoned" | "stopped";

/** Whom a response is for. */
export interface Whose {
  readonly key: string;
  readonly variant: string;
  readonly principal: string;
}

/** One run of a handler. */
export interface Run extends Whose {
  readonly id: number;
  /** The number of the request that runs it; a refresh is run for one, without it. */
  readonly by: number;
  readonly isBackground: boolean;
  /** How it came to be: by a fill, past the cache, as a POST does too, or for a HEAD of which the cache only hears. */
  readonly way: "fill" | "bypass" | "head";
  readonly began: Moment;
  /** The `If-None-Match` that it saw. */
  condition: string | undefined;
  /** The range that it saw, and the `If-Range` beside it. */
  readonly range: Range | undefined;
  readonly ifRange: string | undefined;
  head: Moment | undefined;
  said: Said | undefined;
  /** The whole content, if it comes that far. */
  body: string;
  /** When its content grew beyond what may be kept. */
  outgrew: Moment | undefined;
  over: Moment | undefined;
  ending: Ending | undefined;
}

/** How an exchange ended for its client: `left` says that the client itself went away. */
export type Fate = "clean" | "broken" | "left" | "gave up";

/** What `cache.explain` told of a request just before it was sent. */
export interface Told {
  readonly outcome: string;
  readonly reason: string | undefined;
  readonly cacheStatus: string;
  readonly text: string;
  /** When it was known, epoch ms, and in which event. */
  readonly at: number;
  readonly step: number;
}

/** One request and what became of it. */
export interface Request extends Whose {
  readonly id: number;
  readonly method: "GET" | "HEAD" | "POST";
  readonly hasCredentials: boolean;
  readonly condition: string | undefined;
  readonly range: Range | undefined;
  readonly ifRange: string | undefined;
  /** What it says in `Cache-Control`. */
  readonly directives: Directives;
  /** Whether its adapter can run the handler without it. */
  readonly isRefreshable: boolean;
  /** Whether it came when all the others were over. */
  readonly isLast: boolean;
  began: Moment;
  told: Told | undefined;
  /** When `begin` had answered, and in which event. */
  decided: Moment | undefined;
  step: number | undefined;
  /** Whether `begin` answered by a promise. */
  isPromised: boolean;
  /** Whether its handler is shown all the request's fields; undefined where the cache asks for conditions of its own. */
  isAllShown: boolean | undefined;
  decision: "serve" | "follow" | "bypass" | "fill" | undefined;
  outcome: string | undefined;
  /** Its own run. */
  run: Run | undefined;
  /** When its head was sent. */
  headed: Moment | undefined;
  status: number | undefined;
  /** The number of the run whose head it was sent, where the head tells. */
  headBy: number | undefined;
  etag: string | undefined;
  contentRange: string | undefined;
  cacheStatus: string | undefined;
  age: string | undefined;
  body: string;
  over: Moment | undefined;
  fate: Fate | undefined;
}

/** One purge; a success of an unsafe request is one by key, the end of a declared write one by tags. */
export interface Purge {
  /** `tagged`: everything that has a tag. */
  readonly what: { readonly key: string } | { readonly tags: readonly string[] } | "tagged" | "all";
  /** Whether what it is about only becomes stale. */
  readonly isSoft: boolean;
  readonly began: Moment;
  returned: Moment | undefined;
  /** When the store was asked to do its part of it, if it was. */
  asked: Moment | undefined;
  /** When the store had done that. */
  removed: Moment | undefined;
}

/** One write that the core asked of the store. */
export interface Write {
  readonly body: string;
  readonly headBy: number | undefined;
  readonly etag: string | undefined;
  readonly staleAt: number;
  readonly staleWhileRevalidateUntil: number;
  readonly staleIfErrorUntil: number;
  readonly issued: Moment;
  applied: Moment | undefined;
}

/** What is told of a simulation while it is played: moments, in their order, and what went wrong in the core itself. */
export class Story {
  /** What the core threw. */
  readonly errors: { readonly error: unknown; readonly when: Moment }[] = [];
  readonly #clock: VirtualClock;
  readonly #trace: ((line: string) => void) | undefined;
  #seq = 0;

  constructor(clock: VirtualClock, trace?: (line: string) => void) {
    this.#clock = clock;
    this.#trace = trace;
  }

  /** The next moment. */
  moment(): Moment {
    return { seq: ++this.#seq, at: this.#clock.instant() };
  }

  /** Tells what happens to whoever reads along. */
  tell(...words: readonly (string | number | undefined)[]): void {
    if (this.#trace === undefined) return;
    const ms = (this.#clock.instant() - BEGINNING).toFixed(0);
    this.#trace(`${ms.padStart(7)} ms  ${words.filter((word) => word !== undefined).join(" ")}`);
  }

  /** Something in the core threw what it should not have. */
  failed(error: unknown): void {
    this.errors.push({ error, when: this.moment() });
    this.tell("! the core threw", error instanceof Error ? error.stack : JSON.stringify(error));
  }
}

/** All that happened, for the model to judge and for people to read. */
export class History extends Story {
  readonly runs: Run[] = [];
  readonly requests: Request[] = [];
  readonly purges: Purge[] = [];
  readonly writes: Write[] = [];
  /** When the clock was set back, and how far. */
  readonly setBacks: { readonly when: Moment; readonly ms: number }[] = [];

  /** How far the clock was set back between two moments, in ms. */
  setBackBetween(from: Moment, to: Moment): number {
    let sum = 0;
    for (const { when, ms } of this.setBacks) if (when.seq > from.seq && when.seq < to.seq) sum += ms;
    return sum;
  }
}

/** The number of the run that wrote a content, which begins with it. */
export function runIn(body: string): number | undefined {
  const [, id] = /^r(\d+) /.exec(body) ?? [];
  return id === undefined ? undefined : Number(id);
}
