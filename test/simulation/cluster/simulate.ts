import { VirtualClock, drained } from "../clock.ts";
import type { Violation } from "../properties.ts";
import { Random } from "../random.ts";
import { Chronicle } from "./chronicle.ts";
import type { What } from "./chronicle.ts";
import type { Network } from "./link.ts";
import { ClusterNode, ROUTE } from "./node.ts";
import { violationIn } from "./properties.ts";
import { Server } from "./server.ts";
import { drawCluster } from "./world.ts";
import type { Cut, NodePlan } from "./world.ts";

/** More events than any cluster has: what happens for ever is stopped. */
const MOST_EVENTS = 50_000;

const CUTS: readonly Cut[] = ["hangs", "rejects", "holds", "loses answers", "is slow"];

/** Plays the cluster of one seed, and returns what in it must not have happened; `trace` is told all that happens. */
export async function simulateCluster(
  seed: number,
  trace?: (line: string) => void,
): Promise<Violation | undefined> {
  return new ClusterSimulation(seed, trace).play();
}

class ClusterSimulation {
  readonly #network: Network;
  readonly #nodes: ClusterNode[] = [];

  constructor(seed: number, trace: ((line: string) => void) | undefined) {
    const random = new Random(2 * seed + 1);
    const world = drawCluster(random);
    const clock = new VirtualClock(random);
    const chronicle = new Chronicle(clock, trace);
    const server = new Server(clock, chronicle, world.mostMarks);
    this.#network = { world, clock, random, chronicle, server };
    const show = (_name: string, value: unknown): unknown =>
      typeof value === "function" ? "(function)" : value;
    trace?.(`seed ${seed}: ${JSON.stringify(world, show)}`);
  }

  async play(): Promise<Violation | undefined> {
    const { world, random, clock } = this.#network;
    for (const plan of world.nodes) this.#plan(plan);
    this.#often(world.requests, () => this.#running()?.ask(random.pick(world.keys)));
    this.#often(world.invalidations, () => this.#invalidate());
    this.#often(world.cuts, () => this.#cut());
    this.#often(world.stalls, () => this.#running()?.stall(random.pick([20, 60, 60, 200, 3000])));
    this.#often(world.setBacks, () =>
      this.#running()?.clock.setBack(random.pick([30, 100, 2000, 3_600_000])),
    );
    this.#often(world.failovers, () => this.#failOver());
    this.#often(world.flushes, () => this.#flush());
    const isQuiet = await this.#run();
    // What is pending is sent again, and what nobody has heard of is heard.
    clock.after(3000, () => undefined);
    if (isQuiet) await this.#run();
    const isStill = isQuiet && (await this.#askAgain());
    return violationIn(this.#network, this.#nodes, isStill ? undefined : "something goes on for ever");
  }

  #often(times: number, go: () => void): void {
    const { random, world, clock } = this.#network;
    const instant = (): number =>
      random.chance(0.3) ? random.pick([0, 0.25, 0.5]) * world.spanMs : random.between(0, world.spanMs);
    for (let n = 0; n < times; n++) {
      const at = instant();
      clock.after(at, go);
      // Things come together: it is then that they go wrong.
      if (random.chance(0.3)) clock.after(at + random.between(0, random.pick([5, 60, 500])), go);
    }
  }

  #plan(plan: NodePlan): void {
    const { clock, world, random } = this.#network;
    const begin = (): void => {
      const node = new ClusterNode(this.#network, plan);
      this.#nodes.push(node);
      if (plan.endsAt === undefined) return;
      clock.after(plan.endsAt - plan.startsAt, () => node.end(plan.isCrashing));
      // Another process takes its place.
      const again = { ...plan, endsAt: undefined };
      clock.after(plan.endsAt - plan.startsAt + random.between(1, world.spanMs), () =>
        this.#nodes.push(new ClusterNode(this.#network, again)),
      );
    };
    if (plan.startsAt === 0) begin();
    else clock.after(plan.startsAt, begin);
  }

