import { Agent, request } from "node:http";
import type { IncomingMessage } from "node:http";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { createCache, memoryStore } from "../../../src/index.ts";
import type { Cache, Explanation, Store } from "../../../src/index.ts";
import { testClock } from "../../../src/testing/index.ts";
import { ANSWERS, routes, stepsOf } from "./world.ts";
import type { Step } from "./world.ts";
import type { Field, Said, Site } from "./sites.ts";

/** A step whose explanation differs from what happened. */
export interface Disagreement {
  readonly step: Step;
  readonly said: string;
  readonly done: string;
}

/** Plays so many requests on a site: each is explained first, and then sent. */
export async function play(site: Site, seed: number, requests: number): Promise<readonly Disagreement[]> {
  const world = new World(site);
  const found: Disagreement[] = [];
  await world.start();
  try {
    const steps = stepsOf(seed, site.isFat);
    for (let number = 0; number < requests; number++) {
      const disagreement = await world.play(steps.next().value);
      if (disagreement !== undefined) found.push(disagreement);
    }
  } finally {
    await world.stop();
  }
  return found;
}

/** A memory store whose removals take as long as one likes. */
class SlowlyRemoving implements Store {
  readonly name = "slowly removing";
  readonly shared = false;
  readonly #store = memoryStore();
  hold: Promise<void> | undefined;

  get: Store["get"] = (...asked) => this.#store.get(...asked);
  set: Store["set"] = (entry) => this.#store.set(entry);
  clear: Store["clear"] = () => this.#store.clear();
  delete: Store["delete"] = (...asked) => {
    const { hold } = this;
    return hold === undefined ? this.#store.delete(...asked) : hold.then(() => this.#store.delete(...asked));
  };
}

class World {
  readonly #site: Site;
  readonly #clock = testClock();
  readonly #store = new SlowlyRemoving();
  readonly #cache: Cache;
  readonly #agent = new Agent({ keepAlive: true });
  #started: Awaited<ReturnType<Site["start"]>> | undefined;
  /** Runs of the handler: those that have begun, and that are over. */
  #begun = 0;
  #over = 0;
  #refreshes = 0;
  /** Requests that have come to the server. */
  #arrived = 0;
  #gate: Promise<void> | undefined;

