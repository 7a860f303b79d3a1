import type { ServerResponse } from "node:http";
import type { Express, RequestHandler } from "express";
import { onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/express.ts";
import type { CacheRouteOptions } from "../../../src/adapters/express.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache, CacheOptions } from "../../../src/index.ts";
import { listen } from "../harness/express.ts";
import { Client } from "./client.ts";
import type { Answer } from "./client.ts";

export { versions } from "../harness/express.ts";

/** A cache without reports. */
export function quietCache(options: CacheOptions = {}): Cache {
  return createCache({ reporter: false, ...options });
}

/** Starts an application, and stops it at the end of the test. Returns a client of it. */
export async function visit(app: Express): Promise<Client> {
  const server = await listen(app);
  onTestFinished(() => server.close());
  return new Client(server.origin);
}

/** A handler that counts its runs. */
export function counted(handle: RequestHandler): RequestHandler & { runs: number } {
  const counting = Object.assign(
    ((req, res, next) => {
      counting.runs++;
      return handle(req, res, next);
    }) as RequestHandler,
    { runs: 0 },
  );
  return counting;
}

/** Requests one path twice. */
export async function askTwice(
  client: Client,
  path = "/a",
  headers: Readonly<Record<string, string>> = {},
): Promise<[Answer, Answer]> {
  return [await client.ask({ path, headers }), await client.ask({ path, headers })];
}

/** An application with one cached route, whose handler uses Node's response. */
export async function route(
  express: () => Express,
  answer: (res: ServerResponse, path: string) => unknown,
  options: CacheRouteOptions = {},
  cache: Cache = quietCache(),
): Promise<{ client: Client; handler: { readonly runs: number }; cache: Cache }> {
  const handler = counted((req, res) => void answer(res, req.path));
  const app = express();
  app.get("/a", cacheRoute(cache, { ttl: 60, ...options }), handler);
  return { client: await visit(app), handler, cache };
}
