import type { IncomingMessage } from "node:http";
import type { Cache } from "../../src/index.ts";
import { cacheEvent, cacheRoute, cacheTags, invalidates } from "../../src/adapters/fetch.ts";
import type { FetchGuard, FetchHandler, FetchOptions } from "../../src/adapters/fetch.ts";
import type { Fact, Same } from "./equal.ts";

declare const cache: Cache;

interface Environment {
  readonly name: string;
}
interface Lifetime {
  waitUntil(promise: Promise<unknown>): void;
}
/** The second argument of the route handlers of some frameworks. */
interface Context {
  readonly params: { readonly id: string };
}
/** A framework's own request. */
declare class OwnRequest extends Request {
  readonly country: string;
}

// A handler keeps its own shape, and what else it is given.
const plain = cacheRoute(cache, { key: (request) => request.url }, () => new Response());
export type Plain = Fact<Same<typeof plain, FetchHandler>>;
const withRequest = cacheRoute(cache, { ttl: 60 }, async (request) => new Response(request.url));
export type WithRequest = Fact<Same<typeof withRequest, FetchHandler>>;
const withContext = cacheRoute(
  cache,
  {
    key: (request, { params }) => `${request.method} ${params.id}`,
    scope: (_request, { params }) => params.id,
    origin: (_request, { params }) => `https://${params.id}.test`,
    tags: (_request, response, { params }) => [params.id, response.header("x-tag") ?? ""],
    before: [(_request, { params }) => (params.id === "" ? new Response() : undefined)],
  },
  async (_request: Request, { params }: Context) => new Response(params.id),
);
export type WithContext = Fact<Same<typeof withContext, FetchHandler<[Context]>>>;
const withEnvironment = cacheRoute(
  cache,
  { key: (request, env, context) => (context.waitUntil(Promise.resolve()), env.name + request.url) },
  (_request: Request, env: Environment, _context: Lifetime) => new Response(env.name),
);
export type WithEnvironment = Fact<
  Same<typeof withEnvironment, FetchHandler<[env: Environment, context: Lifetime]>>
>;
const withOwn = cacheRoute(
  cache,
  { key: (request, { params }) => request.country + params.id, tags: (request) => [request.country] },
  (request: OwnRequest, _context: Context) => new Response(request.country),
);
export type WithOwn = Fact<Same<typeof withOwn, FetchHandler<[Context], OwnRequest>>>;
export const said = cacheRoute<[Context]>(
  cache,
  { key: (_request, { params }) => params.id },
  (_request, { params }) => new Response(params.id),
);

// Options and guards that are written apart.
const guard: FetchGuard = (request) => (request.headers.has("x-key") ? undefined : new Response());
const apart: FetchOptions = { ttl: 60, before: [guard], key: (request) => request.url };
const forContext: FetchOptions<[Context]> = { key: (_request, { params }) => params.id, before: [guard] };
export const fromApart = cacheRoute(cache, apart, (_request: Request, _context: Context) => new Response());
export const fromContext = cacheRoute(
  cache,
  forContext,
  (_request: Request, _context: Context) => new Response(),
);

// What is wrong is an error of the compiler.
const own = (request: OwnRequest, { params }: Context): Response => new Response(request.country + params.id);
export function wrong(): void {
  // @ts-expect-error: a misspelt option
  cacheRoute(cache, { tll: 60 }, own);
  // @ts-expect-error: seconds are a number
  cacheRoute(cache, { ttl: "60" }, own);
  // @ts-expect-error: options are an object
  cacheRoute(cache, 300, own);
  // @ts-expect-error: a handler is needed
  cacheRoute(cache, { ttl: 60 });
  // @ts-expect-error: a key is a string, and not the promise of one
  cacheRoute(cache, { key: async (request) => request.url }, own);
  // @ts-expect-error: a misspelt parameter
  cacheRoute(cache, { key: (_request, { params }) => params.idd }, own);
  // @ts-expect-error: a misspelt parameter
  cacheRoute(cache, { scope: (_request, { params }) => params.idd }, own);
  // @ts-expect-error: a misspelt parameter
  cacheRoute(cache, { tags: (_request, _response, { params }) => [params.idd] }, own);
  // @ts-expect-error: a misspelt property of the framework's request
  cacheRoute(cache, { key: (request) => request.contry }, own);
  // @ts-expect-error: the handler is given no second argument
  cacheRoute(cache, { key: (_request, { params }) => params.id }, () => new Response());
  // @ts-expect-error: its own request has more than any
  void withOwn(new Request("http://a.test"), { params: { id: "" } });
}

// A write names tags by what its handler is given, and keeps its handler's shape.
const written = invalidates(
  cache,
  { tags: (request, response, { params }) => [request.url, String(response.status), params.id] },
  async (_request: Request, { params }: Context) => new Response(params.id),
);
export type Written = Fact<Same<typeof written, FetchHandler<[Context]>>>;
const writtenByOwn = invalidates(
  cache,
  { tags: (request) => [request.country] },
  (_request: OwnRequest) => new Response(),
);
export type WrittenByOwn = Fact<Same<typeof writtenByOwn, FetchHandler<[], OwnRequest>>>;
export function wrongWrites(): void {
  // @ts-expect-error: tags are a list
  invalidates(cache, { tags: "users" }, () => new Response());
  // @ts-expect-error: tags are a list, and not the promise of one
  invalidates(cache, { tags: async () => ["users"] }, () => new Response());
  // @ts-expect-error: there is a handler
  invalidates(cache, { tags: ["users"] });
}

// A handler tags the response to the request that it was given, of any class.
declare const incoming: IncomingMessage;
export const tagged = cacheRoute(cache, { ttl: 60 }, (request: OwnRequest, { params }: Context) => {
  cacheTags(request, [params.id, request.country]);
  return new Response();
});
export function wrongTags(request: Request): void {
  // @ts-expect-error: tags are a list
  cacheTags(request, "users");
  // @ts-expect-error: tags are text
  cacheTags(request, [1]);
  // @ts-expect-error: tags are a list
  cacheTags(request, 1);
  // @ts-expect-error: tags are a list, and not the promise of one
  cacheTags(request, Promise.resolve(["users"]));
  // @ts-expect-error: there are tags
  cacheTags(request);
  // @ts-expect-error: the request is given, and not the response
  cacheTags(new Response(), ["users"]);
  // @ts-expect-error: the request that the handler was given, and not the one of Node
  cacheTags(incoming, ["users"]);
}

// A handler of events has its own types, and the functions are given its event.
interface Loaded {
  readonly request: Request;
  readonly params: { readonly id: string };
}
const loader = async ({ params }: Loaded, tenant: string): Promise<Response> =>
  new Response(tenant + params.id);
const cachedLoader = cacheEvent(
  cache,
  { key: ({ params }, tenant) => tenant + params.id, before: [(event) => void event.params.id] },
  loader,
  (event) => event.request,
);
export type LoaderArguments = Fact<Same<Parameters<typeof cachedLoader>, [event: Loaded, tenant: string]>>;
export function wrongEvents(): void {
  // @ts-expect-error: the request is somewhere
  cacheEvent(cache, { ttl: 60 }, loader);
  // @ts-expect-error: an identifier is no request
  cacheEvent(cache, { ttl: 60 }, loader, (event) => event.params);
  // @ts-expect-error: a misspelt member of the event
  cacheEvent(cache, { key: (event) => event.param.id }, loader, (event) => event.request);
}
