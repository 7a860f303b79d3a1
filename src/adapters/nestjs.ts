import type { ServerResponse } from "node:http";
import { applyDecorators, Inject, Module, SetMetadata, UseInterceptors } from "@nestjs/common";
import type {
  DynamicModule,
  ExecutionContext,
  FactoryProvider,
  ModuleMetadata,
  OnApplicationShutdown,
  OnModuleInit,
  Provider,
} from "@nestjs/common";
import { addTags, CacheError } from "../adapter.ts";
import type { Cache, Invalidates as InvalidatedTags, RouteOptions } from "../adapter.ts";
import { createCache } from "../index.ts";
import type { CacheOptions } from "../index.ts";
import { lookedUp } from "./nestjs/arguments.ts";
import { CacheRouteInterceptor, InvalidatesInterceptor, ROUTES } from "./nestjs/interceptors.ts";
import { KEYS } from "./nestjs/metadata.ts";
import type { By, Method } from "./nestjs/metadata.ts";
import { routesProvider } from "./nestjs/provider.ts";
import type { CachedRoutes } from "./nestjs/routes.ts";

/** The cache of `CachingRouteModule`, to be injected. */
// oxlint-disable-next-line typescript/no-extraneous-class, typescript/no-unsafe-declaration-merging -- Nest injects by a parameter's class; what it injects is the module's cache, never an instance of this
export abstract class RouteCache {}

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the class has no members of its own: what is injected for it is a whole cache
export interface RouteCache extends Cache {}

/** The options of `CachingRouteModule.forRoot`: a cache, or the options of `createCache`, from which one is made. */
export type CachingRouteModuleOptions =
  | { readonly cache: Cache }
  | (CacheOptions & { readonly cache?: never });

/** The options of `CachingRouteModule.forRootAsync`: `useFactory` returns those of `forRoot`. */
export interface CachingRouteModuleAsyncOptions
  extends Pick<ModuleMetadata, "imports">, Pick<FactoryProvider, "inject"> {
  useFactory: (
    // Nest passes what `inject` names, whatever its types.
    ...args: never[]
  ) => CachingRouteModuleOptions | Promise<CachingRouteModuleOptions>;
}

/** The cache of an application. `isOwn`: the module has made it, and closes it. */
interface Made {
  readonly cache: Cache;
  readonly isOwn: boolean;
}

const MADE: unique symbol = Symbol("caching-route.nestjs.made") as never;

/**
 * The module of the cache, for Nest 11 and 12 on Express and on Fastify. Import it once, in the root module: it is global, and
 * its cache can be injected as `RouteCache`.
 *
 * A cache that was made from options is closed with the application; one that was given is yours to close. The application
 * fails to start with a `CacheError` if an option of a route is wrong.
 *
 * @example
 * @Module({ imports: [CachingRouteModule.forRoot({ cache: createCache() })], controllers: [ReportsController] })
 * class AppModule {}
 * @example
 * CachingRouteModule.forRootAsync({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ namespace: config.getOrThrow("APP") }),
 * });
 */
export class CachingRouteModule implements OnModuleInit, OnApplicationShutdown {
  readonly #routes: CachedRoutes;
  readonly #made: Made;

  constructor(routes: CachedRoutes, made: Made) {
    this.#routes = routes;
    this.#made = made;
  }

  static forRoot(options: CachingRouteModuleOptions = {}): DynamicModule {
    // Each application has a cache of its own: those of tests are started again and again.
    return moduleWith([{ provide: MADE, useFactory: () => made(options) }], []);
  }

  static forRootAsync({ imports, inject, useFactory }: CachingRouteModuleAsyncOptions): DynamicModule {
    const factory: Provider = {
      provide: MADE,
      inject: inject ?? [],
      useFactory: async (...args: never[]) => made(await useFactory(...args)),
    };
    return moduleWith([factory], imports ?? []);
  }

  onModuleInit(): void {
    this.#routes.read();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#made.isOwn) await this.#made.cache.close();
  }
}

