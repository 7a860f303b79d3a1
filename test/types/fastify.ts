import Fastify from "fastify";
import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  FastifyTypeProvider,
  RouteOptions,
  RouteShorthandOptions,
  onRouteHookHandler,
  preHandlerAsyncHookHandler,
  preHandlerHookHandler,
} from "fastify";
import type { Static, TSchema } from "typebox";
import { Type } from "typebox";
import * as z from "zod";
import { cacheRoute, cacheTags } from "../../src/adapters/fastify.ts";
import type { FastifyCacheOptions, FastifyGuard } from "../../src/adapters/fastify.ts";
import { createCache, rfc9111 } from "../../src/index.ts";
import type { Fact, Same } from "./equal.ts";

declare const cache: ReturnType<typeof createCache>;
declare const app: FastifyInstance;
const handler = async (): Promise<string> => "";

export async function registered(): Promise<void> {
  await app.register(cacheRoute, { cache });
  // @ts-expect-error: the plugin needs a cache
  await app.register(cacheRoute, {});
  // @ts-expect-error: a cache is what `createCache` returns
  await app.register(cacheRoute, { cache: createCache });
}

// What a route may write.
export function written(): void {
  app.get("/", { cache: {} }, handler);
  app.get("/", { cache: false }, handler);
  app.get("/", { cache: { ttl: 60, tags: ["a"], query: ["page"] } }, handler);
  app.get("/", { cache: { ...rfc9111 } }, handler);
  app.get("/", { cache: rfc9111 }, handler);
  app.get("/", { cache: Math.random() > 0.5 && { ttl: 60 } }, handler);
  app.get("/", { cache: { ttl: 60 }, handler });
  app.route({ method: "GET", url: "/", cache: { ttl: 60 }, handler });
  app.route({ method: ["GET", "POST"], url: "/", cache: { methods: ["GET", "POST"] }, handler });
  app.get("/", { config: { rateLimit: 5 }, schema: { querystring: {} }, cache: { ttl: 60 } }, handler);
}

// What is wrong is an error of the compiler.
export function wrong(): void {
  // @ts-expect-error: a misspelt option
  app.get("/", { cache: { tll: 60 } }, handler);
  // @ts-expect-error: seconds are a number
  app.get("/", { cache: { ttl: "60" } }, handler);
  // @ts-expect-error: options are an object
  app.get("/", { cache: 300 }, handler);
  // @ts-expect-error: options are an object
  app.get("/", { cache: true }, handler);
  // @ts-expect-error: options are an object, or false
  app.get("/", { cache: null }, handler);
  // @ts-expect-error: inside `config` nothing would be checked
  app.get("/", { config: { cache: { ttl: 60 } } }, handler);
  // @ts-expect-error: a key is a string, and not the promise of one
  app.get("/", { cache: { key: async (request) => request.url } }, handler);
  // @ts-expect-error: a scope is a string, and not the promise of one
  app.get("/", { cache: { scope: async (request) => request.id } }, handler);
  // @ts-expect-error: one of three words
  app.get("/", { cache: { scope: "all" } }, handler);
  // @ts-expect-error: tags are a list
  app.get("/", { cache: { tags: (request) => request.url } }, handler);
  // @ts-expect-error: guards are functions
  app.get("/", { cache: { before: ["key"] } }, handler);
  // @ts-expect-error: without types for it, a parameter is unknown
  app.get("/:id", { cache: { key: (request) => request.params.id } }, handler);
  // @ts-expect-error: a misspelt option, with the handler among the options
  app.get("/", { cache: { tll: 60 }, handler });
  // @ts-expect-error: a misspelt option, in the long form
  app.route({ method: "GET", url: "/", cache: { tll: 60 }, handler });
  // @ts-expect-error: options are an object, in the long form
  app.route({ method: "GET", url: "/", cache: 300, handler });
}

interface User {
  Params: { id: string };
  Querystring: { page: number };
  Headers: { "x-user": string };
  Reply: { 200: { name: string }; 401: { error: string } };
}