  #running(): ClusterNode | undefined {
    const nodes = this.#nodes.filter((node) => node.isRunning);
    return nodes.length === 0 ? undefined : this.#network.random.pick(nodes);
  }

  #invalidate(): void {
    const { world, random } = this.#network;
    const node = this.#running();
    if (node === undefined) return;
    const key = random.pick(world.keys);
    const tags = this.#tagsOf(key);
    if (tags.length > 0 && random.chance(0.3)) node.write(tags, random.pick([201, 201, 500]));
    else node.invalidate(this.#drawWhat(key), random.chance(world.soft));
    if (random.chance(0.5)) this.#watch(node, key);
  }

  /** Others ask when they have to have heard of it, one of which may have stalled. */
  #watch(node: ClusterNode, key: string): void {
    const { random, clock } = this.#network;
    const other = random.pick(this.#nodes);
    if (other !== node && other.isRunning && random.chance(0.2)) other.stall(random.pick([55, 70, 90]));
    for (let n = random.between(1, 4); n > 0; n--)
      clock.after(random.between(0, 120), () => this.#running()?.ask(key));
  }

  #drawWhat(key: string): What {
    const { world, random } = this.#network;
    const { route } = world;
    const tags = this.#tagsOf(key);
    const ways: What[] = ["all", { route: ROUTE }, { route: ROUTE, of: key }, { url: `/items/${key}` }];
    if (route.key !== undefined) ways.push({ key }, { key }, { key });
    if (route.namespace !== undefined) ways.push({ namespace: route.namespace });
    if (tags.length > 0) ways.push({ tags }, { tags }, { tags: this.#manyWith(tags) });
    return random.pick(ways);
  }

  #tagsOf(key: string): readonly string[] {
    const { world, random } = this.#network;
    return world.route.tags === undefined ? [] : [random.pick(["all", key])];
  }

  /** More tags than a poll returns at once. */
  #manyWith(tags: readonly string[]): readonly string[] {
    const { random } = this.#network;
    const others = Array.from({ length: random.pick([1, 3, 130]) }, (_none, at) => `other ${at}`);
    const place = random.between(0, others.length);
    return [...others.slice(0, place), ...tags, ...others.slice(place)];
  }

  #cut(): void {
    const { random } = this.#network;
    this.#running()?.link.cut(random.pick(CUTS), random.pick([20, 120, 300, 1500, 6000]));
  }

  #failOver(): void {
    const { clock, server, random, world, chronicle } = this.#network;
    const { failovers } = chronicle;
    const before = failovers.length;
    const snapshot = server.snapshot();
    const what = random.pick(["log", "both", "both", "entries"] as const);
    const aheadMs = random.chance(0.5) ? world.serverOffMs : 0;
    const markAgain = random.chance(0.5) ? this.#markBefore(world.lossMs) : () => undefined;
    clock.after(world.lossMs, () => {
      // What was lost does not come back.
      if (failovers.length > before) return;
      chronicle.tell(`  store: ${what} of ${world.lossMs} ms ago`);
      server.restore(snapshot, what, aheadMs);
      markAgain();
    });
  }

  /** One node marks two names that will be lost. Returns what has the second one marked again. */
  #markBefore(ms: number): () => void {
    const { clock, random, world } = this.#network;
    const key = random.pick(world.keys);
    const [first, second] = [this.#drawWhat(key), this.#drawWhat(key)];
    const node = this.#running();
    node?.invalidate(first, false);
    clock.after(1, () => node?.isRunning === true && node.invalidate(second, false));
    clock.after(ms / 2, () => node?.isRunning === true && node.ask(key));
    return () => {
      clock.after(random.between(0, 20), () => this.#running()?.invalidate(second, false));
      for (const asked of this.#nodes)
        clock.after(random.between(5, 100), () => asked.isRunning && asked.ask(key));
    };
  }

  #flush(): void {
    const { server, chronicle } = this.#network;
    chronicle.tell("  store: all is gone");
    server.flush();
  }

  async #run(): Promise<boolean> {
    // So that each event comes from a microtask.
    await drained();
    for (let events = 0; this.#network.clock.step(); events++) {
      if (events > MOST_EVENTS) return false;
      await drained();
    }
    return true;
  }

  /** When all is over and nothing goes wrong any more, what one is served is served to the next one, on any node. */
  async #askAgain(): Promise<boolean> {
    const { world, chronicle, clock } = this.#network;
    chronicle.tell("all is over; each is asked for once more");
    Object.assign(world, { slow: 0, failing: 0, late: 0 });
    const nodes = this.#nodes.filter((node) => node.isRunning);
    // Each learns by its first request what it has not heard yet.
    for (const node of nodes) {
      node.ask(world.keys[0] as string);
      if (!(await this.#run())) return false;
    }
    clock.after(1000, () => undefined);
    if (!(await this.#run())) return false;
    for (const key of world.keys) {
      for (const node of [...nodes.slice(0, 1), ...nodes.slice(0, 1), ...nodes]) {
        node.ask(key, true);
        if (!(await this.#run())) return false;
      }
    }
    for (const node of this.#nodes) node.end(false);
    return this.#run();
  }
}
