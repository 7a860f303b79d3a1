import { setImmediate as turn } from "node:timers/promises";
import { Router } from "@koa/router";
import Koa from "koa";
import type { Context, Middleware } from "koa";
import { onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/koa.ts";
import type { CacheRouteOptions } from "../../../src/adapters/koa.ts";
import { createCache } from "../../../src/index.ts";
import type { Cache, CacheOptions } from "../../../src/index.ts";
import { Client } from "../express/client.ts";
import type { Answer } from "../express/client.ts";
import { listen } from "../harness/koa.ts";

/** A cache without reports. */
export function quietCache(options: CacheOptions = {}): Cache {
  return createCache({ reporter: false, ...options });
}

/** An application that writes no errors to the console. */
export function quietApp(): Koa {
  const app = new Koa();
  app.silent = true;
  return app;
}

/** Starts an application, and stops it at the end of the test. Returns a client of it. */
export async function visit(app: Koa): Promise<Client> {
  const server = await listen(app);
  onTestFinished(() => server.close());
  return new Client(server.origin);
}

/** An application with one cached route, `/a`, behind middleware of the application. */
export interface RouteSite {
  readonly client: Client;
  readonly cache: Cache;
  /** How often the handler ran. */
  readonly runs: () => number;
  ask(headers?: Readonly<Record<string, string>>, path?: string): Promise<Answer>;
  askTwice(headers?: Readonly<Record<string, string>>): Promise<[Answer, Answer]>;
}

/** Starts an application with one cached route. `front` runs before the cache, `back` between it and the handler. */
export async function route(
  handle: (ctx: Context) => unknown,
  {
    front = [],
    back = [],
    options = {},
    cache = quietCache(),
    app = quietApp(),
  }: {
    readonly front?: readonly Middleware[];
    readonly back?: readonly Middleware[];
    readonly options?: CacheRouteOptions;
    readonly cache?: Cache;
    readonly app?: Koa;
  } = {},
): Promise<RouteSite> {
  let runs = 0;
  const router = new Router();
  router.get("/a", cacheRoute(cache, { ttl: 60, ...options }), ...(back as []), async (ctx: Context) => {
    runs++;
    await handle(ctx);
  });
  for (const middleware of front) app.use(middleware);
  app.use(router.routes() as unknown as Middleware);
  const client = await visit(app);
  const ask: RouteSite["ask"] = (headers = {}, path = "/a") => client.ask({ path, headers });
  return {
    client,
    cache,
    runs: () => runs,
    ask,
    askTwice: async (headers) => [await ask(headers), await ask(headers)],
  };
}

/** Waits until something has happened that no client can observe. */
export async function until(happened: () => boolean): Promise<void> {
  const endAt = Date.now() + 4000;
  while (!happened()) {
    if (Date.now() > endAt) throw new Error("waited in vain");
    await turn();
  }
}

/** A promise that a test resolves. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
