import { createCache } from "../../src/index.ts";
import type { Cache } from "../../src/index.ts";
import { engineOf } from "../../src/adapter.ts";
import { Adapter } from "./adapter.ts";
import { Client } from "./client.ts";
import type { Making } from "./client.ts";
import { VirtualClock, drained } from "./clock.ts";
import { drawDirectives } from "./directives.ts";
import type { Directives } from "./directives.ts";
import { History } from "./history.ts";
import type { Purge, Request, Whose } from "./history.ts";
import { Model } from "./model.ts";
import { Origin } from "./origin.ts";
import { violationIn } from "./properties.ts";
import type { Violation } from "./properties.ts";
import { Random } from "./random.ts";
import { drawRange } from "./ranges.ts";
import type { Range } from "./ranges.ts";
import type { Stage } from "./stage.ts";
import { TroubledStore } from "./store.ts";
import { DeclaredWrites, namedBy } from "./writes.ts";
import { drawWorld } from "./world.ts";

/** More events than any world has: what happens for ever is stopped. */
const MOST_EVENTS = 20_000;

/** Plays the world of one seed, and answers what in it must not have happened; `trace` is told all that happens. */
export async function simulate(seed: number, trace?: (line: string) => void): Promise<Violation | undefined> {
  return new Simulation(seed, trace).play();
}

class Simulation {
  readonly #stage: Stage;
  readonly #store: TroubledStore;
  readonly #cache: Cache;
  readonly #adapter: Adapter;

