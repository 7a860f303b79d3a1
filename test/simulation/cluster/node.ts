import { createCache } from "../../../src/index.ts";
import type { Cache } from "../../../src/index.ts";
import { engineOf } from "../../../src/adapter.ts";
import type {
  Decision,
  Engine,
  Fields,
  Fill,
  Invalidation as EndOfWrite,
  Policy,
  RequestRecord,
} from "../../../src/adapter.ts";
import { textOf } from "../fields.ts";
import { runIn } from "../history.ts";
import type { Chronicle, Invalidation, Life, Request, Run, What } from "./chronicle.ts";
import { Link } from "./link.ts";
import type { Network } from "./link.ts";
import { NodeClock } from "./node-clock.ts";
import type { Native, NodePlan } from "./world.ts";

const ORIGIN = "http://sim";

/** The route of all nodes. */
export const ROUTE = "/items/:id";

/** One process: a cache on the shared store, a small adapter and its handlers. */
export class ClusterNode {
  readonly clock: NodeClock;
  readonly link: Link;
  readonly life: Life;
  readonly plan: NodePlan;
  readonly #network: Network;
  readonly #cache: Cache;
  readonly #engine: Engine;
  readonly #policy: Policy<Native>;
  readonly #endWrite: EndOfWrite<[readonly string[]]>;

