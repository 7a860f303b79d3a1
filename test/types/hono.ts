import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { Hono } from "hono";
import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { validator } from "hono/validator";
import type { Cache } from "../../src/index.ts";
import { cacheOpenAPIRoute, cacheRoute, cacheTags, invalidates } from "../../src/adapters/hono.ts";
import type { CacheRouteOptions } from "../../src/adapters/hono.ts";
import type { Fact, Same } from "./equal.ts";

declare const cache: Cache;

interface Site {
  Variables: { user: string };
}
const app = new Hono<Site>();
const guard = createMiddleware<Site>(async (c, next) => {
  c.set("user", "ann");
  await next();
});

// A handler's types are what they are without us.
const page = validator("query", (query) => ({ page: Number(query["page"]) }));
const plain = new Hono<Site>().get("/u/:id", guard, page, (c) =>
  c.json({ id: c.req.param("id"), page: c.req.valid("query").page, user: c.var.user }),
);
const cached = new Hono<Site>().get("/u/:id", guard, page, cacheRoute(cache, { ttl: 60 }), (c) =>
  c.json({ id: c.req.param("id"), page: c.req.valid("query").page, user: c.var.user }),
);
export type SameApplication = Fact<Same<typeof cached, typeof plain>>;

// The functions are given the context.
app.get(
  "/u/:id",
  cacheRoute(cache, {
    key: (c) => c.req.path,
    scope: (c) => String(c.get("user")),
    origin: (c) => new URL(c.req.url).origin,
    tags: (c, response) => [String(c.req.param("id")), response.header("x-tag") ?? ""],
    app,
  }),
  (c) => c.text("a"),
);
const options: CacheRouteOptions<Site, "/u/:id"> = {
  ttl: 60,
  scope: (c) => c.var.user,
  tags: (c) => [c.req.param("id")],
};
app.get("/u/:id", cacheRoute(cache, options), (c) => c.text(c.req.param("id")));
const said = cacheRoute<Site, "/u/:id">(cache, { scope: (c) => c.var.user, key: (c) => c.req.param("id") });
export type Said = Fact<Same<typeof said, MiddlewareHandler<Site, "/u/:id">>>;

// What is wrong is an error of the compiler.
export function wrong(): void {
  // @ts-expect-error: a misspelt option
  cacheRoute(cache, { tll: 60 });
  // @ts-expect-error: seconds are a number
  cacheRoute(cache, { ttl: "60" });
  // @ts-expect-error: options are an object
  cacheRoute(cache, 300);
  // @ts-expect-error: the handler is no argument
  cacheRoute(cache, { ttl: 60 }, (c: Context) => c.text("a"));
  // @ts-expect-error: a key is a string, and not the promise of one
  cacheRoute(cache, { key: async (c) => c.req.path });
  // @ts-expect-error: a misspelt variable
  cacheRoute<Site>(cache, { scope: (c) => c.var.usr });
  // @ts-expect-error: an application has a method fetch
  cacheRoute(cache, { app: {} });
}

// A write names tags by its context.
app.patch(
  "/u/:id",
  invalidates(cache, { tags: (c) => [`u:${c.req.param("id")}`, String(c.res.status)] }),
  (c) => c.text(c.req.param("id")),
);
export function wrongWrites(): void {
  // @ts-expect-error: tags are a list
  invalidates(cache, { tags: "users" });
  // @ts-expect-error: tags are a list, and not the promise of one
  invalidates(cache, { tags: async () => ["users"] });
  // @ts-expect-error: there are tags
  invalidates(cache);
}

// A handler tags its response by its context.
app.get("/u/:id", cacheRoute(cache, { ttl: 60 }), (c) => {
  cacheTags(c, [c.req.param("id"), c.var.user]);
  return c.text("a");
});
export function wrongTags(c: Context<Site>): void {
  // @ts-expect-error: tags are a list
  cacheTags(c, "users");
  // @ts-expect-error: tags are text
  cacheTags(c, [1]);
  // @ts-expect-error: the context is given, and not the request
  cacheTags(c.req, ["users"]);
}

// A route of @hono/zod-openapi stays what it is, and so does its handler.
const found = createRoute({
  method: "get",
  path: "/found/{id}",
  request: { query: z.object({ page: z.coerce.number().default(1) }) },
  middleware: [guard] as const,
  responses: { 200: { description: "found", content: { "application/json": { schema: z.number() } } } },
});
const cachedRoute = cacheOpenAPIRoute(cache, { ttl: 60, tags: (c) => [c.req.param("id")] }, found);
export type SameRoute = Fact<Same<typeof cachedRoute, typeof found>>;
new OpenAPIHono().openapi(cachedRoute, (c) => {
  cacheTags(c, [c.req.param("id"), c.var.user]);
  return c.json(c.req.valid("query").page, 200);
});
export function wrongRoutes(): void {
  // @ts-expect-error: a misspelt option
  cacheOpenAPIRoute(cache, { tll: 60 }, found);
  // @ts-expect-error: the path has no such parameter
  cacheOpenAPIRoute(cache, { key: (c): string => c.req.param("name") }, found);
  // @ts-expect-error: a route has a path
  cacheOpenAPIRoute(cache, { ttl: 60 }, { method: "get" });
}
