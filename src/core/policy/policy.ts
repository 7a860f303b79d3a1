import { faultOf } from "../../http/client-cache-control.ts";
import { formatNoVarySearch } from "../../http/no-vary-search.ts";
import { CacheError, isThenable, misreturned } from "../contract/errors.ts";
import { invalid } from "../contract/options.ts";
import type {
  DeclaredQuery,
  NormalizedTargets,
  Policy,
  StatusHeader,
} from "../contract/request-and-policy.ts";
import { declaredQuery } from "./declared-query.ts";
import { checkRouteOptions, isJsonSchemaSource } from "./option-checks.ts";
import type { JsonSchemaSource, RouteOptions } from "./route-options.ts";

/** The settings that a cache has for all its routes. */
export interface CacheSettings {
  readonly namespace: string;
  readonly namespacePolicy: "concat" | "replace";
  readonly statusHeader: StatusHeader | undefined;
  readonly cacheStatus: string | undefined;
  readonly cacheStatusKey: boolean;
  readonly isEnabled: boolean;
  /** Whether processes share the store. */
  readonly isShared: boolean;
  /** Whether the cache was given a `secret`. */
  readonly hasSecret: boolean;
  readonly defaults: RouteOptions;
}

/** What an adapter knows about the route that it declares. */
export interface RouteContext {
  /** The route's name in messages, such as `GET /reports/:id`. */
  readonly route: string;
  /** The query parameters that the route declares to its framework. Undefined: unknown. */
  readonly query?: DeclaredQuery | undefined;
  /**
   * The framework's own name of the route. It must be the same in every process, whatever the order of loading and of
   * requests. Undefined: there is none, so processes do not share the route's entries. Absent: `route`.
   */
  readonly name?: string | undefined;
  /**
   * The paths of the route in the notation of its router, with those of the routers around it, such as
   * `["/teams/:team/users/:id"]`: by them `cache.invalidate({ route })` finds it. Absent: the path that `name` or `route`
   * has after the methods.
   */
  readonly paths?: readonly string[] | undefined;
  /** An object that identifies the declaration, if it may be resolved more than once. Default: a new declaration. */
  readonly declaration?: object | undefined;
  /** An object that identifies the place of the handlers, if one declaration is used in several. Default: `declaration`. */
  readonly place?: object | undefined;
  /** Request fields by which the framework itself chose the route, such as `accept-version`. */
  readonly vary?: readonly string[] | undefined;
  /**
   * The form of a request's content: `parsed` by a body parser, or the whole as `bytes`, so that a background run can
   * repeat it. Default: `parsed`.
   */
  readonly content?: "parsed" | "bytes";
}

/** What `resolvePolicy` needs from its cache, besides options. */
export interface PolicyParts {
  /** Returns the normalized targets of a policy. `isStrict`: only exact parameter names are declared. */
  targets(namespace: string, query: DeclaredQuery | undefined, isStrict: boolean): NormalizedTargets;
  /** Returns the route's unique name in keys, and the start of its variants' names. */
  name(
    wanted: string | undefined,
    namespace: string,
    context: RouteContext,
  ): Pick<Policy, "name" | "selector">;
}

const DEFAULT_TTL_MS = 60_000;
const DEFAULT_MAX_BODY_BYTES = 2 ** 20;
const DEFAULT_MAX_WAIT_SECONDS = 10;
const DEFAULT_MAX_WAITERS = 10_000;
const DEFAULT_UNCACHEABLE_SECONDS = 120;
/** RFC 5861 §4. */
const DEFAULT_ERROR_STATUSES = [500, 502, 503, 504];

/**
 * Resolves the options of a route over the defaults of its cache into a frozen and complete policy.
 *
 * Throws a `CacheError` if an option is wrong: when the route is declared, never during a request.
 */
