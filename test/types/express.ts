import type * as express from "express";
import type { Request, RequestHandler } from "express";
import { createCache, rfc9111 } from "../../src/index.ts";
import { cacheRoute, cacheTags, invalidates } from "../../src/adapters/express.ts";
import type { CacheRouteOptions } from "../../src/adapters/express.ts";
import type { Fact, Same } from "./equal.ts";

declare const cache: ReturnType<typeof createCache>;
declare const app: express.Express;
declare const router: express.Router;
declare const requireKey: RequestHandler;
const handler: RequestHandler = (_request, response) => void response.send("");

export type Key = NonNullable<CacheRouteOptions["key"]>;
export type KeyTakesRequest = Fact<Same<Key, (request: Request) => string>>;

// What a route may write, and where.
export function written(): void {
  app.get("/", cacheRoute(cache), handler);
  app.get("/", requireKey, cacheRoute(cache, { ttl: 60, before: [requireKey] }), handler);
  app.get("/", cacheRoute(cache, { ...rfc9111 }), handler);
  app.get("/", cacheRoute(cache, rfc9111, { route: "root", query: new Map() }), handler);
  app.get("/", [requireKey, cacheRoute(cache)], handler);
  app.use(cacheRoute(cache, { ttl: 60 }));
  app.use("/api", cacheRoute(cache, { ttl: 60 }), router);
  router.get(["/a", "/b"], cacheRoute(cache, { key: (request) => request.path }), handler);
  app.route("/a").get(cacheRoute(cache, { ttl: 60 }), handler);
  app.get(/^\/a/, cacheRoute(cache, { ttl: 60 }), handler);
  const cached: RequestHandler = cacheRoute(cache, { ttl: 60 });
  app.get("/", cached, handler);
}

// What is wrong is an error of the compiler.
export function wrong(): void {
  // @ts-expect-error: a cache is what `createCache` returns
  cacheRoute(createCache);
  // @ts-expect-error: a misspelt option
  cacheRoute(cache, { tll: 60 });
  // @ts-expect-error: seconds are a number
  cacheRoute(cache, { ttl: "60" });
  // @ts-expect-error: options are an object
  cacheRoute(cache, 300);
  // @ts-expect-error: a key is a string, and not the promise of one
  cacheRoute(cache, { key: async (request) => request.url });
  // @ts-expect-error: guards are functions
  cacheRoute(cache, { before: ["key"] });
}

// The handler's `params` are those that Express infers from the path without a cache.
export function handlers(): void {
  app.get("/u/:id", (request) => {
    const without: Fact<Same<typeof request.params, { id: string }>> = true;
    return without;
  });
  app.get("/u/:id", cacheRoute(cache, { ttl: 60 }), (request, response) => {
    const id: Fact<Same<typeof request.params.id, string>> = true;
    // @ts-expect-error: a misspelt parameter
    response.json([id, request.params.idd]);
  });
  app.get("/u/:id", cacheRoute<"/u/:id">(cache, { key: ({ params }) => params.id }), (request, response) => {
    const id: Fact<Same<typeof request.params.id, string>> = true;
    response.json(id);
  });
  app.get(
    "/u/:id",
    [cacheRoute(cache, { ttl: 60 })],
    (request: Request<{ id: string }>) => request.params.id,
  );
  router.get("/:group/u/:id", requireParams, cacheRoute(cache), (request, response) => {
    const params: Fact<Same<typeof request.params.group, string>> = true;
    response.json(params);
  });
  app.get<{ id: string }, string, unknown, { page: string }>(
    "/u/:id",
    cacheRoute(cache),
    (request, response) => {
      const page: Fact<Same<typeof request.query.page, string>> = true;
      // @ts-expect-error: a number is no text
      response.send(page ? 1 : 2);
    },
  );
  app.get("/", cacheRoute(cache), (request) => {
    // @ts-expect-error: the path has no parameter
    return request.params.id;
  });
}
const requireParams: (
  request: Request<{ group: string; id: string }>,
  response: unknown,
  next: () => void,
) => void = (_request, _response, next) => next();

// With the path, the functions are given its parameters.
export function paths(): void {
  cacheRoute<"/u/:id">(cache, {
    key: (request) => request.params.id,
    scope: ({ params }) => params.id,
    origin: ({ params }) => `https://${params.id}.test`,
    tags: ({ params }, response) => [params.id, response.header("x-tag") ?? ""],
    before: [requireKey, (request, _response, next) => next(request.params.id === "" ? "route" : undefined)],
  });
  cacheRoute<"/:group/u/:id">(cache, { key: ({ params }) => params.group + params.id });
  // @ts-expect-error: a misspelt parameter
  cacheRoute<"/u/:id">(cache, { key: (request) => request.params.idd });
  // @ts-expect-error: a misspelt parameter
  cacheRoute<"/u/:id">(cache, { scope: (request) => request.params.idd });
  // @ts-expect-error: a misspelt parameter
  cacheRoute<"/u/:id">(cache, { tags: (request) => [request.params.idd] });
  // @ts-expect-error: a misspelt option
  cacheRoute<"/u/:id">(cache, { tll: 60 });
  const apart: CacheRouteOptions<"/u/:id"> = { key: (request) => request.params.id };
  cacheRoute(cache, apart);
  const anywhere: CacheRouteOptions = { ttl: 60, before: [requireKey], key: (request) => request.path };
  cacheRoute(cache, anywhere);
}

// A write names tags; the handler's `params` stay as they are.
export function writes(): void {
  app.post("/u/:id", invalidates(cache, { tags: ["users"] }), (request, response) => {
    const id: Fact<Same<typeof request.params.id, string>> = true;
    response.json(id);
  });
  app.patch(
    "/u/:id",
    requireKey,
    invalidates<"/u/:id">(cache, { tags: ({ params }, { statusCode }) => [params.id, String(statusCode)] }),
    handler,
  );
  app.use("/u", invalidates(cache, { tags: (request) => [`user:${request.path}`] }));
  // @ts-expect-error: a misspelt parameter
  invalidates<"/u/:id">(cache, { tags: ({ params }) => [params.idd] });
  // @ts-expect-error: tags are a list
  invalidates(cache, { tags: "users" });
  // @ts-expect-error: tags are a list, and not the promise of one
  invalidates(cache, { tags: async () => ["users"] });
  // @ts-expect-error: there are tags
  invalidates(cache, {});
  // @ts-expect-error: an option of a route that is cached
  cacheRoute(cache, { invalidates: ["users"] });
}

// A handler tags its own response, whatever its types.
export function tagged(): void {
  app.get("/u/:id", cacheRoute(cache), (request, response) => cacheTags(response, [request.params.id]));
  app.get<object, { name: string }, unknown, object, { user: string }>(
    "/",
    cacheRoute(cache),
    (_, response) => cacheTags(response, ["users", response.locals.user]),
  );
  app.get("/", cacheRoute(cache), (request, response) => {
    // @ts-expect-error: tags are a list
    cacheTags(response, "users");
    // @ts-expect-error: tags are text
    cacheTags(response, [1]);
    // @ts-expect-error: tags are a list
    cacheTags(response, 1);
    // @ts-expect-error: tags are a list, and not the promise of one
    cacheTags(response, Promise.resolve(["users"]));
    // @ts-expect-error: there are tags
    cacheTags(response);
    // @ts-expect-error: the response is tagged
    cacheTags(request, ["users"]);
    // @ts-expect-error: the response is tagged
    cacheTags(cache, ["users"]);
  });
}