  constructor(site: Site) {
    this.#site = site;
    this.#cache = createCache({
      clock: this.#clock,
      store: this.#store,
      reporter: false,
      onError: () => undefined,
      random: () => 0.5,
    });
  }

  async start(): Promise<void> {
    this.#started = await this.#site.start(this.#cache, routes, (field) => this.#handle(field));
    this.#started.server.on("request", () => this.#arrived++);
    // In Express a route has its name from its first request on.
    for (const { path } of routes)
      for (const method of ["GET", "POST", "DELETE"])
        await this.#send({ method, target: `${path}?first`, headers: {} });
    await this.#settle();
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#started?.close();
  }

  async play(step: Step): Promise<Disagreement | undefined> {
    this.#clock.advance(step.seconds);
    if (step.first === "tags are invalidated") await this.#cache.invalidate({ tag: "t" });
    if (step.first === "a run is under way") return this.#beside(step);
    if (step.first === "a removal is under way") return this.#whileRemoving(step);
    const { outcome, cacheStatus } = await this.#explain(step);
    const answer = await this.#send(step);
    await this.#settle();
    return this.#judge(step, outcome, cacheStatus, answer);
  }

  /** Another client's run of the same goes on meanwhile. */
  async #beside(step: Step): Promise<Disagreement | undefined> {
    let open = (): void => undefined;
    this.#gate = new Promise((resolve) => (open = resolve));
    const before = this.#begun;
    const other = this.#send(step);
    await Promise.race([other, this.#until(() => this.#begun > before)]);
    // Runs in the background are held as well.
    await this.#refreshesBegun();
    this.#gate = undefined;
    const { outcome, cacheStatus } = await this.#explain(step);
    const arrived = this.#arrived;
    const sent = this.#send(step);
    await this.#until(() => this.#arrived > arrived);
    // Until its content is read, and it waits or has been answered.
    for (let turns = 0; turns < 20; turns++) await turn();
    open();
    const answer = await sent;
    await other;
    await this.#settle();
    return this.#judge(step, outcome, cacheStatus, answer);
  }

  async #whileRemoving(step: Step): Promise<Disagreement | undefined> {
    let open = (): void => undefined;
    this.#store.hold = new Promise((resolve) => (open = resolve));
    const removed = this.#cache.invalidate(`k ${step.headers["x-a"] ?? ""}`);
    const asked = { ...step, target: "/named", route: "/named" };
    const { outcome, cacheStatus } = await this.#explain(asked);
    const answer = await this.#send(asked);
    open();
    this.#store.hold = undefined;
    await removed;
    await this.#settle();
    return this.#judge(asked, outcome, cacheStatus, answer);
  }

  async #explain({ route, method, target, headers, content }: Step): Promise<Explanation> {
    const url = `http://127.0.0.1:${this.#started?.port}${target}`;
    const native = this.#started?.native({ ...headers });
    const by = this.#site.name === "fetch" ? { route: `fetch handler ${route}` } : undefined;
    const asked = { url, method, headers, native, ...(content !== undefined && { content }) };
    return by === undefined ? this.#cache.explain(asked) : this.#cache.explain(asked, by);
  }

  #judge(step: Step, outcome: string, said: string, answer: IncomingMessage): Disagreement | undefined {
    const status = String(answer.headers["cache-status"]);
    const isFromCache = answer.headers["x-cache"] === "HIT";
    const done = `${isFromCache ? "from the cache" : "by the handler"}, ${decided(status)}`;
    const told = `${outcome === "hit" || outcome === "stale" ? "from the cache" : "by the handler"}, ${decided(said)}`;
    if (done === told || isDecidedLater(step, outcome, said)) return undefined;
    return { step, said: `${outcome}: ${said}`, done: status };
  }

  async #handle(field: Field): Promise<Said> {
    this.#begun++;
    try {
      await this.#gate;
      return ANSWERS[Number(field("x-say") ?? 0)] as Said;
    } finally {
      this.#over++;
    }
  }

  /** Waits until all runs in the background are over. */
  async #settle(): Promise<void> {
    await this.#refreshesBegun();
    for (let turns = 0; turns < 3; turns++) await turn();
    await this.#until(() => this.#begun === this.#over);
    for (let turns = 0; turns < 3; turns++) await turn();
  }

  /** A refresh begins in a later turn than its answer, by a timer perhaps: one that is set after it is due after it. */
  async #refreshesBegun(): Promise<void> {
    const { refreshes } = this.#cache.stats();
    if (refreshes === this.#refreshes) return;
    this.#refreshes = refreshes;
    await delay(5);
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await turn();
  }

  #send({
    method,
    target,
    headers,
    content,
  }: Partial<Step> & Pick<Step, "target">): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const port = this.#started?.port;
      const asked = request(
        { host: "127.0.0.1", port, method, path: target, headers, agent: this.#agent },
        (answer) => answer.resume().once("end", () => resolve(answer)),
      );
      asked.once("error", reject);
      asked.end(content);
    });
  }
}

/** What is decided before the handler runs, without what its response decides. */
function decided(status: string): string {
  const hit = /;hit(?:;ttl=-?\d+)?/.exec(status)?.[0];
  if (hit !== undefined) return hit;
  const detail =
    /;detail=(?:method|head|only-if-cached|timeout)|(?<=;fwd=bypass);detail=[\w-]+/.exec(status)?.[0] ?? "";
  return `${/;fwd=[\w-]+/.exec(status)?.[0] ?? ""}${/;collapsed/.exec(status)?.[0] ?? ""}${detail}`;
}

/**
 * Whether the response decides later: a waiting request may run the handler after all, and one that may be served stale
 * is so only if the handler fails. The plain response, which all may be given, decides nothing for undemanding clients.
 */
function isDecidedLater({ headers, route }: Step, outcome: string, said: string): boolean {
  const isDemanding = headers["cache-control"] !== undefined || headers["pragma"] !== undefined;
  // If a rule is known for a path, a response without one is not for all.
  const isPlain = headers["x-say"] === "0" && !isDemanding && route !== "/searching";
  return !isPlain && (outcome === "collapsed" || (outcome === "miss" && said.includes("fwd=stale")));
}