export function resolvePolicy<Native>(
  options: RouteOptions<Native, never[]>,
  settings: CacheSettings,
  context: RouteContext,
  parts: PolicyParts,
): Policy<Native> {
  checkRouteOptions(options, context.route, ["before", "invalidates"]);
  // Functions among the cache's defaults get any request: the cache knows no framework.
  const all: RouteOptions<Native, never[]> = {
    ...(settings.defaults as RouteOptions<Native, never[]>),
    ...withoutUndefined(options),
  };
  const namespace = qualifiedNamespace(all.namespace, settings);
  // A `ttl` of the cache is for responses without a lifetime. A `ttl` of the route is for all its responses.
  const ttl = options.ttl ?? settings.defaults.ttl;
  const isFallback = options.ttl === undefined && typeof ttl === "number";
  const query = queryOf(all.query, context);
  const noVarySearch = all.noVarySearch ?? false;
  const keeps = all.store ?? true;
  const known = "name" in context ? context.name : context.route;
  const wanted = options.route ?? known;
  const isEnabled = settings.isEnabled && (all.enabled ?? true);
  if (settings.isShared && keeps && isEnabled) checkShared(all, wanted, context, settings);
  return Object.freeze({
    // Without a name from the framework, messages use the `route` option.
    route: known === undefined ? (options.route ?? context.route) : context.route,
    ...parts.name(wanted, namespace, context),
    paths: context.paths,
    origin: all.origin,
    ttl: isFallback || ttl === "response" ? undefined : typeof ttl === "number" ? ttl * 1000 : ttl,
    defaultTtlMs: isFallback ? ttl * 1000 : ttl === "response" ? 0 : DEFAULT_TTL_MS,
    scope: all.scope ?? "anonymous",
    credentials: new Set(credentialsIn(all.credentials)),
    key: all.key,
    namespace,
    vary: Object.freeze([
      ...new Set([...(all.vary ?? []), ...(context.vary ?? [])].map((name) => name.toLowerCase())),
    ]),
    statuses: statusesOf(all.statuses),
    heuristic: all.heuristic ?? false,
    requestDirectives: all.requestDirectives ?? false,
    isEnabled,
    keeps,
    // Nothing is kept that could be revalidated.
    revalidate: keeps && (all.revalidate ?? false),
    invalidateOnUnsafe: all.invalidateOnUnsafe ?? false,
    storeDate: all.storeDate ?? false,
    noVarySearch,
    // With a `key` function, the handler sees the whole query.
    searchOffer: noVarySearch && all.key === undefined ? offerOf(query) : undefined,
    clientCacheControl: clientCacheControlOf(all, context.route),
    cacheTag: all.cacheTag ?? "send",
    tags: typeof all.tags === "function" ? all.tags : Object.freeze([...new Set(all.tags)]),
    query,
    targets: parts.targets(namespace, query, noVarySearch),
    methods: new Set((all.methods ?? ["GET"]).map((method) => method.toUpperCase())),
    setCookie: all.setCookie ?? "refuse",
    maxBodyBytes: all.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    ...stalenessOf(all),
    maxWaitMs: (all.maxWait ?? DEFAULT_MAX_WAIT_SECONDS) * 1000,
    maxWaiters: all.maxWaiters ?? DEFAULT_MAX_WAITERS,
    uncacheableMs: (all.uncacheableTtl ?? DEFAULT_UNCACHEABLE_SECONDS) * 1000,
    earlyRefresh: all.earlyRefresh ?? 0,
    jitter: all.jitter ?? 0,
    statusHeader: settings.statusHeader,
    cacheStatus: settings.cacheStatus,
    cacheStatusKey: settings.cacheStatusKey,
    content: context.content ?? "parsed",
  });
}

/**
 * Processes that share a store have to make the same keys. Throws `ERR_CACHE_OPTION_INVALID` if nothing of a route could be
 * found by another one.
 */
function checkShared<Native>(
  { scope, key }: RouteOptions<Native, never[]>,
  name: string | undefined,
  { route, declaration }: RouteContext,
  { hasSecret }: CacheSettings,
): void {
  if (typeof scope === "function" && !hasSecret) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      `${route}: the option "scope" is a function, and processes share the store: each hashes principals with a secret of its ` +
        "own, so none finds what another has stored; write createCache({ store, secret }), with the same secret in all",
    );
  }
  // With a declaration that is known, a name may follow: in Express with the first request.
  if (name !== undefined || key !== undefined || declaration !== undefined) return;
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `${route}: the option "route" is missing, and processes share the store: without a name none finds what another has ` +
      'stored; write a name that is the same in all, such as { route: "reports" }',
  );
}

/** Credentials whatever the route lists. */
const ALWAYS = ["authorization", "cookie"] as const;
/** The usual credential fields of clients, proxies and gateways. */
const USUAL = [
  "proxy-authorization",
  "x-api-key",
  "x-auth-token",
  "x-access-token",
  "x-session-token",
  "cf-access-jwt-assertion",
  "x-amzn-oidc-data",
  "x-forwarded-user",
  "x-forwarded-client-cert",
] as const;

function credentialsIn(names: RouteOptions["credentials"] = USUAL): string[] {
  return [...new Set([...ALWAYS, ...names.map((name) => name.toLowerCase())])];
}

