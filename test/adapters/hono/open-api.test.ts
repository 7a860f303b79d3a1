import { serve } from "@hono/node-server";
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheOpenAPIRoute } from "../../../src/adapters/hono.ts";
import type { CacheRouteOptions } from "../../../src/adapters/hono.ts";
import { heldCache } from "./support.ts";

const Query = z.object({ words: z.string(), page: z.coerce.number().default(1) });
const responses = { 200: { description: "what was found" } };
const search = createRoute({ method: "get", path: "/search/{kind}", request: { query: Query }, responses });

/** Serves an application over a socket. Returns a function that asks it. */
async function served(app: OpenAPIHono): Promise<(path: string) => Promise<readonly unknown[]>> {
  const { server, port } = await new Promise<{ server: ReturnType<typeof serve>; port: number }>(
    (resolve) => {
      const started = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (info) =>
        resolve({ server: started, port: info.port }),
      );
    },
  );
  onTestFinished(() => void server.close());
  return async (path) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, response.headers.get("x-cache"), await response.text()];
  };
}

/** An application with one cached route, whose handler returns what its validators have made of the request. */
function searching(options: CacheRouteOptions = { ttl: 60 }, middleware: MiddlewareHandler[] = []) {
  const app = new OpenAPIHono();
  let runs = 0;
  const route = { ...search, middleware };
  return app.openapi(cacheOpenAPIRoute(heldCache().cache, options, route), (c) => {
    const { kind } = c.req.param();
    return c.json({ kind, asked: c.req.query(), query: c.req.valid("query"), run: ++runs });
  });
}

describe("a route of @hono/zod-openapi", () => {
  it("declares the parameters of its schema: others make no entries, and the handler does not see them", async () => {
    const ask = await served(searching());

    const miss = await ask("/search/books?words=a&page=2&utm=1");
    const hit = await ask("/search/books?page=2&utm=2&words=a");

    const query = { words: "a", page: 2 };
    const content = JSON.stringify({ kind: "books", asked: { words: "a", page: "2" }, query, run: 1 });
    expect(miss).toEqual([200, "MISS", content]);
    expect(hit).toEqual([200, "HIT", content]);
  });

  it("has the default of its schema in the key, and its handler has it from the validator", async () => {
    const ask = await served(searching());

    const [, , miss] = await ask("/search/books?words=a");
    const hit = await ask("/search/books?words=a&page=1");

    expect(JSON.parse(String(miss))).toMatchObject({ asked: { words: "a" }, query: { page: 1 } });
    expect(hit).toEqual([200, "HIT", miss]);
  });

  it("has no entry for a request that its validator refuses", async () => {
    const ask = await served(searching());

    expect((await ask("/search/books?page=2")).slice(0, 2)).toEqual([400, "MISS"]);
    expect((await ask("/search/books?page=2")).slice(0, 2)).toEqual([400, "MISS"]);
  });

  it("is guarded by its own middleware, on hits, too", async () => {
    let guarded = 0;
    const guard: MiddlewareHandler = async (_c, next) => {
      guarded++;
      await next();
    };
    const ask = await served(searching({ ttl: 60 }, [guard]));

    await ask("/search/books?words=a");
    expect((await ask("/search/books?words=a"))[1]).toBe("HIT");
    expect(guarded).toBe(2);
  });

  it("obeys the option query in the place of its schema", async () => {
    const ask = await served(searching({ ttl: 60, query: ["words"] }));

    await ask("/search/books?words=a&page=1");
    expect((await ask("/search/books?words=a&page=2"))[1]).toBe("HIT");
  });

  it("is in the document as it is without a cache", () => {
    const plain = new OpenAPIHono().openapi(search, (c) => c.json({}));
    const info = { openapi: "3.1.0", info: { title: "search", version: "1" } };

    expect(searching().getOpenAPI31Document(info)).toEqual(plain.getOpenAPI31Document(info));
  });

  it("keeps what createRoute has added, and leaves the route itself as it was", () => {
    const cached = cacheOpenAPIRoute(heldCache().cache, { ttl: 60 }, search);

    expect(cached.getRoutingPath()).toBe("/search/:kind");
    expect(search).not.toHaveProperty("middleware");
  });

  it("without a query schema has every parameter in its key", async () => {
    const app = new OpenAPIHono();
    const route = createRoute({ method: "get", path: "/all", responses });
    const ask = await served(
      app.openapi(cacheOpenAPIRoute(heldCache().cache, { ttl: 60 }, route), (c) => c.json(c.req.query())),
    );

    await ask("/all?a=1");
    expect(await ask("/all?a=2")).toEqual([200, "MISS", '{"a":"2"}']);
  });

  it.each([
    ["a misspelt option", { tll: 60 }, search, "ERR_CACHE_OPTION_UNKNOWN"],
    ["no options at all", null, search, "ERR_CACHE_OPTION_INVALID"],
    ["a list for options", [], search, "ERR_CACHE_OPTION_INVALID"],
    ["no route", { ttl: 60 }, undefined, "ERR_CACHE_OPTION_INVALID"],
    ["a handler for a route", { ttl: 60 }, () => new Response("a"), "ERR_CACHE_OPTION_INVALID"],
    [
      "a schema that admits any name",
      { ttl: 60 },
      { ...search, request: { query: z.looseObject({}) } },
      "ERR_CACHE_QUERY_UNDECLARED",
    ],
    [
      "a schema that has no form as JSON Schema",
      { ttl: 60 },
      { ...search, request: { query: z.object({ since: z.coerce.date() }) } },
      "ERR_CACHE_QUERY_UNDECLARED",
    ],
  ])("throws at once for %s", (_, options, route, code) => {
    const { cache } = heldCache();

    expect(() => cacheOpenAPIRoute(cache, options as CacheRouteOptions, route as typeof search)).toThrow(
      expect.objectContaining({ code }),
    );
  });
});
