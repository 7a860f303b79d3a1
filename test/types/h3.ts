import { defineHandler, defineValidatedHandler, H3 } from "h3";
import type { EventHandlerWithFetch, H3Event, Middleware } from "h3";
import { z } from "zod";
import type { Cache } from "../../src/index.ts";
import { cacheMiddleware, cacheRoute, cacheTags, invalidates } from "../../src/adapters/h3.ts";
import type { CacheRouteOptions, InvalidatesOptions } from "../../src/adapters/h3.ts";
import type { Fact, Same } from "./equal.ts";

declare const cache: Cache;
const app = new H3();

// A handler's types are what they are without us.
const plain = defineHandler((event) => ({ id: event.req.url }));
const cached = cacheRoute(cache, { ttl: 60 }, plain);
export type SameHandler = Fact<Same<typeof cached, typeof plain>>;

const validated = defineValidatedHandler({
  validate: { query: z.object({ page: z.string() }), body: z.object({ name: z.string() }) },
  handler: async (event) => ({ name: (await event.req.json()).name }),
});
const named = (event: { readonly req: { json(): Promise<{ name: string }> } }): string => typeof event;
const cachedValidated = cacheRoute(
  cache,
  { methods: ["POST"], key: (event) => named(event), tags: (event) => [named(event)] },
  validated,
);
export type SameValidated = Fact<Same<typeof cachedValidated, typeof validated>>;

// The functions are given the event.
app.get(
  "/u/:id",
  cacheRoute(
    cache,
    {
      key: (event) => event.url.pathname,
      scope: (event) => String(event.context["user"]),
      origin: (event) => event.url.origin,
      tags: (event, response) => [event.context.params?.["id"] ?? "", response.header("x-tag") ?? ""],
    },
    (event) => event.req.url,
  ),
);
const options: CacheRouteOptions = { ttl: 60, scope: (event) => String(event.context["user"]) };
app.use("/u/**", cacheMiddleware(cache, options));
const middleware = cacheMiddleware(cache, { key: (event) => event.url.href });
export type SameMiddleware = Fact<Same<typeof middleware, Middleware>>;
// A handler without parameters is one, too.
const simple = cacheRoute(cache, { ttl: 60 }, () => "a");
export type Simple = Fact<Same<Parameters<typeof simple>, [event: H3Event]>>;

// What is wrong is an error of the compiler.
export function wrong(): void {
  // @ts-expect-error: a misspelt option
  cacheRoute(cache, { tll: 60 }, plain);
  // @ts-expect-error: seconds are a number
  cacheRoute(cache, { ttl: "60" }, plain);
  // @ts-expect-error: options are an object
  cacheRoute(cache, 300, plain);
  // @ts-expect-error: there is a handler
  cacheRoute(cache, { ttl: 60 });
  // @ts-expect-error: the handler comes last
  cacheRoute(cache, plain, { ttl: 60 });
  // @ts-expect-error: a key is a string, and not the promise of one
  cacheRoute(cache, { key: async (event) => event.url.href }, plain);
  // @ts-expect-error: a misspelt member
  cacheRoute(cache, { key: (event) => event.urll.href }, plain);
  // @ts-expect-error: middleware has no handler
  cacheMiddleware(cache, { ttl: 60 }, plain);
}

// A write names tags by its event and its response.
const writing = invalidates(
  cache,
  { tags: (event, { status }) => [`u:${event.context.params?.["id"]}`, String(status)] },
  validated,
);
export type SameWrite = Fact<Same<typeof writing, typeof validated>>;
const both: EventHandlerWithFetch = invalidates(
  cache,
  { tags: ["a"] },
  cacheRoute(cache, {}, () => "a"),
);
app.patch("/u/:id", both);
const written: InvalidatesOptions = { tags: ["users"] };
app.post("/u", invalidates(cache, written, plain));
export function wrongWrites(): void {
  // @ts-expect-error: tags are a list
  invalidates(cache, { tags: "users" }, plain);
  // @ts-expect-error: tags are a list, and not the promise of one
  invalidates(cache, { tags: async () => ["users"] }, plain);
  // @ts-expect-error: there are tags
  invalidates(cache, {}, plain);
}

// A handler tags its response by its event.
app.get(
  "/u/:id",
  cacheRoute(cache, { ttl: 60 }, (event) => {
    cacheTags(event, [event.context.params?.["id"] ?? ""]);
    return "a";
  }),
);
export function wrongTags(event: H3Event): void {
  // @ts-expect-error: tags are a list
  cacheTags(event, "users");
  // @ts-expect-error: tags are text
  cacheTags(event, [1]);
  // @ts-expect-error: the event is given, and not the request
  cacheTags(event.req, ["users"]);
}
