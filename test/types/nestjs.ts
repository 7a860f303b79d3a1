import type { ServerResponse } from "node:http";
import { Controller, Get, Module, Param, Post, Query } from "@nestjs/common";
import type { ExecutionContext } from "@nestjs/common";
import { createCache, rfc9111 } from "../../src/index.ts";
import type { Cache } from "../../src/index.ts";
// oxlint-disable-next-line typescript/consistent-type-imports -- Nest reads the class of a parameter from what is compiled
import {
  CacheBy,
  CacheRoute,
  cacheTags,
  CachingRouteModule,
  Invalidates,
  NoCacheRoute,
  RouteCache,
} from "../../src/adapters/nestjs.ts";
import type { CacheByOptions, CacheRouteOptions } from "../../src/adapters/nestjs.ts";
import type { Fact, Same } from "./equal.ts";

declare const cache: Cache;
declare const context: ExecutionContext;

export type Key = NonNullable<CacheRouteOptions["key"]>;
export type KeyTakesContext = Fact<Same<Key, (context: ExecutionContext) => string>>;

// What may be written, and where.
@CacheRoute()
@Controller()
export class Written {
  readonly cache: Cache;

  constructor(cache: RouteCache) {
    this.cache = cache;
  }

  @CacheRoute({ ttl: 60, ...rfc9111 })
  @Get("all")
  all(): string {
    return "";
  }

  @CacheRoute({
    key: (context) => context.getClass().name,
    scope: (context) => context.switchToHttp().getRequest<{ user: string }>().user,
    origin: (context) => String(context.getArgByIndex(0)),
    tags: (context, response) => [context.getType(), response.header("x-tag") ?? ""],
    cache: createCache(),
  })
  @Get("each")
  async each(): Promise<object> {
    return {};
  }

  @NoCacheRoute()
  @Get("none")
  none(): void {}

  @Invalidates({ tags: ["users"], cache })
  @Post()
  add(): void {}

  @Invalidates({ tags: (context) => [context.getHandler().name] })
  @Post()
  put(): void {}
}

// The functions of @CacheBy are given the arguments of the method: all of them, or the first.
export class Arguments {
  @CacheBy({ key: (id: string) => id })
  one(@Param("id") id: string): string {
    return id;
  }

  @CacheBy({ key: (id: string) => id, tags: (id: string, page: number) => [`${id}/${page}`] })
  two(@Param("id") id: string, @Query("page") page: number): string {
    return id + page;
  }

  @CacheBy({ scope: (id: string, page?: number) => id + (page ?? 1) })
  optional(id: string, page?: number): string {
    return id + (page ?? 1);
  }

  @CacheBy({ key: () => "none" })
  none(): void {}

  @CacheBy({ key: (...ids: string[]) => ids.join() })
  async many(...ids: string[]): Promise<string> {
    return ids.join();
  }

  // @ts-expect-error: another type than the method's argument
  @CacheBy({ key: (id: number) => String(id) })
  other(id: string): string {
    return id;
  }

  // @ts-expect-error: more arguments than the method has
  @CacheBy({ tags: (id: string, page: number) => [id, String(page)] })
  more(id: string): string {
    return id;
  }

  // @ts-expect-error: an argument that the method may not have been given
  @CacheBy({ scope: (id: string) => id })
  absent(id?: string): string {
    return id ?? "";
  }
}

// What is wrong is an error of the compiler.
export function wrong(): void {
  // @ts-expect-error: a misspelt option
  CacheRoute({ tll: 60 });
  // @ts-expect-error: seconds are a number
  CacheRoute({ ttl: "60" });
  // @ts-expect-error: options are an object
  CacheRoute(300);
  // @ts-expect-error: a key is a string, and not the promise of one
  CacheRoute({ key: async (context) => context.getType() });
  // @ts-expect-error: guards are those of Nest
  CacheRoute({ before: [] });
  // @ts-expect-error: a misspelt member of the context
  CacheRoute({ key: (context) => context.getKlass().name });
  // @ts-expect-error: a key is a string
  CacheBy({ key: (id: number) => id });
  // @ts-expect-error: an option that is no function of arguments
  CacheBy({ ttl: 60 });
  // @ts-expect-error: there are tags
  Invalidates({});
  // @ts-expect-error: tags are a list
  Invalidates({ tags: "users" });
  // @ts-expect-error: tags are a list, and not the promise of one
  Invalidates({ tags: async () => ["users"] });
}

// The module takes a cache, or options of which one is made.
export const modules = [
  CachingRouteModule.forRoot(),
  CachingRouteModule.forRoot({ cache }),
  CachingRouteModule.forRoot({ namespace: "a", defaults: { ttl: 60 } }),
  CachingRouteModule.forRootAsync({ useFactory: () => ({ cache }) }),
  CachingRouteModule.forRootAsync({
    imports: [],
    inject: ["name"],
    useFactory: async (name: string) => ({ namespace: name }),
  }),
  // @ts-expect-error: a cache has its options already
  CachingRouteModule.forRoot({ cache, namespace: "a" }),
  // @ts-expect-error: a misspelt option
  CachingRouteModule.forRoot({ namespase: "a" }),
  // @ts-expect-error: a cache is what `createCache` returns
  CachingRouteModule.forRoot({ cache: createCache }),
  // @ts-expect-error: there is a factory
  CachingRouteModule.forRootAsync({}),
];

@Module({ imports: [CachingRouteModule.forRoot()] })
export class AppModule {}

/** What a provider injects it by. */
export const token: typeof RouteCache = RouteCache;

// What is injected has the methods of a cache.
export function injected(own: RouteCache): Promise<unknown> {
  const same: Cache = own;
  return same.invalidate({ tag: "users" });
}

export const options: CacheByOptions<(id: string) => string> = { key: (id) => id };

// A handler tags its own response.
export function tagged(res: ServerResponse): void {
  cacheTags(res, ["users"]);
  cacheTags(context, ["users"]);
  // @ts-expect-error: tags are a list
  cacheTags(res, "users");
  // @ts-expect-error: tags are text
  cacheTags(res, [1]);
  // @ts-expect-error: there are tags
  cacheTags(res);
}