  constructor(seed: number, trace: ((line: string) => void) | undefined) {
    const random = new Random(seed);
    const world = drawWorld(random);
    const clock = new VirtualClock(random);
    const history = new History(clock, trace);
    const origin = new Origin(world, random);
    this.#store = new TroubledStore(world.store, random, clock, history);
    this.#cache = createCache({
      store: this.#store,
      clock,
      // What the model counts with.
      storeTimeout: 0.25,
      random: () => random.next(),
      reporter: false,
      onError: (error, failure) => history.tell("  told:", failure.operation, (error as Error).message),
      secret: "simulation",
      statusHeader: false,
    });
    const engine = engineOf(this.#cache);
    const policy = engine.policy(world.route, { route: "GET /" });
    const invalidate = engine.invalidates(namedBy, { route: "POST /", option: "invalidates" });
    const writes = new DeclaredWrites(invalidate, history);
    this.#stage = { world, clock, random, history, origin, store: this.#store, writes };
    this.#adapter = new Adapter(
      this.#stage,
      (record) => engine.begin(record, policy),
      (described) => this.#cache.explain(described, { route: "GET /" }),
    );
    if (trace !== undefined) trace(describe(seed, world));
  }

  async play(): Promise<Violation | undefined> {
    const { world, random, clock, history, origin } = this.#stage;
    const later = (go: () => void): void => void clock.after(this.#instant(), go);
    for (let n = 0; n < world.requests; n++) later(() => this.#ask());
    for (let n = 0; n < world.purges; n++) later(() => this.#purge());
    for (let n = random.between(0, 5); n > 0; n--) later(() => origin.change(random.pick(world.keys)));
    if (world.setBackMs > 0) later(() => this.#setBack());
    const model = new Model(world, history);
    const isQuiet = await this.#run();
    const atEnd = isQuiet ? undefined : "something goes on for ever";
    const timers = this.#timersLeft;
    if (atEnd === undefined) await this.#askAgain();
    return violationIn(model, history, timers, atEnd);
  }

  /** Core timers that were left when nothing went on any more that could need them. */
  #timersLeft = 0;

  async #run(): Promise<boolean> {
    const { clock, history } = this.#stage;
    // So that each event comes from a microtask.
    await drained();
    for (let events = 0; clock.step(); events++) {
      if (events > MOST_EVENTS) return false;
      await drained();
      if (clock.eventsOfWorld > 0 || clock.timersOfCore === 0 || this.#store.hanging > 0) continue;
      if (history.runs.every(({ over }) => over !== undefined))
        this.#timersLeft = Math.max(this.#timersLeft, clock.timersOfCore);
    }
    return true;
  }

  /** When all is over and nothing goes wrong any more, everyone is answered without having to wait for anything. */
  async #askAgain(): Promise<void> {
    const { world, history, clock, origin } = this.#stage;
    history.tell("all is over; each is asked for once more");
    this.#store.calm();
    origin.calm();
    // A store that has failed before is tried again half a second later.
    clock.after(500, () => undefined);
    await this.#run();
    for (const key of world.keys) {
      for (const variant of world.variants) {
        for (const principal of world.principals) {
          this.#send({ key, variant, principal }, "GET", STAYING, { isLast: true });
          await this.#run();
          if (world.route.requestDirectives === true) {
            const directives = { onlyIfCached: true } as const;
            this.#send({ key, variant, principal }, "GET", STAYING, { directives, isLast: true });
            await this.#run();
          }
          if (world.isOutdatedAtEnd) await this.#outdate({ key, variant, principal });
        }
      }
    }
  }

  /** Invalidates softly what was just served, or has it written to in vain, and asks for it once more. */
  async #outdate(whose: Whose): Promise<void> {
    const { random, origin, writes } = this.#stage;
    const tags = origin.tagsOf(whose.key);
    if (tags.length === 0) return;
    const tag = random.pick(tags);
    const status = random.pick([404, 500, undefined]);
    if (random.chance(0.5)) this.#invalidate({ tags: [tag] }, true);
    else await writes.end({ status }, [tag]);
    this.#send(whose, "GET", STAYING, { isLast: true });
    await this.#run();
  }

  #instant(): number {
    const { random, world } = this.#stage;
    // Crowds come at once.
    return random.chance(0.4) ? random.pick([0, 0.25, 0.5]) * world.spanMs : random.between(0, world.spanMs);
  }

  #ask(): void {
    const { world, random, origin } = this.#stage;
    const whose = {
      key: random.pick(world.keys),
      variant: random.pick(world.variants),
      principal: random.pick(world.principals),
    };
    const isLeaving = random.chance(world.leaving);
    const making = {
      leavesAfterMs:
        isLeaving && random.chance(0.6) ? random.between(0, random.pick([5, 100, 1000])) : undefined,
      leavesAtBytes: isLeaving ? random.pick([1, 60, Infinity]) : undefined,
      paceMs: random.chance(world.slowReaders) ? random.pick([1, 50, 2000]) : 0,
    };
    const version = origin.version(whose.key) - random.pick([0, 0, 1]);
    const [often, method] = random.chance(0.5)
      ? ([world.heads, "HEAD"] as const)
      : ([world.posts, "POST"] as const);
    const asks = random.chance(2 * often) ? method : "GET";
    this.#send(whose, asks, making, {
      hasCredentials: random.chance(world.credentials),
      condition:
        asks !== "POST" && random.chance(world.conditional) ? origin.etag(whose, version) : undefined,
      ...(asks === "GET" && random.chance(world.ranges)
        ? {
            range: drawRange(random),
            ifRange: random.chance(0.3) ? origin.etag(whose, version) : undefined,
          }
        : {}),
      directives: random.chance(world.demanding) ? drawDirectives(random) : undefined,
    });
  }

  #send(
    whose: Whose,
    method: Request["method"],
    making: Making,
    { hasCredentials = false, condition, range, ifRange, directives = {}, isLast = false }: Asked,
  ): void {
    const { history, clock, world } = this.#stage;
    const { key, variant, principal } = whose;
    const request: Request = {
      key,
      variant,
      principal,
      id: history.requests.length,
      method,
      hasCredentials,
      condition,
      range,
      ifRange,
      directives,
      isRefreshable: world.canRefresh,
      isLast,
      began: history.moment(),
      told: undefined,
      decided: undefined,
      step: undefined,
      isPromised: false,
      isAllShown: undefined,
      decision: undefined,
      outcome: undefined,
      run: undefined,
      headed: undefined,
      status: undefined,
      headBy: undefined,
      etag: undefined,
      contentRange: undefined,
      cacheStatus: undefined,
      age: undefined,
      body: "",
      over: undefined,
      fate: undefined,
    };
    history.requests.push(request);
    this.#adapter.ask(new Client(request, making, clock, history));
  }

  #setBack(): void {
    const { world, clock, history } = this.#stage;
    history.tell(`the clock is set back by ${world.setBackMs} ms`);
    history.setBacks.push({ when: history.moment(), ms: world.setBackMs });
    clock.setBack(world.setBackMs);
  }

  #purge(): void {
    const { world, random, origin } = this.#stage;
    const key = random.pick(world.keys);
    const ways: Exclude<Purge["what"], "tagged">[] = ["all"];
    const tags = origin.tagsOf(key);
    if (world.route.key !== undefined) ways.push({ key }, { key });
    if (tags.length > 0) ways.push({ tags: [random.pick(tags)] }, { tags: [random.pick(tags)] });
    const what = random.pick(ways);
    this.#invalidate(what, typeof what === "object" && "tags" in what && random.chance(world.soft));
  }

  #invalidate(what: Exclude<Purge["what"], "tagged">, isSoft: boolean): void {
    const { history } = this.#stage;
    const purge: Purge = {
      what,
      isSoft,
      began: history.moment(),
      returned: undefined,
      asked: undefined,
      removed: undefined,
    };
    history.purges.push(purge);
    history.tell(isSoft ? "soft purge of" : "purge of", JSON.stringify(what));
    this.#store.purge = purge;
    const done: Promise<unknown> =
      what === "all"
        ? this.#cache.clear()
        : "key" in what
          ? this.#cache.invalidate(what.key)
          : this.#cache.invalidate({ tags: what.tags }, { soft: isSoft });
    this.#store.purge = undefined;
    done.then(
      () => {
        purge.returned = history.moment();
        history.tell("purge of", JSON.stringify(what), "has returned");
      },
      (error: unknown) => history.failed(error),
    );
  }
}

interface Asked {
  readonly hasCredentials?: boolean;
  readonly condition?: string | undefined;
  readonly range?: Range;
  readonly ifRange?: string | undefined;
  readonly directives?: Directives | undefined;
  readonly isLast?: boolean;
}

const STAYING: Making = { leavesAfterMs: undefined, leavesAtBytes: undefined, paceMs: 0 };

function describe(seed: number, world: object): string {
  const show = (_name: string, value: unknown): unknown =>
    typeof value === "function" ? "(function)" : value;
  return `seed ${seed}: ${JSON.stringify(world, show)}`;
}
