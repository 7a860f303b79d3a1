import assert from "node:assert/strict";
import { Child } from "../child.ts";
import type { LoadOrder, LoadResult, ServerUsage } from "../messages.ts";
import { probe, saidFields, timelessFields } from "../probe.ts";
import type { Seen } from "../probe.ts";
import { sliceOf } from "../round.ts";
import type { Slice } from "../round.ts";
import { PATH } from "./contenders.ts";
import type { AdapterComparison, FrameworkName, ServerName, ServerOrder } from "./contenders.ts";
import type { AdapterOptions } from "./options.ts";

/** A server that is up and checked. */
interface Running {
  readonly child: Child;
  readonly load: Omit<LoadOrder, "seconds">;
}

/**
 * The two servers of one comparison, alive at once, so that they can be measured in turns. Each comparison has processes of
 * its own: the more a process has served, the less V8 takes for it.
 */
export class AdapterRound {
  readonly #servers = new Map<ServerName, Running>();
  readonly #load = new Child("./load.js", [], "load generator");
  readonly #framework: FrameworkName;
  readonly #options: AdapterOptions;

  private constructor(framework: FrameworkName, options: AdapterOptions) {
    this.#framework = framework;
    this.#options = options;
  }

  /** Starts the servers, and sees that they send the same content, and the ready-made one the fields of our hit. */
  static async start(
    { subject, against }: AdapterComparison,
    framework: FrameworkName,
    hit: Seen,
    options: AdapterOptions,
  ): Promise<AdapterRound> {
    const round = new AdapterRound(framework, options);
    try {
      for (const name of [subject, against]) {
        const seen = await round.#add(name, saidFields(hit));
        assert.equal(seen.status, 200, `${framework}, ${name}: status`);
        assert.ok(seen.body.equals(hit.body), `${framework}, ${name}: other content than our hit`);
        if (name === "body" || name === "twin")
          assert.deepEqual(timelessFields(seen), timelessFields(hit), `${framework}, ${name}: other fields`);
      }
      for (const name of round.#servers.keys()) await round.slice(name, options.warmUpSeconds);
      return round;
    } catch (error) {
      await round.stop();
      throw error;
    }
  }

  /** Returns a hit of ours, as a client sees it. */
  static async hitOf(framework: FrameworkName, options: AdapterOptions): Promise<Seen> {
    const round = new AdapterRound(framework, options);
    try {
      const hit = await round.#add("ours", {});
      assert.equal(hit.fields["x-cache"], "HIT", `${framework}: ours is not a hit`);
      return hit;
    } finally {
      await round.stop();
    }
  }

  /** Loads one server for a while, and returns what that cost. */
  async slice(name: ServerName, seconds: number): Promise<Slice> {
    const server = this.#servers.get(name);
    assert.ok(server, `there is no server "${name}"`);
    const before = await server.child.ask<ServerUsage>("usage");
    const result = await this.#load.ask<LoadResult>({ ...server.load, seconds }, seconds);
    const after = await server.child.ask<ServerUsage>("usage");
    const isCached = name === "ours" || name === "peer";
    const runs = after.handlerRuns - before.handlerRuns;
    assert.equal(runs, isCached ? 0 : result.requests, `${this.#framework}, ${name}: handler runs`);
    return sliceOf(result, before, after);
  }

  async stop(): Promise<void> {
    const children = [this.#load, ...[...this.#servers.values()].map(({ child }) => child)];
    await Promise.all(children.map((child) => child.stop()));
  }

  /** Starts a server. Returns its second response: the first one of a cache is a miss. */
  async #add(name: ServerName, fields: Record<string, string>): Promise<Seen> {
    const contender = name === "twin" ? "body" : name;
    const order: ServerOrder = { framework: this.#framework, contender, fields };
    const { connections, profiles } = this.#options;
    const profiling =
      profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}/${this.#framework}-${name}`];
    const title = `${this.#framework}, ${name}`;
    const flags = ["--expose-gc", ...profiling];
    const child = new Child("./adapters/server.js", [JSON.stringify(order)], title, flags);
    const load = { port: 0, request: "", status: 200, bodyBytes: 0, connections };
    this.#servers.set(name, { child, load });
    const port = await child.ask<number>("address");
    await probe(port, PATH, {});
    const seen = await probe(port, PATH, {});
    await child.ask("settle");
    const isChunked = seen.fields["content-length"] === undefined;
    const request = `GET ${PATH} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`;
    const { byteLength: bodyBytes } = seen.body;
    this.#servers.set(name, { child, load: { ...load, port, request, bodyBytes, isChunked } });
    return seen;
  }
}