Module({})(CachingRouteModule);
Inject(ROUTES)(CachingRouteModule, undefined, 0);
Inject(MADE)(CachingRouteModule, undefined, 1);

function moduleWith(
  providers: Provider[],
  imports: NonNullable<CachingRouteModuleAsyncOptions["imports"]>,
): DynamicModule {
  const cache: Provider = { provide: RouteCache, inject: [MADE], useFactory: ({ cache: own }: Made) => own };
  return {
    module: CachingRouteModule,
    global: true,
    imports,
    providers: [...providers, cache, routesProvider(RouteCache)],
    exports: [RouteCache, ROUTES],
  };
}

function made(options: CachingRouteModuleOptions): Made {
  const { cache, ...others } = Object(options) as { readonly cache?: Cache };
  if (cache === undefined) return { cache: createCache(options as CacheOptions), isOwn: true };
  const [other] = Object.keys(others);
  if (other === undefined) return { cache, isOwn: false };
  throw new CacheError(
    "ERR_CACHE_OPTION_INVALID",
    `CachingRouteModule.forRoot: "${other}" is an option of the cache, which is given; write createCache({ ${other} })`,
  );
}

/**
 * The options of a cached route. `key`, `scope`, `origin` and `tags` are given the `ExecutionContext`.
 *
 * @example
 * const options: CacheRouteOptions = {
 *   ttl: 60,
 *   scope: (context) => context.switchToHttp().getRequest<AppRequest>().user.id,
 *   tags: ["reports"],
 * };
 */
export interface CacheRouteOptions extends RouteOptions<ExecutionContext> {
  /** The cache. Default: that of the module. */
  cache?: Cache;
}

/**
 * Caches the responses of a method, or of all methods of a controller. A hit is sent once all guards have let the request
 * pass, before pipes, the interceptors of decorators above it, and the handler. The options of a method come before those of its
 * controller.
 *
 * Throws `ERR_CACHE_OPTION_INVALID` for anything but options. The application fails to start if one of them is wrong.
 *
 * @example
 * @UseGuards(KeyGuard)
 * @CacheRoute({ ttl: 60, scope: "everyone" })
 * @Get(":id")
 * find(@Param("id") id: string) {
 *   return this.reports.find(id);
 * }
 */
export function CacheRoute(options: CacheRouteOptions = {}): ClassDecorator & MethodDecorator {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new CacheError(
      "ERR_CACHE_OPTION_INVALID",
      "@CacheRoute takes options; write @CacheRoute({ ttl: 60 })",
    );
  }
  return applyDecorators(SetMetadata(KEYS.route, options), UseInterceptors(CacheRouteInterceptor));
}

/**
 * Leaves a method out of what `@CacheRoute` says on its controller.
 *
 * @example
 * @NoCacheRoute()
 * @Get("now")
 * now() {
 *   return new Date();
 * }
 */
export function NoCacheRoute(): ClassDecorator & MethodDecorator {
  return SetMetadata(KEYS.none, true);
}

/** A function of some arguments. */
type Of<Result> = (...args: never[]) => Result;

/** The options of `@CacheBy`: functions of the arguments of the method. */
export interface CacheByOptions<
  Key extends Of<string> = Of<string>,
  Scope extends Of<string> = Of<string>,
  Tags extends Of<readonly string[]> = Of<readonly string[]>,
> {
  /** As `key` of `@CacheRoute`. */
  key?: Key;
  /** As `scope` of `@CacheRoute`, if that is a function. */
  scope?: Scope;
  /** As `tags` of `@CacheRoute`, if that is a function. */
  tags?: Tags;
}

/** Whether a function can be called with the arguments of a method. */
type Fits<Function, Handler extends Of<unknown>> = [Function] extends [
  (...args: Parameters<Handler>) => unknown,
]
  ? unknown
  : "the function takes other arguments than the method";

