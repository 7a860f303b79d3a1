import assert from "node:assert/strict";
import { Child } from "../child.ts";
import type { LoadOrder, LoadResult, ServerUsage } from "../messages.ts";
import { probe } from "../probe.ts";
import { sliceOf } from "../round.ts";
import type { Slice } from "../round.ts";
import { PATH } from "./messages.ts";
import type { TreeOrder } from "./messages.ts";
import type { Kind, Place, TreeOptions } from "./options.ts";

/** Who is measured: this tree, the same in another process, and what they are measured against. */
export type Side = "this" | "twin" | "other";

/** The folders of both trees; the other is undefined where there is no cache on the other side. */
export interface Trees {
  readonly own: string;
  readonly other: string | undefined;
}

interface Running {
  readonly child: Child;
  readonly isCached: boolean;
  readonly load: Omit<LoadOrder, "seconds"> | undefined;
}

/** Where the number stands that makes each request one for another URL. */
const NUMBER = "0000000000";

/** The servers of one place and case, alive at once, so that any two can be measured in turns. */
export class TreeRound {
  readonly #sides = new Map<Side, Running>();
  readonly #load = new Child("./load.js", [], "load generator");
  readonly #kind: Kind;

  private constructor(kind: Kind) {
    this.#kind = kind;
  }

  static async start(place: Place, kind: Kind, trees: Trees, options: TreeOptions): Promise<TreeRound> {
    const round = new TreeRound(kind);
    try {
      for (const side of ["this", "twin", "other"] as const) {
        const tree = side === "other" ? trees.other : trees.own;
        await round.#add(side, { tree, place, kind }, options.connections);
      }
      for (const side of round.#sides.keys()) await round.slice(side, options.warmUpSeconds);
      return round;
    } catch (error) {
      await round.stop();
      throw error;
    }
  }

  /** Loads one side for a while, and answers what that cost. */
  async slice(side: Side, seconds: number): Promise<Slice> {
    const running = this.#sides.get(side);
    assert.ok(running, `there is no side "${side}"`);
    const { child, load, isCached } = running;
    const before = await child.ask<ServerUsage>("usage");
    const result =
      load === undefined
        ? { cpuMicros: 0, ...(await child.ask<Omit<LoadResult, "cpuMicros">>({ seconds }, seconds)) }
        : await this.#load.ask<LoadResult>({ ...load, seconds }, seconds);
    const after = await child.ask<ServerUsage>("usage");
    const runs = after.handlerRuns - before.handlerRuns;
    // The loop of the core makes its own first entry.
    if (isCached && this.#kind === "hit") assert.ok(runs <= 1, `${side}: the handler ran on a hit`);
    else assert.equal(runs, result.requests, `${side}: handler runs`);
    return sliceOf(result, before, after);
  }

  async stop(): Promise<void> {
    const children = [this.#load, ...[...this.#sides.values()].map(({ child }) => child)];
    await Promise.all(children.map((child) => child.stop()));
  }

  async #add(side: Side, order: TreeOrder, connections: number): Promise<void> {
    const child = new Child("./trees/server.js", [JSON.stringify(order)], side, ["--expose-gc"]);
    const isCached = order.tree !== undefined;
    this.#sides.set(side, { child, isCached, load: undefined });
    const { port } = await child.ask<{ port: number }>("address");
    if (port === 0) return;
    const path = `${PATH}?n=${NUMBER}`;
    await probe(port, path, {});
    const seen = await probe(port, this.#kind === "hit" ? path : `${PATH}?n=first`, {});
    const status = isCached ? (this.#kind === "hit" ? "HIT" : "MISS") : undefined;
    assert.equal(seen.fields["x-cache"], status, `${side}: it is not what is measured`);
    await child.ask("settle");
    const request = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`;
    const isChunked = seen.fields["content-length"] === undefined;
    const load = {
      port,
      request,
      status: seen.status,
      bodyBytes: seen.body.byteLength,
      connections,
      ...(isChunked && { isChunked }),
      ...(this.#kind !== "hit" && { numberAt: request.indexOf(NUMBER) }),
    };
    this.#sides.set(side, { child, isCached, load });
  }
}
