import { createHash } from "node:crypto";
import { Agent, get } from "node:http";
import { askAtOnce, hashOf, openedClients, requestFor } from "../client.ts";
import type { Client } from "../client.ts";

/** One response as its client saw it; times by the clock of this process, in milliseconds. */
export interface Seen {
  readonly askedAt: number;
  readonly firstAt: number;
  readonly endedAt: number;
  readonly status: number;
  readonly hash: string;
  readonly cacheStatus: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** Asks once. */
export function ask(port: number, path: string): Promise<Seen> {
  const askedAt = performance.now();
  return new Promise((resolve, reject) => {
    const request = get({ host: "127.0.0.1", port, path, agent, timeout: 60_000 }, (response) => {
      const hash = createHash("sha256");
      let firstAt = NaN;
      response.on("data", (part: Buffer) => {
        if (Number.isNaN(firstAt)) firstAt = performance.now();
        hash.update(part);
      });
      response.on("error", reject);
      response.on("end", () => {
        resolve({
          askedAt,
          firstAt,
          endedAt: performance.now(),
          status: response.statusCode ?? 0,
          hash: hash.digest("hex"),
          cacheStatus: String(response.headers["cache-status"]),
        });
      });
    });
    request.on("error", reject);
    request.on("timeout", () => request.destroy(new Error(`${path}: no answer within a minute`)));
  });
}

/** Asks many times at once. */
export function askAll(port: number, path: string, count: number): Promise<Seen[]> {
  return Promise.all(Array.from({ length: count }, () => ask(port, path)));
}

/**
 * Asks many times at once and only looks at the time: a client that reads what it is sent costs more than the server,
 * and shares its processor.
 */
export class Crowd {
  readonly #port: number;
  #clients: Client[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  /** How long it takes from the first question to the last answer, in ms. Throws where one is not the right one. */
  async time(path: string, count: number, content: string): Promise<number> {
    this.#clients = await openedClients(this.#clients, this.#port, Math.max(count, this.#clients.length));
    const asking = this.#clients.slice(0, count);
    await askAtOnce(asking, requestFor(this.#port, path), PATIENCE_MS);
    const hash = hashOf(Buffer.from(content));
    const faults = asking.map((client) => client.fault(hash)).filter((fault) => fault !== undefined);
    if (faults.length > 0) throw new Error(`${path}: ${faults.length} of ${count} went wrong: ${faults[0]}`);
    const ends = asking.map(({ endedAt }) => endedAt);
    return Math.max(...ends) - Math.min(...asking.map(({ askedAt }) => askedAt));
  }
}

const PATIENCE_MS = 60_000;
