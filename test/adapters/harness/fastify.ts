import { Readable } from "node:stream";
import compress from "@fastify/compress";
import Fastify from "fastify";
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Cache } from "../../../src/index.ts";
import { cacheRoute, cacheTags } from "../../../src/adapters/fastify.ts";
import type { FastifyCacheOptions } from "../../../src/adapters/fastify.ts";
import type {
  AdapterHarness,
  ContractResponse,
  ContractRequest,
  ContractRoute,
  ContractServer,
} from "../../../src/testing/index.ts";
import { DECLINED_OVER_HTTP2 } from "./queue.ts";
import { listenFor, log } from "./ways.ts";

/** The check of cookies that a session sets in a hook, and why it cannot be met. */
export const COOKIES_IN_HOOKS = {
  "a page whose cookie is added as its head is sent is stored without the cookie under a scope function":
    "@fastify/cookie writes the handler's own cookies in an onSend hook, too: they cannot be told from a session's",
};

/** Serves the contract's neutral routes with Fastify, over a real socket. */
export const fastifyHarness: AdapterHarness = {
  name: "fastify",
  declined: COOKIES_IN_HOOKS,
  start: (cache, routes) => start(Fastify({ forceCloseConnections: true }), cache, routes),
};

/** The same over HTTP/2. */
export const fastifyHttp2Harness: AdapterHarness = {
  name: "fastify over HTTP/2",
  protocol: "h2c",
  declined: { ...COOKIES_IN_HOOKS, ...DECLINED_OVER_HTTP2 },
  start: (cache, routes) =>
    start(Fastify({ http2: true, forceCloseConnections: true }) as unknown as FastifyInstance, cache, routes),
};

async function start(
  app: FastifyInstance,
  cache: Cache,
  routes: readonly ContractRoute[],
): Promise<ContractServer> {
  app.addConstraintStrategy(only);
  if (routes.some(({ compresses }) => compresses === true)) await app.register(compress, { threshold: 0 });
  if (routes.some(({ lateCookies }) => lateCookies !== undefined)) app.addHook("onSend", sayLate);
  await app.register(cacheRoute, { cache });
  for (const route of routes) {
    if (route.cache === undefined) declare(app, route);
    else await app.register(withOwnCache(route, route.cache));
  }
  const origin = await app.listen({ port: 0, host: "127.0.0.1" });
  return { origin, close: () => app.close() };
}

/** As plugins for sessions do. */
async function sayLate({ routeOptions }: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { lateCookies } = routeOptions.config as Pick<ContractRoute, "lateCookies">;
  for (const line of lateCookies?.() ?? []) reply.header("set-cookie", line);
}

/** Chooses by the field that a route may be for alone. */
const only = {
  name: "only",
  storage() {
    const handlers = new Map<unknown, unknown>();
    return {
      get: (value: unknown) => (handlers.get(value) ?? null) as never,
      set: (value: unknown, handler: unknown) => void handlers.set(value, handler),
    };
  },
  deriveConstraint: (request: { headers: Record<string, unknown> }) => request.headers["x-only"],
  validate: () => undefined,
};

/** A context of its own, in which another cache takes over. */
function withOwnCache(route: ContractRoute, cache: Cache): FastifyPluginAsync {
  return async (app) => {
    await app.register(cacheRoute, { cache });
    declare(app, route);
  };
}

function declare(app: FastifyInstance, route: ContractRoute): void {
  const { earlier, guard } = route;
  const guardHook = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    guard?.onRun?.();
    if (request.headers["x-key"] === undefined) await reply.code(401).send("a key is needed");
  };
  const { invalidates } = route;
  const isDeclared = route.options !== undefined || invalidates !== undefined;
  const options: FastifyCacheOptions = {
    ...(route.options as FastifyCacheOptions),
    ...(invalidates && { invalidates }),
  };
  const before = guard?.place === "before" ? [guardHook] : [];
  app.route({
    method: route.method,
    url: route.path,
    ...(route.only === undefined ? {} : { constraints: { only: route.only } }),
    ...(route.log !== undefined && { onResponse: async (request) => route.log?.(request.originalUrl) }),
    onRequest: async (request, reply) => {
      log(request.raw, reply.raw);
      reply.headers(copied(earlier?.() ?? {}));
    },
    preHandler: guard?.place === "framework" ? [guardHook] : [],
    config: { ...(route.lateCookies && ({ lateCookies: route.lateCookies } as object)) },
    ...(isDeclared && { cache: { ...options, before } }),
    handler: async (request, reply) => answer(reply, await route.handler(seen(request, reply))),
  });
}

function seen(request: FastifyRequest, reply: FastifyReply): ContractRequest {
  return {
    method: request.method,
    url: request.url,
    alsoUrls: [
      request.originalUrl,
      JSON.stringify([request.raw.url, (request.raw as { originalUrl?: string }).originalUrl, request.query]),
      JSON.stringify([request.raw.headers, request.raw.rawHeaders]),
    ],
    query: (name) => [(request.query as Record<string, string | string[] | undefined>)[name] ?? []].flat(),
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    // Fastify creates it on first read.
    signal: request.signal,
    notices: listenFor(request.raw, reply.raw, request.signal),
  };
}

function answer(reply: FastifyReply, said: ContractResponse): FastifyReply {
  const { status = 200, headers = {}, removes = [], adds = {}, tags = [], body } = said;
  for (const tag of tags) cacheTags(reply, [tag]);
  for (const name of removes) reply.removeHeader(name);
  for (const [name, line] of Object.entries(adds))
    reply.header(name, [reply.getHeader(name) ?? [], line].flat().map(String));
  reply.code(status).headers(copied(headers));
  if (body === undefined || typeof body === "string") return reply.send(body);
  if (body instanceof Uint8Array) return reply.send(Buffer.from(body));
  return reply.send(Symbol.asyncIterator in body ? Readable.from(body) : body);
}

function copied(headers: NonNullable<ContractResponse["headers"]>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
  );
}