  constructor(network: Network, plan: NodePlan) {
    const { chronicle, clock, random, world } = network;
    this.#network = network;
    this.plan = plan;
    this.clock = new NodeClock(clock, random, plan.drift);
    this.life = {
      id: chronicle.lives.length,
      started: chronicle.moment(),
      closing: undefined,
      ended: undefined,
      stalls: [],
      cuts: [],
    };
    chronicle.lives.push(this.life);
    chronicle.tell(`n${this.life.id} starts`);
    this.link = new Link(network, this.clock, this.life);
    this.#cache = createCache({
      store: this.link,
      clock: this.clock,
      random: () => random.next(),
      reporter: false,
      onError: (error, failure) =>
        chronicle.tell(`  n${this.life.id} told:`, failure.operation, (error as Error).message),
      blind: world.blind,
      secret: "simulation",
      statusHeader: false,
    });
    this.#engine = engineOf(this.#cache);
    const context = { route: `GET ${ROUTE}`, paths: [ROUTE] };
    this.#policy = this.#engine.policy(world.route, context);
    const tagsOf = (tags: readonly string[]): readonly string[] => tags;
    this.#endWrite = this.#engine.invalidates(tagsOf, { route: `POST ${ROUTE}`, option: "invalidates" });
  }

  get isRunning(): boolean {
    return this.life.closing === undefined && this.life.ended === undefined;
  }

  /** A request reaches the node. */
  ask(key: string, isLast = false): Request {
    const { chronicle } = this.#network;
    const request: Request = {
      id: chronicle.requests.length,
      node: this.life.id,
      key,
      isLast,
      began: chronicle.moment(),
      arrived: undefined,
      begun: undefined,
      decided: undefined,
      outcome: undefined,
      run: undefined,
      by: undefined,
      over: undefined,
    };
    chronicle.requests.push(request);
    chronicle.tell(`q${request.id} n${this.life.id} GET ${key}`);
    this.clock.reach(() => this.#arrive(request));
    return request;
  }

  /** The application invalidates something. */
  invalidate(what: What, isSoft: boolean): void {
    const { chronicle } = this.#network;
    this.clock.reach(() => {
      const invalidation = this.#begins(what, isSoft);
      this.#call(what, isSoft).then(
        ({ everywhere }) => this.#returns(invalidation, everywhere),
        (error: unknown) => chronicle.failed(error),
      );
    });
  }

  /** A write ends whose route declares what it makes outdated. */
  write(tags: readonly string[], status: number): void {
    const { chronicle } = this.#network;
    this.clock.reach(() => {
      const invalidation = this.#begins({ tags }, status >= 500);
      Promise.resolve(this.#endWrite({ status }, tags)).then(
        () => this.#returns(invalidation, undefined),
        (error: unknown) => chronicle.failed(error),
      );
    });
  }

  /** The event loop does not turn for so long. */
  stall(ms: number): void {
    const { chronicle, clock } = this.#network;
    chronicle.tell(`n${this.life.id} stalls for ${ms} ms`);
    const span = { from: chronicle.moment(), to: undefined as ReturnType<Chronicle["moment"]> | undefined };
    this.life.stalls.push(span);
    this.clock.stall(ms);
    clock.after(ms, () => (span.to = chronicle.moment()));
  }

  /** The process ends, or crashes. */
  end(isCrashing: boolean): void {
    const { chronicle } = this.#network;
    const { life, clock } = this;
    clock.reach(() => {
      if (!this.isRunning) return;
      chronicle.tell(`n${life.id} ${isCrashing ? "crashes" : "is closed"}`);
      life.closing = chronicle.moment();
      const over = (): void => {
        life.ended ??= chronicle.moment();
        chronicle.tell(`n${life.id} is gone`);
      };
      if (isCrashing) {
        over();
        return clock.die();
      }
      this.#cache.close().then(over, (error: unknown) => chronicle.failed(error));
    });
  }

  #begins(what: What, isSoft: boolean): Invalidation {
    const { chronicle } = this.#network;
    const began = chronicle.moment();
    const invalidation = {
      node: this.life.id,
      what,
      isSoft,
      began,
      returned: undefined,
      isEverywhere: undefined,
    };
    chronicle.invalidations.push(invalidation);
    chronicle.tell(
      `n${this.life.id} invalidates`,
      isSoft ? "softly" : undefined,
      JSON.stringify(what).slice(0, 60),
    );
    return invalidation;
  }

  #returns(invalidation: Invalidation, isEverywhere: boolean | undefined): void {
    const { chronicle } = this.#network;
    invalidation.returned = chronicle.moment();
    invalidation.isEverywhere = isEverywhere;
    const what = JSON.stringify(invalidation.what).slice(0, 60);
    chronicle.tell(`n${this.life.id} has invalidated ${what}: everywhere`, String(isEverywhere));
  }

  async #call(what: What, soft: boolean): Promise<{ readonly everywhere: boolean }> {
    const cache = this.#cache;
    const { namespace } = this.#network.world.route;
    if (what === "all") return cache.clear({ soft });
    if ("key" in what)
      return cache.invalidate(what.key, { ...(namespace !== undefined && { namespace }), soft });
    if ("route" in what)
      return cache.invalidate(
        what.of === undefined ? { route: what.route } : { route: what.route, params: { id: what.of } },
        { soft },
      );
    return cache.invalidate(what, { soft });
  }

  #arrive(request: Request): void {
    const { chronicle, world } = this.#network;
    // A process that is going away is sent nothing more.
    if (!this.isRunning) return void (request.over = chronicle.moment());
    request.arrived = chronicle.moment();
    const { guardMs } = world;
    if (guardMs === undefined) return this.#begin(request, undefined);
    const arrivedAt = this.#engine.arrival();
    this.#later(guardMs, () => this.#begin(request, arrivedAt));
  }

  #begin(request: Request, arrivedAt: number | undefined): void {
    const { chronicle } = this.#network;
    request.begun = chronicle.moment();
    try {
      const decided = this.#engine.begin(this.#record(request, arrivedAt), this.#policy);
      if (!(decided instanceof Promise)) return this.#go(request, decided);
      decided.then(
        (decision) => this.#go(request, decision),
        (error: unknown) => chronicle.failed(error),
      );
    } catch (error) {
      chronicle.failed(error);
    }
  }

  #record({ key }: Request, arrivedAt: number | undefined): RequestRecord<Native> {
    return {
      method: "GET",
      origin: ORIGIN,
      target: `/items/${key}`,
      params: { id: key },
      native: { key },
      arrivedAt,
      header: () => undefined,
      // In a later turn, without a client.
      refresh: (fill) => this.#later(0, () => this.#fill(this.#runs(key, undefined), fill, undefined)),
    };
  }

  #go(request: Request, decision: Decision): void {
    const { chronicle } = this.#network;
    request.decided = chronicle.moment();
    request.outcome = decision.kind === "fill" ? "miss" : decision.outcome;
    switch (decision.kind) {
      case "serve":
        this.#gets(request, textOf(decision.reply.body));
        return this.#isOver(request);
      case "follow":
        return void this.#follow(request, decision.content);
      case "bypass": {
        const run = this.#runs(request.key, request);
        return this.#later(0, () => this.#ends(run, request));
      }
      case "fill":
        return this.#fill(this.#runs(request.key, request), decision, request);
    }
  }

  async #follow(request: Request, content: AsyncIterable<Uint8Array>): Promise<void> {
    let text = "";
    try {
      for await (const part of content) this.#gets(request, (text += textOf(part)));
    } catch {
      // Its source has broken off.
    }
    this.#isOver(request);
  }

  #gets(request: Request, body: string): void {
    const { chronicle } = this.#network;
    const id = runIn(body);
    if (id === undefined || request.by !== undefined) return;
    request.by = chronicle.runs[id];
    chronicle.tell(`q${request.id} gets r${id}: ${request.outcome}`);
  }

  #isOver(request: Request): void {
    request.over ??= this.#network.chronicle.moment();
  }

  #runs(key: string, request: Request | undefined): Run {
    const { chronicle, world } = this.#network;
    const { guardMs } = world;
    const began = chronicle.moment();
    const run: Run = {
      id: chronicle.runs.length,
      node: this.life.id,
      by: request?.id,
      key,
      began,
      read: guardMs === undefined || request === undefined ? began : this.#readBy(request, began),
      head: undefined,
      over: undefined,
    };
    chronicle.runs.push(run);
    if (request !== undefined) request.run = request.by = run;
    chronicle.tell(
      `r${run.id} n${this.life.id} begins`,
      request === undefined ? "in the background" : `for q${request.id}`,
    );
    return run;
  }

  /** When guards have read. Of a process that had not read the log when it was asked, only that is known which it has read since. */
  #readBy({ arrived }: Request, began: Run["began"]): Run["began"] {
    const isReading = this.#network.chronicle.hearings.some(
      ({ node, isPoll, marks, heard }) =>
        node === this.life.id && isPoll && marks.length > 0 && heard.seq < (arrived?.seq ?? 0),
    );
    return (isReading ? arrived : undefined) ?? began;
  }

  /** A handler runs: it fails, or returns a body that names it, whole or in two parts. */
  #fill(run: Run, fill: Fill, request: Request | undefined): void {
    const { random, world, chronicle } = this.#network;
    const isSlow = random.chance(world.slow);
    const headMs = random.pick(isSlow ? [300, 3000, 3000, world.spanMs / 2] : [0, 1, 5, 30]);
    const isFailing = random.chance(world.failing);
    const isStreaming = random.chance(world.streaming);
    const restMs = random.pick(isSlow ? [0, 100, 3000] : [0, 5]);
    this.#later(headMs, () => {
      run.head = chronicle.moment();
      if (isFailing) {
        fill.abandon("failed", new Error("the handler throws"));
        return this.#ends(run, request);
      }
      const fields: Fields = [["content-type", "text/plain"]];
      const open = fill.open({ status: 200, fields });
      const parts = [`r${run.id} `, `is of ${run.key}`].map((part) => Buffer.from(part, "latin1"));
      if (!isStreaming)
        return this.#later(restMs, () => {
          open.complete(Buffer.concat(parts));
          this.#ends(run, request);
        });
      const { sink } = open.stream();
      const [first, second] = parts as [Buffer, Buffer];
      sink?.write(first);
      this.#later(restMs, () => {
        sink?.write(second);
        sink?.end();
        this.#ends(run, request);
      });
    });
  }

  #ends(run: Run, request: Request | undefined): void {
    run.over = this.#network.chronicle.moment();
    this.#network.chronicle.tell(`r${run.id} is over`);
    if (request !== undefined) this.#isOver(request);
  }

  #later(ms: number, run: () => void): void {
    this.#network.clock.after(ms, () => this.clock.reach(run));
  }
}
