import type { Express, Request, Response } from "express";
import { cacheRoute } from "../../../src/adapters/express.ts";
import type { CacheRouteOptions } from "../../../src/adapters/express.ts";
import { testClock } from "../../../src/testing/index.ts";
import type { TestClock } from "../../../src/testing/index.ts";
import type { Cache } from "../../../src/index.ts";
import type { Client } from "./client.ts";
import { counted, quietCache, visit } from "./support.ts";

/** An application with a test clock. */
export interface Site {
  readonly client: Client;
  readonly clock: TestClock;
  readonly cache: Cache;
  readonly errors: unknown[];
  readonly handler: { readonly runs: number };
}

/** Creates one with a route whose responses are stale after a minute. */
export async function site(
  express: () => Express,
  answer: (req: Request, res: Response, run: number) => unknown,
  options: CacheRouteOptions = {},
): Promise<Site> {
  const clock = testClock();
  const errors: unknown[] = [];
  const cache = quietCache({ clock, onError: (error) => void errors.push(error) });
  const handler = counted((req, res) => answer(req, res, handler.runs));
  const app = express();
  app.set("env", "test");
  app.get("/a", cacheRoute(cache, { ttl: 60, ...options }), handler);
  return { client: await visit(app), clock, cache, errors, handler };
}

/** Waits for something that no client can see. */
export async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise(setImmediate);
}
