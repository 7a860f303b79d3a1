import assert from "node:assert/strict";
import { Child } from "../child.ts";
import type { LoadOrder, LoadResult, ServerUsage } from "../messages.ts";
import { probe } from "../probe.ts";
import { sliceOf } from "../round.ts";
import type { Slice } from "../round.ts";
import { asks, contenderOf, partsOf, sizeNames } from "./contenders.ts";
import type {
  AskName,
  ClientName,
  RedisComparison,
  ServerName,
  ServerOrder,
  Size,
  Target,
} from "./contenders.ts";
import { pathOf } from "./contenders/contender.ts";
import type { RedisOptions } from "./options.ts";
import { stored } from "./stored.ts";

/** A server that is up and checked. */
interface Running {
  readonly child: Child;
  readonly port: number;
  /** The entity tags of ours. */
  readonly tags: ReadonlyMap<Size, string>;
  /** Whether it sends content in chunks. */
  readonly isChunked: boolean;
}

/**
 * The servers of one comparison, alive at once, so that they can be measured in turns. Each comparison has processes of its own:
 * the more a process has served, the less V8 takes for it, so one that took part in others would have an advantage.
 */
/**
 * V8 may grow the heap to four times what is in use. Left to itself, it finds its limit by how fast objects grow old, and a server
 * that reads much from sockets may stay for minutes at a limit at which it marks the whole heap after each 20 MiB received.
 * Then a request costs 3 to 6 times as much. Whether one of two processes with the same program does is chance.
 */
const STEADY_HEAP = "--heap-growing-percent=300";

export class RedisRound {
  readonly #servers = new Map<ServerName, Running>();
  readonly #bodies = new Map<Size, Buffer>();
  readonly #load = new Child("./load.js", [], "load generator");
  readonly #client: ClientName;
  readonly #redis: string;
  readonly #options: RedisOptions;

  private constructor(client: ClientName, redis: string, options: RedisOptions) {
    this.#client = client;
    this.#redis = redis;
    this.#options = options;
  }

  /** Starts the servers, and sees that they send the same content and that the cached ones run no handler for it. */
  static async start(
    { subject, against }: RedisComparison,
    client: ClientName,
    redis: string,
    options: RedisOptions,
  ): Promise<RedisRound> {
    const round = new RedisRound(client, redis, options);
    const targets = new Set([subject, against]);
    try {
      for (const name of new Set([...targets].map((target) => partsOf(target)[0]))) await round.#add(name);
      for (const target of targets) await round.slice(target, options.warmUpSeconds);
      return round;
    } catch (error) {
      await round.stop();
      throw error;
    }
  }

  /** Loads one server for a while, and returns what that cost. */
  async slice(target: Target, seconds: number): Promise<Slice> {
    const [name, ask] = partsOf(target);
    const server = this.#servers.get(name);
    assert.ok(server, `there is no server "${name}"`);
    const before = await server.child.ask<ServerUsage>("usage");
    const order = { ...this.#orderOf(server, ask), seconds };
    const result = await this.#load.ask<LoadResult>(order, seconds);
    const after = await server.child.ask<ServerUsage>("usage");
    const expected = contenderOf(name) === "bare" ? result.requests : 0;
    assert.equal(after.handlerRuns - before.handlerRuns, expected, `${name}: handler runs`);
    return sliceOf(result, before, after);
  }

  async stop(): Promise<void> {
    const children = [this.#load, ...[...this.#servers.values()].map(({ child }) => child)];
    await Promise.all(children.map((child) => child.stop()));
  }

  async #add(name: ServerName): Promise<void> {
    const order: ServerOrder = { contender: contenderOf(name), client: this.#client, redis: this.#redis };
    const { profiles } = this.#options;
    const profiling =
      profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}/${this.#client}-${name}`];
    const flags = ["--expose-gc", STEADY_HEAP, ...profiling];
    const child = new Child("./redis/server.js", [JSON.stringify(order)], `server "${name}"`, flags);
    const tags = new Map<Size, string>();
    this.#servers.set(name, { child, port: 0, tags, isChunked: false });
    const port = await child.ask<number>("address");
    for (const size of sizeNames) {
      await probe(port, pathOf(size), {});
      if (name === "ours") await stored(async () => (await probe(port, pathOf(size), {})).fields["x-cache"]);
      const seen = await probe(port, pathOf(size), {});
      assert.equal(seen.status, 200, `${name}: status`);
      const body = this.#bodies.get(size) ?? seen.body;
      this.#bodies.set(size, body);
      assert.ok(seen.body.equals(body), `${name} sends other content`);
      const isChunked = seen.fields["content-length"] === undefined;
      this.#servers.set(name, { child, port, tags, isChunked });
      if (name !== "ours") continue;
      const etag = seen.fields["etag"] ?? "";
      tags.set(size, etag);
      const { status } = await probe(port, pathOf(size), { "if-none-match": etag });
      assert.equal(status, 304, "ours does not send 304");
    }
    await child.ask("settle");
  }

  #orderOf({ port, tags, isChunked }: Running, name: AskName): Omit<LoadOrder, "seconds"> {
    const { size, method, isConditional } = asks[name];
    const condition = isConditional ? [`if-none-match: ${tags.get(size)}`] : [];
    const head = [`${method} ${pathOf(size)} HTTP/1.1`, `host: 127.0.0.1:${port}`, ...condition];
    const hasBody = method === "GET" && !isConditional;
    return {
      port,
      request: `${head.join("\r\n")}\r\n\r\n`,
      status: isConditional ? 304 : 200,
      bodyBytes: hasBody ? (this.#bodies.get(size)?.byteLength ?? 0) : 0,
      connections: this.#options.connections,
      isChunked: isChunked && hasBody,
    };
  }
}
