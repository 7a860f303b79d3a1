import { RequestMethod } from "@nestjs/common";
import type { ExecutionContext, Type } from "@nestjs/common";
import { MetadataScanner } from "@nestjs/core";
import type { ApplicationConfig, ModulesContainer } from "@nestjs/core";
import { CacheError, checkedOptions, engineOf } from "../../adapter.ts";
import type { Cache, Engine, Invalidation, Policy, RouteOptions } from "../../adapter.ts";
import type { Outcome } from "../node/outcome.ts";
import { withArguments } from "./arguments.ts";
import { declaredOn, KEYS, metadata, NEST } from "./metadata.ts";
import type { Method, Writes } from "./metadata.ts";
import type { CachedMethod } from "./method.ts";
import { choiceOf, versionOf } from "./places.ts";
import { lookUp } from "./platform.ts";
import { declaredQueryOf } from "./query.ts";

/** A method of a controller whose writes make something outdated. */
export type WritingMethod = Invalidation<[context: ExecutionContext]>;

/** What is kept of one method, by its controller: a class may inherit it from another. */
type ByController<Value> = Map<Method, Map<Type, Value>>;

const WRITE = '@Invalidates({ tags: ["todos"] })';

/** The cached methods of an application's controllers, and those that write. */
export class CachedRoutes {
  readonly #cache: Cache;
  readonly #config: ApplicationConfig;
  readonly #modules: ModulesContainer;
  readonly #cached: ByController<CachedMethod> = new Map();
  readonly #writing: ByController<WritingMethod> = new Map();
  /** How many methods have the same path, host and version. */
  readonly #alike = new Map<string, number>();

  readonly #foreign: string | undefined;
  /** The versions of each path, as it is declared. */
  readonly #versions = new Map<string, Set<unknown>>();
  /** The caches that routes use. */
  readonly engines: Set<Engine> = new Set();

  /** `foreign` is the kind of the application's HTTP adapter if it is neither Express nor Fastify. */
  constructor(
    cache: Cache,
    config: ApplicationConfig,
    modules: ModulesContainer,
    foreign: string | undefined,
  ) {
    engineOf(cache, [], "CachingRouteModule.forRoot({ cache: createCache() })");
    this.#cache = cache;
    this.#config = config;
    this.#modules = modules;
    this.#foreign = foreign;
  }

  /** Reads all controllers. Throws a `CacheError` if the options of one are wrong. */
  read(): void {
    const scanner = new MetadataScanner();
    for (const { controllers } of this.#modules.values()) {
      for (const wrapper of controllers.values()) {
        const controller = wrapper.metatype as Type | null;
        if (controller === null || controller === undefined) continue;
        const prototype = controller.prototype as Readonly<Record<string, Method>>;
        // What is made for each request may read the request itself.
        const isStatic = wrapper.isDependencyTreeStatic();
        for (const name of scanner.getAllMethodNames(prototype)) this.#add(controller, name, isStatic);
      }
    }
  }

  /** Returns the cached method that a request has reached. Undefined: it is not cached. */
  cached(context: ExecutionContext): CachedMethod | undefined {
    return this.#cached.get(context.getHandler() as Method)?.get(context.getClass());
  }

  /** Returns the method that a request has reached if its writes make something outdated. */
  writing(context: ExecutionContext): WritingMethod | undefined {
    return this.#writing.get(context.getHandler() as Method)?.get(context.getClass());
  }

  /** Looks a request up: here, because the interceptor may be that of another copy of the package. */
  lookUp(context: ExecutionContext, method: CachedMethod, outcome: Outcome): void {
    lookUp(context, method, outcome);
  }