/** The decorator of a method whose arguments fit. */
export type CacheByDecorator<Key, Scope, Tags> = <Handler extends Of<unknown>>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler> &
    Fits<Key, Handler> &
    Fits<Scope, Handler> &
    Fits<Tags, Handler>,
) => void;

/**
 * Gives functions of a cached method's options the arguments of the method, as its pipes have made them. They have to fit: the
 * compiler checks it. So such a method is looked up after the pipes, and interceptors run on hits.
 *
 * Stands below `@CacheRoute`. The application fails to start if the method is not cached, or has such an option twice.
 *
 * @example
 * @CacheRoute({ ttl: 60 })
 * @CacheBy({ key: (id: string) => `report:${id}`, tags: (id: string) => ["reports", `report:${id}`] })
 * @Get(":id")
 * find(@Param("id") id: string, @Headers("accept-language") language: string) {
 *   return this.reports.find(id, language);
 * }
 */
export function CacheBy<
  Key extends Of<string> = () => string,
  Scope extends Of<string> = () => string,
  Tags extends Of<readonly string[]> = () => readonly string[],
>(options: CacheByOptions<Key, Scope, Tags>): CacheByDecorator<Key, Scope, Tags> {
  return (target, name, descriptor) => {
    const method = descriptor.value as Method;
    SetMetadata(KEYS.by, options as By)(target, name, descriptor as PropertyDescriptor);
    Reflect.set(descriptor, "value", lookedUp(method));
  };
}

/** What the writes of a method make outdated. */
export interface InvalidatesOptions {
  /** The tags, or a function of the `ExecutionContext` that returns them. It runs after the handler. */
  tags: InvalidatedTags<[context: ExecutionContext]>;
  /** The cache. Default: that of the module. */
  cache?: Cache;
}

/**
 * Invalidates what is tagged with `tags` after the handler, before the first byte of the response is sent. With a status from
 * 200 to 399 it is gone. With 500 and above, or if the handler throws or the client disconnects, it becomes stale and may
 * stand in for errors. With 400 to 499 nothing happens. A request that a guard refuses invalidates nothing.
 *
 * The application fails to start if the options are wrong, or the method is that of a `@Get`.
 *
 * @example
 * @Invalidates({ tags: ["todos"] })
 * @Post()
 * add(@Body() todo: NewTodo) {
 *   return this.todos.add(todo);
 * }
 */
export function Invalidates(options: InvalidatesOptions): MethodDecorator {
  return applyDecorators(SetMetadata(KEYS.invalidates, options), UseInterceptors(InvalidatesInterceptor));
}

/** Where a handler has its response: `@Res({ passthrough: true }) res`, or the context of an interceptor. */
export type TaggedResponse = ServerResponse | { readonly raw: ServerResponse } | ExecutionContext;

/**
 * Adds tags to the response that a handler is making, beside those of the route's `tags`. It sends nothing. Several calls
 * add up. Where the response is not cached, it has no effect.
 *
 * Throws `ERR_CACHE_TAGS` if `tags` is not a list of non-empty strings, or if the response has begun already.
 *
 * @example
 * @CacheRoute({ ttl: 60 })
 * @Get("teams/:id")
 * async find(@Param("id") id: string, @Res({ passthrough: true }) res: Response) {
 *   const team = await this.teams.find(id);
 *   cacheTags(res, team.members.map(({ id }) => `user:${id}`));
 *   return team;
 * }
 */
export function cacheTags(res: TaggedResponse, tags: readonly string[]): void {
  const { getArgByIndex } = Object(res) as Partial<ExecutionContext>;
  const response: unknown = getArgByIndex === undefined ? res : (res as ExecutionContext).getArgByIndex(1);
  const { setHeader, hijack } = Object(response) as {
    readonly setHeader?: unknown;
    readonly hijack?: unknown;
  };
  const isResponse = typeof setHeader === "function" || typeof hijack === "function";
  addTags(isResponse ? (response as object) : undefined, tags, "the response: cacheTags(res, tags)");
}
