import assert from "node:assert/strict";
import { cases } from "./cases.ts";
import type { CaseName } from "./cases.ts";
import { Child } from "./child.ts";
import type { ContenderName, ServerOrder } from "./contenders/contender.ts";
import type { LoadOrder, LoadResult, ServerUsage } from "./messages.ts";
import type { Options } from "./options.ts";
import { probe, saidFields, timelessFields } from "./probe.ts";
import type { Seen } from "./probe.ts";

/** A server process. `twin` is a second process with the same program as `buffer`: the control. */
export type ServerName = ContenderName | "twin";

/** What a server did in one slice. */
export interface Slice {
  readonly requests: number;
  readonly seconds: number;
  readonly serverCpuMicros: number;
  readonly loadCpuMicros: number;
}

/** Returns what a server has done between two readings of its usage, while it had a load. */
export function sliceOf(
  { requests, seconds, cpuMicros }: LoadResult,
  before: ServerUsage,
  after: ServerUsage,
): Slice {
  const serverCpuMicros = after.cpuMicros - before.cpuMicros;
  return { requests, seconds, serverCpuMicros, loadCpuMicros: cpuMicros };
}

/** A server that is up, checked, and ready to be loaded. */
interface Running {
  readonly name: ServerName;
  readonly child: Child;
  readonly load: Omit<LoadOrder, "seconds">;
}

/** All servers of one case, alive at once, so that any two can be measured in turns. */
export class Round {
  readonly #servers = new Map<ServerName, Running>();
  readonly #load = new Child("./load.js", [], "load generator");
  readonly #case: CaseName;
  readonly #options: Options;

  private constructor(name: CaseName, options: Options) {
    this.#case = name;
    this.#options = options;
  }

  /** Starts the servers and sees that they answer alike, and that ours answers from its cache. */
  static async start(name: CaseName, options: Options): Promise<Round> {
    const round = new Round(name, options);
    try {
      const ours = await round.#add("ours", {});
      assert.equal(ours.status, cases[name].conditional ? 304 : 200, "ours answers with another status");
      assert.equal(ours.fields["x-cache"], "HIT", "ours is not a hit");
      const buffer = await round.#add("buffer", saidFields(ours));
      await round.#add("twin", saidFields(ours));
      const object = await round.#add("object", {});
      const lru = await round.#add("lru-hook", {});
      assert.deepEqual(
        timelessFields(buffer),
        timelessFields(ours),
        "the ready-made response has other fields",
      );
      assert.deepEqual(
        Object.keys(lru.fields).toSorted(),
        Object.keys(ours.fields).toSorted(),
        "the hook's fields",
      );
      for (const { status, body } of [buffer, object, lru]) {
        assert.equal(status, ours.status);
        assert.ok(body.equals(ours.body), "the contenders send different content");
      }
      return round;
    } catch (error) {
      await round.stop();
      throw error;
    }
  }

  async warmUp(): Promise<void> {
    for (const name of this.#servers.keys()) await this.slice(name, this.#options.warmUpSeconds);
  }

  /** Loads one server for a while, and answers what that cost. */
  async slice(name: ServerName, seconds: number): Promise<Slice> {
    const server = this.#servers.get(name);
    assert.ok(server, `there is no server "${name}"`);
    const { child, load } = server;
    const before = await child.ask<ServerUsage>("usage");
    const result = await this.#load.ask<LoadResult>({ ...load, seconds }, seconds);
    const after = await child.ask<ServerUsage>("usage");
    const isCached = name === "ours" || name === "lru-hook";
    assert.equal(
      after.handlerRuns - before.handlerRuns,
      isCached ? 0 : result.requests,
      `${name}: handler runs`,
    );
    return sliceOf(result, before, after);
  }

  async stop(): Promise<void> {
    await Promise.all(
      [this.#load, ...[...this.#servers.values()].map(({ child }) => child)].map((it) => it.stop()),
    );
  }

  async #add(name: ServerName, fields: Record<string, string>): Promise<Seen> {
    const contender = name === "twin" ? "buffer" : name;
    const order: ServerOrder = { contender, case: this.#case, fields };
    const { profiles } = this.#options;
    const profiling =
      profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}/${this.#case}-${name}`];
    const flags = ["--expose-gc", ...profiling];
    const child = new Child("./server.js", [JSON.stringify(order)], `server "${name}"`, flags);
    const { port, path } = await child.ask<{ port: number; path: string }>("address");
    // The first answer is made by the handler; it carries the entity tag that a conditional request repeats.
    const first = await probe(port, path, {});
    const tag = cases[this.#case].conditional ? first.fields["etag"] : undefined;
    const headers: Record<string, string> = tag === undefined ? {} : { "if-none-match": tag };
    const seen = await probe(port, path, headers);
    await child.ask("settle");
    const head = [`GET ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`, ...Object.entries(headers).map(colon)];
    this.#servers.set(name, {
      name,
      child,
      load: {
        port,
        request: `${head.join("\r\n")}\r\n\r\n`,
        status: seen.status,
        bodyBytes: seen.body.byteLength,
        connections: this.#options.connections,
      },
    });
    return seen;
  }
}

function colon([name, value]: readonly [string, string]): string {
  return `${name}: ${value}`;
}
