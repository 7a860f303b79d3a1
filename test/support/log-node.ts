import type { CacheError } from "../../src/core/contract/errors.ts";
import { Ledger } from "../../src/core/invalidation/ledger.ts";
import type { ReadCalls } from "../../src/core/invalidation/log-reader.ts";
import { MarkLog } from "../../src/core/invalidation/mark-log.ts";
import type { WriteCalls } from "../../src/core/invalidation/mark-sender.ts";
import type { Marked } from "../../src/core/invalidation/names.ts";
import { testClock } from "../../src/testing/clock.ts";
import type { TestClock } from "../../src/testing/clock.ts";
import { SharedLog } from "./shared-log.ts";

/** What is wrong with the link of a process to its log. `held`: calls wait until `release`. */
type Link = "up" | "cut" | "held" | "read-only";

/** A process that follows a log. */
export class LogNode implements ReadCalls, WriteCalls {
  readonly clock: TestClock;
  readonly ledger: Ledger;
  readonly log: MarkLog;
  readonly reads: number[] = [];
  readonly adds: (readonly string[])[] = [];
  readonly deleted: [resource: string, position: number][] = [];
  readonly errors: CacheError[] = [];
  link: Link = "up";
  /** Whether additions are never answered. */
  holdsAdds = false;
  /** Whether the store fails to delete. */
  deletes: number | undefined = 1;
  readonly #shared: SharedLog;
  #held: (() => void)[] = [];

  constructor(shared: SharedLog, { skewMs = 0, limit = 100_000 } = {}) {
    this.#shared = shared;
    this.clock = testClock(Date.UTC(2026, 0, 1) + skewMs);
    this.ledger = new Ledger(() => this.clock.now(), limit, "log");
    this.log = new MarkLog(this.ledger, this, this.clock, (error) => void this.errors.push(error));
  }

  get fullPage(): number {
    return this.#shared.pageSize;
  }

  async readMarks(from: number): Promise<ReturnType<SharedLog["read"]> | undefined> {
    this.reads.push(from);
    if (!(await this.#passes())) return undefined;
    const page = this.#shared.read(from);
    await this.#passes();
    return page;
  }

  async addMarks(names: readonly string[], above: number): Promise<number | undefined> {
    this.adds.push(names);
    if (this.holdsAdds) await new Promise(() => undefined);
    return (await this.#passes()) && this.link !== "read-only" ? this.#shared.add(names, above) : undefined;
  }

  async delete(resource: string, position: number): Promise<number | undefined> {
    this.deleted.push([resource, position]);
    return (await this.#passes()) ? this.deletes : undefined;
  }

  /** Lets all calls go on that are held. */
  async release(): Promise<void> {
    this.#held.splice(0).forEach((go) => go());
    await settle();
  }

  /** Lets all calls fail that are held. */
  async fail(): Promise<void> {
    this.link = "cut";
    await this.release();
    this.link = "held";
  }

  /** A lookup: it waits until the table is current. */
  async lookUp(): Promise<void> {
    await this.log.look(() => undefined);
  }

  /** Moves this clock, and lets go on what is due then. */
  async advance(seconds: number): Promise<void> {
    this.clock.advance(seconds);
    await settle();
  }

  /** What a fill that begins now stores. */
  entry(names: readonly string[], key = "a"): Marked {
    return { names, key, began: this.ledger.position };
  }

  /** Whether what was read at an arrival may be outdated for a handler that begins now. */
  hasChanged(name: string, arrival: number): boolean {
    return this.ledger.hasChanged({ names: [name] }, this.ledger.at(arrival), this.ledger.position);
  }

  async #passes(): Promise<boolean> {
    if (this.link === "held") await new Promise<void>((resolve) => this.#held.push(resolve));
    return this.link !== "cut";
  }
}

/** Lets everything that waits for a promise continue. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A log, and a process that has read it. */
export async function oneNode(): Promise<readonly [SharedLog, LogNode]> {
  const shared = new SharedLog();
  const node = new LogNode(shared);
  await node.lookUp();
  return [shared, node];
}

/** The same, and another process that has read it. */
export async function twoNodes(): Promise<readonly [SharedLog, LogNode, LogNode]> {
  const [shared, one] = await oneNode();
  const other = new LogNode(shared);
  await other.lookUp();
  return [shared, one, other];
}