// The functions are given the route's own request: its generics.
export function generics(): void {
  app.get<User>(
    "/:id",
    {
      cache: {
        key: (request) => `${request.params.id}:${request.query.page.toFixed()}`,
        scope: (request) => request.headers["x-user"],
        origin: ({ params }) => `https://${params.id}.test`,
        tags: (request, response) => [request.params.id, response.header("x") ?? ""],
        before: async (request, reply) => {
          if (request.params.id === "") await reply.code(401).send({ error: "no" });
        },
      },
    },
    async (request) => ({ name: request.params.id }),
  );
  app.route<User>({
    method: "GET",
    url: "/:id",
    cache: { key: (request) => request.params.id, tags: ({ query }) => [query.page.toFixed()] },
    handler: async () => ({ name: "" }),
  });
  app.get<User>("/:id", { cache: { key: ({ params }) => params.id }, handler: async () => ({ name: "" }) });

  // @ts-expect-error: a misspelt parameter
  app.get<User>("/:id", { cache: { key: (request) => request.params.idd } }, async () => ({ name: "" }));
  // @ts-expect-error: a misspelt parameter, in `scope`
  app.get<User>("/:id", { cache: { scope: ({ params }) => params.idd } }, async () => ({ name: "" }));
  // @ts-expect-error: a misspelt parameter, in `origin`
  app.get<User>("/:id", { cache: { origin: ({ params }) => params.idd } }, async () => ({ name: "" }));
  // @ts-expect-error: a misspelt parameter, in `tags`
  app.get<User>("/:id", { cache: { tags: ({ params }) => [params.idd] } }, async () => ({ name: "" }));
  // @ts-expect-error: a number is no key
  app.get<User>("/:id", { cache: { key: ({ query }) => query.page } }, async () => ({ name: "" }));
  app.route<User>({
    method: "GET",
    url: "/:id",
    // @ts-expect-error: a misspelt parameter, in the long form
    cache: { key: (request) => request.params.idd },
    handler: async () => ({ name: "" }),
  });
  app.get<User>(
    "/:id",
    // @ts-expect-error: a guard sends what the route may send
    { cache: { before: (_request, reply) => void reply.code(200).send({ error: "no" }) } },
    async () => ({ name: "" }),
  );
}

// The cache options take no part in what the handler is given.
export function handlers(): void {
  app.get<User>("/:id", { cache: { key: ({ url }) => url } }, async (request) => {
    const id: Fact<Same<typeof request.params, { id: string }>> = true;
    return { name: String(id) };
  });
  app.get("/:id", { cache: { key: ({ url }) => url } }, async (request) => {
    const params: Fact<Same<typeof request.params, unknown>> = true;
    return String(params);
  });
}

// Guards that are declared apart, for any route.
const asynchronous: preHandlerAsyncHookHandler = async () => undefined;
const withDone: preHandlerHookHandler = (_request, _reply, done) => done();
async function requireKey(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  return request.headers["x-key"] === undefined ? reply.code(401).send("a key is needed") : undefined;
}
const own: FastifyGuard = async (request) => void request.headers;
export function guards(): void {
  app.get("/", { cache: { before: [asynchronous, withDone, requireKey, own] } }, handler);
  app.get("/", { cache: { before: requireKey } }, handler);
  app.get<User>("/:id", { cache: { before: [asynchronous, withDone, requireKey, own] } }, async () => ({
    name: "",
  }));
}

// Options that are declared apart, for any route.
const apart: FastifyCacheOptions = { ttl: 60, key: (request) => request.id, before: [requireKey] };
const shorthand: RouteShorthandOptions = { cache: { ttl: 60, key: (request) => request.url } };
const entire: RouteOptions = { method: "GET", url: "/", handler, cache: { ttl: 60 } };
const forUsers: FastifyCacheOptions<FastifyRequest<User>> = { key: (request) => request.params.id };
// @ts-expect-error: a misspelt option
export const misspelt: FastifyCacheOptions = { tll: 60 };
// @ts-expect-error: a misspelt option
export const misspeltShorthand: RouteShorthandOptions = { cache: { tll: 60 } };
export function separate(): void {
  app.get("/", { cache: apart }, handler);
  app.get<User>("/:id", { cache: apart }, async () => ({ name: "" }));
  app.get<User>("/:id", { cache: forUsers }, async () => ({ name: "" }));
  app.get("/", shorthand, handler);
  app.get("/", { ...shorthand, cache: { ttl: 5 } }, handler);
  app.route(entire);
}

// Type providers.
interface TypeBoxProvider extends FastifyTypeProvider {
  validator: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
  serializer: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
}
interface ZodProvider extends FastifyTypeProvider {
  validator: this["schema"] extends z.ZodType ? z.output<this["schema"]> : unknown;
  serializer: this["schema"] extends z.ZodType ? z.input<this["schema"]> : unknown;
}
/** As json-schema-to-ts does, for objects of strings. */
interface JsonSchemaProvider extends FastifyTypeProvider {
  validator: this["schema"] extends { readonly properties: infer Properties }
    ? { [Name in keyof Properties]: string }
    : unknown;
}

