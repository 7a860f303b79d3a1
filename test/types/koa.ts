import { Router } from "@koa/router";
import type Koa from "koa";
import type { Context, Middleware } from "koa";
import { createCache, rfc9111 } from "../../src/index.ts";
import { cacheRoute, cacheTags, invalidates } from "../../src/adapters/koa.ts";
import type { CacheRouteOptions, RouteCtx } from "../../src/adapters/koa.ts";
import type { Fact, Same } from "./equal.ts";

declare const cache: ReturnType<typeof createCache>;
declare const app: Koa;
declare const router: Router;
declare const requireKey: Middleware;
declare const handler: Middleware;

interface State {
  readonly user: { readonly id: string };
}
interface Extra {
  readonly tenant: string;
}

export type Key = NonNullable<CacheRouteOptions["key"]>;
export type KeyTakesContext = Fact<Same<Key, (ctx: RouteCtx) => string>>;

// What a route may write, and where.
export function written(): void {
  router.get("/", cacheRoute(cache), handler);
  router.get("/", requireKey, cacheRoute(cache, { ttl: 60 }), handler);
  router.get("root", "/", cacheRoute(cache, { ...rfc9111 }), handler);
  router.get("/", cacheRoute(cache, rfc9111, { route: "root", query: new Map() }), handler);
  router.get(["/a", "/b"], cacheRoute(cache, { key: (ctx) => ctx.path }), handler);
  router.get(/^\/a/, cacheRoute(cache, { ttl: 60 }), handler);
  router.get("/r/:id", cacheRoute(cache, { ttl: 60, key: (ctx) => ctx.params["id"] ?? "" }), handler);
  router.use(cacheRoute(cache, { ttl: 60 }));
  app.use(cacheRoute(cache, { ttl: 60 }));
  app.use(router.routes());
  const cached: Middleware = cacheRoute(cache, { ttl: 60 });
  app.use(cached);
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
  cacheRoute(cache, { key: async (ctx) => ctx.url });
  // @ts-expect-error: guards are the middleware in front
  cacheRoute(cache, { before: [requireKey] });
}

// The handler's types are those of its router without a cache.
export function handlers(): void {
  router.get("/u/:id", cacheRoute(cache, { ttl: 60 }), (ctx) => {
    const params: Fact<Same<typeof ctx.params, Record<string, string>>> = true;
    ctx.body = params;
  });
  const typed = new Router<State, Extra>();
  typed.get("/u/:id", cacheRoute(cache, { ttl: 60 }), (ctx) => {
    const user: Fact<Same<typeof ctx.state.user, { readonly id: string }>> = true;
    const tenant: Fact<Same<typeof ctx.tenant, string>> = true;
    // @ts-expect-error: a misspelt member of the state
    ctx.body = [user, tenant, ctx.state.usr];
  });
}

// With the types of state and context, the functions are given them.
export function states(): void {
  const mine = cacheRoute<State, Extra>(cache, {
    key: (ctx) => ctx.state.user.id,
    scope: ({ state, tenant }) => tenant + state.user.id,
    origin: (ctx) => `https://${ctx.tenant}.test`,
    tags: (ctx, response) => [ctx.params["id"] ?? "", response.header("x-tag") ?? ""],
  });
  const typed = new Router<State, Extra>();
  typed.get("/me", mine, (ctx) => void (ctx.body = ctx.state.user.id));
  // @ts-expect-error: a misspelt member of the state
  cacheRoute<State>(cache, { key: (ctx) => ctx.state.usr.id });
  const apart: CacheRouteOptions<State> = { scope: (ctx) => ctx.state.user.id };
  cacheRoute(cache, apart);
}

// A write names tags; the handler's types stay as they are.
export function writes(): void {
  router.post("/u/:id", invalidates(cache, { tags: ["users"] }), (ctx) => {
    const params: Fact<Same<typeof ctx.params, Record<string, string>>> = true;
    ctx.body = params;
  });
  router.patch(
    "/u/:id",
    requireKey,
    invalidates(cache, { tags: (ctx) => [ctx.params["id"] ?? ""] }),
    handler,
  );
  invalidates<State>(cache, { tags: (ctx) => [ctx.state.user.id, String(ctx.status)] });
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
export function tagged(typed: Router<State, Extra>, ctx: Context): void {
  router.get("/u/:id", cacheRoute(cache), (ctx) => cacheTags(ctx, [ctx.params["id"] ?? ""]));
  typed.get("/u", cacheRoute(cache), (ctx) => cacheTags(ctx, ["users", ctx.state.user.id]));
  // @ts-expect-error: tags are a list
  cacheTags(ctx, "users");
  // @ts-expect-error: tags are text
  cacheTags(ctx, [1]);
  // @ts-expect-error: there are tags
  cacheTags(ctx);
  // @ts-expect-error: the context is tagged
  cacheTags(cache, ["users"]);
}
