import { createHash } from "node:crypto";
import { Agent, get } from "node:http";

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

/** From the first question to the last answer. */
export function duration(seen: readonly Seen[]): number {
  return Math.max(...seen.map(({ endedAt }) => endedAt)) - Math.min(...seen.map(({ askedAt }) => askedAt));
}