  #add(controller: Type, name: string, isStatic: boolean): void {
    const method = (controller.prototype as Readonly<Record<string, Method>>)[name];
    if (method === undefined) return;
    const label = `${controller.name}.${name}`;
    if (metadata(NEST.path, method) === undefined) return refuseUnrouted(method, label);
    const path = pathOf(controller, method);
    const versions = this.#versions.get(path) ?? new Set();
    this.#versions.set(path, versions.add(versionOf(controller, method, this.#config.getVersioning())));
    const writes = metadata(KEYS.invalidates, method);
    if (writes !== undefined)
      keep(this.#writing, method, controller, this.#writingMethod(writes, method, label));
    const declared = declaredOn(controller, method);
    if (declared === undefined) return refuseUncached(method, label);
    if (metadata(NEST.sse, method) !== undefined) {
      throw invalid(
        `${label}: a stream of events cannot be cached; write @NoCacheRoute() on it, or take @CacheRoute off`,
      );
    }
    const { cache = this.#cache, ...options } = checked(declared.options, label);
    const { by } = declared;
    const engine = engineOf(cache, [], `@CacheRoute({ cache: createCache() }) on ${label}`);
    this.#use(engine, label);
    keep(this.#cached, method, controller, {
      engine,
      isByArguments: by !== undefined,
      headers: headersOf(method),
      sendsItself: sendsItself(controller, name),
      policy: this.#policies(controller, method, {
        options: by === undefined ? options : withArguments(options, by, label),
        engine,
        label,
        query: isStatic ? declaredQueryOf(controller, name) : undefined,
      }),
    });
  }

  #use(engine: Engine, label: string): void {
    this.engines.add(engine);
    if (this.#foreign === undefined) return;
    throw new CacheError(
      "ERR_CACHE_ROUTE_UNSEEN",
      `${label}: the cache does not know the HTTP adapter "${this.#foreign}"; use that of Express or of Fastify`,
    );
  }

  #writingMethod(writes: Writes, method: Method, label: string): WritingMethod {
    checkedOptions(writes, `${label}: @Invalidates`, {
      known: ["tags", "cache"],
      example: '{ tags: ["todos"] }',
    });
    const { cache = this.#cache, tags } = writes;
    const verb = RequestMethod[metadata(NEST.method, method) ?? 0] ?? "GET";
    if (["GET", "HEAD", "OPTIONS"].includes(verb)) {
      throw invalid(
        `${label}: @Invalidates is on a route that does not write; put it on the route that does, such as a @Post, ` +
          "or call cache.invalidate in the handler",
      );
    }
    const engine = engineOf(cache, [], `${WRITE} on ${label}`);
    this.#use(engine, label);
    return engine.invalidates<[context: ExecutionContext]>(tags, { route: label, option: "tags" });
  }

  /** Returns the function that makes the policy of each route of a method. Throws if one of the options is wrong. */
  #policies(
    controller: Type,
    method: Method,
    {
      options,
      engine,
      label,
      query,
    }: {
      readonly options: RouteOptions<ExecutionContext>;
      readonly engine: Engine;
      readonly label: string;
      readonly query: ReturnType<typeof declaredQueryOf>;
    },
  ): CachedMethod["policy"] {
    const policies = new Map<string, Policy<ExecutionContext>>();
    const places = new Map<string, object>();
    // The name belongs to the routes, which requests show later.
    const { route: name, ...unnamed } = options;
    const isName = typeof name === "string" && name !== "";
    engine.policy<ExecutionContext>(isName ? unnamed : options, {
      route: label,
      name: undefined,
      query,
      declaration: places,
    });
    const isOneOfMany = pathsOf(controller, method, this.#config) > 1;
    const nth = this.#nth(controller, method);
    return (requestMethod, path) => {
      const verb = requestMethod === "HEAD" ? "GET" : requestMethod;
      const known = policies.get(`${verb} ${path}`);
      if (known !== undefined) return known;
      const isAlone = (this.#versions.get(pathOf(controller, method))?.size ?? 0) < 2;
      const choice = choiceOf(controller, method, this.#config.getVersioning(), isAlone);
      const route = `${verb} ${path}${choice.suffix}${nth}`;
      const place = places.get(path) ?? {};
      places.set(path, place);
      // Several routes cannot share a name.
      const own = isOneOfMany && isName ? { ...options, route: `${name} ${route}` } : options;
      const policy = engine.policy<ExecutionContext>(own, {
        route,
        paths: [path],
        query,
        vary: choice.vary,
        declaration: place,
        place,
      });
      policies.set(`${verb} ${path}`, policy);
      return policy;
    };
  }

  /** Returns the suffix that distinguishes a method from those that were read before it and are declared alike. */
  #nth(controller: Type, method: Method): string {
    const parts = [controller, method].map((of) => [
      metadata(NEST.path, of),
      metadata(NEST.method, of),
      metadata(NEST.host, of),
      metadata(NEST.version, of),
    ]);
    const declared = parts.flat(3).map(String).join(" ");
    const at = (this.#alike.get(declared) ?? 0) + 1;
    this.#alike.set(declared, at);
    return at === 1 ? "" : ` (${at})`;
  }
}

/** Returns the path of a method as it is declared, without what the application puts in front. */
function pathOf(controller: Type, method: Method): string {
  const parts = [controller, method].map((of) => String(metadata(NEST.path, of) ?? ""));
  return `${metadata(NEST.method, method)} ${parts.map((part) => part.replaceAll(/^\/|\/$/g, "")).join("/")}`;
}

/** How many paths lead to a method. */
function pathsOf(controller: Type, method: Method, config: ApplicationConfig): number {
  const version: unknown = versionOf(controller, method, config.getVersioning());
  return [metadata(NEST.path, controller), metadata(NEST.path, method), version]
    .map((some) => Math.max([some].flat().length, 1))
    .reduce((one, other) => one * other);
}

function sendsItself(controller: Type, name: string): boolean {
  if (Reflect.getMetadata(NEST.passthrough, controller, name) === true) return false;
  const kinds = Object.keys(Object(Reflect.getMetadata(NEST.arguments, controller, name)));
  // Nest's numbers of `@Next()` and of `@Res()`.
  return kinds.some((kind) => /^[12]:/.test(kind));
}

function headersOf(method: Method): ReadonlySet<string> {
  const set = metadata(NEST.headers, method) ?? [];
  return new Set(set.map(({ name }) => name.toLowerCase()));
}

/** Refuses what the options of other adapters have, and says what Nest has for it. */
function checked(options: RouteOptions<ExecutionContext>, label: string): OwnOptions {
  const { before, invalidates } = options as { readonly before?: unknown; readonly invalidates?: unknown };
  if (before !== undefined) {
    throw invalid(
      `${label}: the option "before" is not for Nest, where guards run first; write @UseGuards(guard)`,
    );
  }
  if (invalidates !== undefined) {
    throw invalid(`${label}: the option "invalidates" is not for Nest; write ${WRITE}`);
  }
  return options;
}

type OwnOptions = RouteOptions<ExecutionContext> & { readonly cache?: Cache };

function refuseUnrouted(method: Method, label: string): void {
  const found = Object.values(KEYS).find((key) => metadata(key, method) !== undefined);
  if (found === undefined) return;
  throw new CacheError(
    "ERR_CACHE_ROUTE_UNSEEN",
    `${label}: it has a decorator of the cache and is no route; write @Get() on it, too`,
  );
}

function refuseUncached(method: Method, label: string): void {
  if (metadata(KEYS.by, method) === undefined) return;
  throw invalid(`${label}: @CacheBy is on a method that is not cached; write @CacheRoute() on it, too`);
}

function invalid(message: string): CacheError {
  return new CacheError("ERR_CACHE_OPTION_INVALID", message);
}

function keep<Value>(all: ByController<Value>, method: Method, controller: Type, value: Value): void {
  const known = all.get(method);
  if (known === undefined) all.set(method, new Map([[controller, value]]));
  else known.set(controller, value);
}