export function typeBox(): void {
  const typed = app.withTypeProvider<TypeBoxProvider>();
  const params = Type.Object({ id: Type.Number() });
  typed.get(
    "/:id",
    {
      schema: { params },
      cache: { key: ({ params: { id } }) => id.toFixed(), before: [requireKey, withDone] },
    },
    async (request) => request.params.id.toFixed(),
  );
  typed.route({
    method: "GET",
    url: "/:id",
    schema: { params },
    cache: { tags: (request) => [request.params.id.toFixed()] },
    handler: async (request) => request.params.id.toFixed(),
  });
  typed.get("/:id", { cache: { key: ({ params: { id } }) => id.toFixed() }, schema: { params }, handler });
  // @ts-expect-error: a misspelt parameter
  typed.get("/:id", { schema: { params }, cache: { key: (request) => request.params.idd } }, handler);
  // @ts-expect-error: a number is no key
  typed.get("/:id", { schema: { params }, cache: { key: (request) => request.params.id } }, handler);
  // @ts-expect-error: a misspelt option
  typed.get("/:id", { schema: { params }, cache: { tll: 60 } }, handler);
}

export function zod(): void {
  const typed = app.withTypeProvider<ZodProvider>();
  const querystring = z.object({ page: z.coerce.number() });
  typed.get(
    "/",
    { schema: { querystring }, cache: { key: ({ query }) => query.page.toFixed(), query: querystring } },
    async (request) => request.query.page.toFixed(),
  );
  // @ts-expect-error: a misspelt parameter
  typed.get("/", { schema: { querystring }, cache: { key: ({ query }) => query.pge.toFixed() } }, handler);
  typed.route({
    method: "GET",
    url: "/",
    schema: { querystring },
    // @ts-expect-error: a number is no scope
    cache: { scope: ({ query }) => query.page },
    handler,
  });
}

export function jsonSchema(): void {
  const typed = app.withTypeProvider<JsonSchemaProvider>();
  const schema = { params: { type: "object", properties: { id: { type: "string" } } } };
  typed.get("/:id", { schema, cache: { key: ({ params }) => params.id } }, async ({ params }) => params.id);
  // @ts-expect-error: a misspelt parameter
  typed.get("/:id", { schema, cache: { key: ({ params }) => params.idd } }, handler);
}

// In plugins, in hooks, and on other servers.
export const plugin: FastifyPluginAsync = async (inner) => {
  inner.get("/", { cache: { key: (request) => request.url } }, handler);
};
export const byDefault: onRouteHookHandler = (route) => {
  route.cache ??= { ttl: 60 };
};
export function http2(): void {
  const secure = Fastify({ http2: true });
  secure.get("/", { cache: { key: (request) => request.raw.stream.id?.toFixed() ?? "" } }, handler);
  // @ts-expect-error: a request of HTTP/2 has an authority
  secure.get("/", { cache: { key: (request) => request.raw.authorty } }, handler);
}
export type Default = Fact<
  Same<NonNullable<FastifyCacheOptions["key"]>, (request: FastifyRequest) => string>
>;

// A write names tags, by request and reply of the route.
export function writes(): void {
  app.post("/", { cache: { invalidates: ["todos"] } }, handler);
  app.route({ method: "POST", url: "/", cache: { invalidates: ["todos"] }, handler });
  app.patch<{ Params: { id: string }; Body: { list: string } }>(
    "/:id",
    { cache: { invalidates: ({ params, body }, reply) => [params.id, body.list, String(reply.statusCode)] } },
    handler,
  );
  app.patch<{ Params: { id: string } }>(
    "/:id",
    // @ts-expect-error: a misspelt parameter
    { cache: { invalidates: (request) => [request.params.idd] } },
    handler,
  );
  // @ts-expect-error: tags are a list
  app.post("/", { cache: { invalidates: "todos" } }, handler);
  // @ts-expect-error: tags are a list, and not the promise of one
  app.post("/", { cache: { invalidates: async () => ["todos"] } }, handler);
  // @ts-expect-error: tags are text
  app.post("/", { cache: { invalidates: [{ route: "/todos" }] } }, handler);
}

// A handler tags its own reply, whatever its types and its server.
export function tagged(): void {
  app.get<User>("/:id", { cache: { ttl: 60 } }, async (request, reply) => {
    cacheTags(reply, [request.params.id]);
    return { name: "" };
  });
  Fastify({ http2: true }).get("/", { cache: { ttl: 60 } }, async (_request, reply) =>
    cacheTags(reply, ["a"]),
  );
  app.get("/", { cache: { ttl: 60 } }, async (request, reply) => {
    // @ts-expect-error: tags are a list
    cacheTags(reply, "users");
    // @ts-expect-error: tags are text
    cacheTags(reply, [1]);
    // @ts-expect-error: tags are a list
    cacheTags(reply, 1);
    // @ts-expect-error: tags are a list, and not the promise of one
    cacheTags(reply, Promise.resolve(["users"]));
    // @ts-expect-error: there are tags
    cacheTags(reply);
    // @ts-expect-error: the reply is tagged
    cacheTags(request, ["users"]);
    // @ts-expect-error: the reply is tagged, and not the raw response
    cacheTags(reply.raw, ["users"]);
  });
}
