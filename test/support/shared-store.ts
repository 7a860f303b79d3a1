import { createCache, memoryStore } from "../../src/index.ts";
import type { Cache, CacheOptions, Mark, Marks, MaybePromise, RouteOptions, Store } from "../../src/index.ts";
import { engineOf } from "../../src/adapter.ts";
import type { Decision, Policy } from "../../src/adapter.ts";
import { testClock } from "../../src/testing/clock.ts";
import type { TestClock } from "../../src/testing/clock.ts";
import { answer, fillOf, requestOf, settle } from "./kit.ts";
import type { Asked, Said } from "./kit.ts";
import { SharedLog } from "./shared-log.ts";

/** What is wrong with the link of one process to the server. `stalled`: calls wait for `release`. */
export type Link = "up" | "cut" | "stalled" | "marks-cut" | "removals-cut";

/** A server that several processes keep their entries on, and their log. */
export class SharedServer {
  readonly log = new SharedLog();
  readonly #entries = memoryStore();
  /** The position of the last removal of each resource. */
  readonly #removed = new Map<string, number>();

  /** Returns the store of one process. */
  open(): LinkedStore {
    return new LinkedStore(this.#entries, this.log, this.#removed);
  }

  /** Loses everything, as by FLUSHALL. */
  lose(): void {
    void this.#entries.clear();
    this.#removed.clear();
    this.log.lose();
  }
}

/** The store of one process, and its link to the server. */
class LinkedStore implements Store {
  readonly name = "shared";
  readonly shared = true;
  readonly marks: Marks;
  link: Link = "up";
  /** How many lookups it was asked for. */
  reads = 0;
  readonly #entries: Store;
  readonly #removed: Map<string, number>;
  #stalled: (() => void)[] = [];

  constructor(entries: Store, log: SharedLog, removed: Map<string, number>) {
    this.#entries = entries;
    this.#removed = removed;
    this.marks = {
      read: (from): Promise<readonly Mark[]> => this.#call(() => log.read(from), "marks-cut"),
      add: (names, above): Promise<number> => this.#call(() => log.add(names, above), "marks-cut"),
    };
  }

  get(...asked: Parameters<Store["get"]>): ReturnType<Store["get"]> {
    this.reads++;
    return this.#call(() => this.#entries.get(...asked));
  }

  set(entry: Parameters<Store["set"]>[0]): ReturnType<Store["set"]> {
    return this.#call(() => (this.#removed.get(entry.key) ?? 0) <= entry.began && this.#entries.set(entry));
  }

  delete(key: string, position: number): ReturnType<Store["delete"]> {
    return this.#call(() => {
      this.#removed.set(key, Math.max(position, this.#removed.get(key) ?? 0));
      return this.#entries.delete(key, position);
    }, "removals-cut");
  }

  clear(): MaybePromise<void> {
    return this.#call(() => this.#entries.clear());
  }

  /** Lets all calls go on that are stalled. */
  release(): void {
    this.#stalled.splice(0).forEach((go) => go());
  }

  async #call<T>(act: () => MaybePromise<T>, alsoCut?: Link): Promise<T> {
    if (this.link === "stalled") await new Promise<void>((resolve) => this.#stalled.push(resolve));
    if (this.link === "cut" || this.link === alsoCut) throw new Error("the link is cut");
    return act();
  }
}

/** A process: a cache with a clock of its own, and one route. */
export interface SharedNode {
  readonly cache: Cache;
  readonly store: LinkedStore;
  readonly clock: TestClock;
  readonly policy: Policy<Asked>;
  begin(asked?: Asked, arrivedAt?: number): Promise<Decision>;
  /** Sends a request, and the handler's response where the handler has to run. Returns the outcome. */
  ask(asked?: Asked, said?: Said): Promise<string>;
  arrive(): number;
  /** Moves the clock in steps, so that no deadline passes before what is under way has ended. */
  pass(seconds: number): Promise<void>;
}

/** Returns processes on one server. Their tables are as old as those of processes that nobody has asked for an hour. */
export async function nodesOn(
  server: SharedServer,
  count: number,
  route: RouteOptions<Asked> = { tags: ["todos"] },
  options: CacheOptions = {},
): Promise<readonly SharedNode[]> {
  const nodes = Array.from({ length: count }, () => nodeOn(server, route, options));
  for (const node of nodes) {
    await node.cache.get("nothing");
    node.clock.advance(3600);
  }
  return nodes;
}

export function nodeOn(
  server: SharedServer,
  route: RouteOptions<Asked> = { tags: ["todos"] },
  options: CacheOptions = {},
): SharedNode {
  const store = server.open();
  const clock = testClock();
  const cache = createCache({
    clock,
    reporter: false,
    onError: () => undefined,
    secret: "s",
    ...options,
    store,
  });
  const engine = engineOf(cache);
  const policy = engine.policy<Asked>(route, { route: "GET /reports" });
  const begin = async (asked?: Asked, arrivedAt?: number): Promise<Decision> =>
    engine.begin({ ...requestOf(asked), ...(arrivedAt !== undefined && { arrivedAt }) }, policy);
  const ask = async (asked?: Asked, said?: Said): Promise<string> => {
    const decision = await begin(asked);
    if (decision.kind === "serve") return decision.outcome;
    answer(fillOf(decision), said);
    await settle();
    return "miss";
  };
  const pass = async (seconds: number): Promise<void> => {
    for (let steps = Math.ceil(seconds * 20); steps > 0; steps--) {
      clock.advance(seconds / Math.ceil(seconds * 20));
      await settle();
    }
  };
  return { cache, store, clock, policy, begin, ask, pass, arrive: () => engine.arrival() };
}