/** A text that would let shared caches store what a `scope` function makes private may come from the cache's defaults. */
function clientCacheControlOf<Native>(
  { clientCacheControl, scope }: RouteOptions<Native>,
  route: string,
): Policy["clientCacheControl"] {
  if (typeof clientCacheControl !== "string" || typeof scope !== "function")
    return clientCacheControl || undefined;
  const fault = faultOf(clientCacheControl, true);
  if (fault === undefined) return clientCacheControl;
  throw invalid(
    route,
    "clientCacheControl",
    clientCacheControl,
    `"private, max-age=60", or false (${fault})`,
  );
}

function stalenessOf({
  staleWhileRevalidate,
  staleIfError,
  errorStatuses,
  handlerTimeout,
}: RouteOptions): Pick<
  Policy,
  "staleWhileRevalidateMs" | "staleIfErrorMs" | "errorStatuses" | "softTimeoutMs" | "hardTimeoutMs"
> {
  const ms = (seconds: number | undefined): number | undefined => seconds && seconds * 1000;
  const timeout = typeof handlerTimeout === "number" ? { soft: handlerTimeout } : handlerTimeout;
  return {
    staleWhileRevalidateMs: ms(staleWhileRevalidate),
    staleIfErrorMs: ms(staleIfError),
    errorStatuses: new Set(errorStatuses ?? DEFAULT_ERROR_STATUSES),
    softTimeoutMs: ms(timeout?.soft),
    hardTimeoutMs: ms(timeout?.hard),
  };
}

/** Returns the namespace of a route: the cache's and its own joined by a colon, or its own alone. */
export function qualifiedNamespace(
  own: string | undefined,
  settings: Pick<CacheSettings, "namespace" | "namespacePolicy">,
): string {
  if (own === undefined || own === "") return settings.namespace;
  if (settings.namespacePolicy === "replace" || settings.namespace === "") return own;
  return `${settings.namespace}:${own}`;
}

function queryOf(query: RouteOptions["query"], context: RouteContext): DeclaredQuery | undefined {
  if (query === undefined) return context.query;
  if (query === "all") return undefined;
  if (query === "declared") {
    if (context.query !== undefined) return context.query;
    throw new CacheError(
      "ERR_CACHE_QUERY_UNDECLARED",
      `${context.route}: the option "query" is "declared", and the route declares no closed list of parameters; ` +
        'name them, as in query: ["page"], or write query: "all"',
    );
  }
  if (!isJsonSchemaSource(query)) return new Map(query.map((name) => [name, undefined]));
  const schema = jsonSchemaOf(query, context.route);
  if (isThenable(schema)) {
    const asked = { route: context.route, option: "query", what: "a JSON Schema" };
    throw misreturned("ERR_CACHE_OPTION_INVALID", asked, schema);
  }
  const declared = declaredQuery(schema);
  if (declared !== undefined) return declared;
  throw new CacheError(
    "ERR_CACHE_QUERY_UNDECLARED",
    `${context.route}: the schema given as "query" lists no closed set of parameters; name them, or write query: "all"`,
  );
}

function jsonSchemaOf(query: JsonSchemaSource, route: string): unknown {
  try {
    return query["~standard"].jsonSchema.input({ target: "draft-07" });
  } catch (cause) {
    throw new CacheError(
      "ERR_CACHE_QUERY_UNDECLARED",
      `${route}: the schema given as "query" cannot be written as a JSON Schema (${cause instanceof Error ? cause.message : String(cause)}); ` +
        'name the parameters, as in query: ["page"], or write query: "all"',
      { cause },
    );
  }
}

/** Returns the `No-Vary-Search` of a route with a closed list of parameters: only those count. */
function offerOf(query: DeclaredQuery | undefined): string | undefined {
  // The field has `key-order`, but for names that a parser may nest the order counts.
  const isNested = query !== undefined && [...query.keys()].some((name) => /[[.]/.test(name));
  return query === undefined || isNested
    ? undefined
    : formatNoVarySearch({ isExcept: true, names: new Set(query.keys()) });
}

function statusesOf(statuses: RouteOptions["statuses"] = [200]): Policy["statuses"] {
  if (statuses === "any") return statuses;
  if (Array.isArray(statuses))
    return new Map((statuses as readonly number[]).map((status) => [status, undefined]));
  return new Map(
    Object.entries(statuses).map(([status, kept]) => [
      Number(status),
      kept === true ? undefined : kept * 1000,
    ]),
  );
}

/** Returns the options without those that are undefined. */
function withoutUndefined<Options extends object>(options: Options): Partial<Options> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<Options>;
}
