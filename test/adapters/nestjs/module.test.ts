import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Module,
  Post,
  Scope,
  Sse,
  UseGuards,
} from "@nestjs/common";
import type { CanActivate, ExecutionContext } from "@nestjs/common";
import { NEVER } from "rxjs";
import type { Observable } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  CacheBy,
  CacheRoute,
  CachingRouteModule,
  Invalidates,
  NoCacheRoute,
  RouteCache,
} from "../../../src/adapters/nestjs.ts";
import type { CacheRouteOptions, CachingRouteModuleOptions } from "../../../src/adapters/nestjs.ts";
import { platforms, quietCache, start, twice } from "./support.ts";

let runs = 0;

@Controller("pages")
class PagesController {
  readonly #cache: RouteCache;

  constructor(cache: RouteCache) {
    this.#cache = cache;
  }

  @CacheRoute({ ttl: 60, tags: ["pages"] })
  @Get()
  find(): string {
    return `run ${++runs}`;
  }

  @Post("clear")
  async clear(): Promise<void> {
    await this.#cache.invalidate({ tag: "pages" });
  }
}

describe.each(platforms)("on %s, the module", (platform) => {
  it("has its cache injected by its class", async () => {
    runs = 0;
    const { client, app, cache } = await start(platform, { controllers: [PagesController] });

    const before = await twice(client, "/pages");
    await client.ask({ method: "POST", path: "/pages/clear" });
    const after = await twice(client, "/pages");

    expect([...before, ...after].map(([, text, outcome]) => [text, outcome])).toEqual([
      ["run 1", "MISS"],
      ["run 1", "HIT"],
      ["run 2", "MISS"],
      ["run 2", "HIT"],
    ]);
    expect(app.get(RouteCache)).toBe(cache);
  });

  it("makes a cache from options, and closes it with the application", async () => {
    const { client, app } = await start(platform, {
      controllers: [PagesController],
      caching: CachingRouteModule.forRoot({
        reporter: false,
        statusHeader: { name: "x-own", hit: "HIT", miss: "MISS" },
      }),
    });
    const answer = await client.ask({ path: "/pages" });
    const made = app.get(RouteCache);

    await app.close();

    expect(answer.header("x-own")).toBe("MISS");
    expect(await made.set("a", { body: "a" })).toBe(false);
  });

  it("makes a cache of its own for each application of one class", async () => {
    const caching = CachingRouteModule.forRoot({ reporter: false });
    const first = await start(platform, { controllers: [PagesController], caching });
    await first.app.close();
    const { client } = await start(platform, { controllers: [PagesController], caching });

    expect((await twice(client, "/pages")).map(([, , outcome]) => outcome)).toEqual(["MISS", "HIT"]);
  });

  it("does not close a cache that was given", async () => {
    const { app, cache } = await start(platform, { controllers: [PagesController] });

    await app.close();

    expect(await cache.set("a", { body: "a" })).toBe(true);
  });

  it("takes its options from a factory", async () => {
    @Injectable()
    class Config {
      readonly header = "x-configured";
    }
    @Module({ providers: [Config], exports: [Config] })
    class ConfigModule {}
    const { client } = await start(platform, {
      controllers: [PagesController],
      caching: CachingRouteModule.forRootAsync({
        imports: [ConfigModule],
        inject: [Config],
        useFactory: async ({ header }: Config) => ({
          cache: quietCache({ statusHeader: { name: header, hit: "HIT", miss: "MISS" } }),
        }),
      }),
    });

    const answers = [await client.ask({ path: "/pages" }), await client.ask({ path: "/pages" })];

    expect(answers.map((answer) => answer.header("x-configured"))).toEqual(["MISS", "HIT"]);
  });

  it("lets guards decide before each hit", async () => {
    @Injectable()
    class KeyGuard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
        if (headers["x-key"] === undefined) throw new ForbiddenException();
        return true;
      }
    }
    @Controller()
    class GuardedController {
      @UseGuards(KeyGuard)
      @CacheRoute({ ttl: 60, scope: "everyone" })
      @Get()
      find(): string {
        return `run ${++runs}`;
      }
    }
    runs = 0;
    const { client } = await start(platform, { controllers: [GuardedController] });

    const allowed = await twice(client, "/", { "x-key": "1" });
    const refused = await twice(client, "/");

    expect(allowed.map(([status, , outcome]) => [status, outcome])).toEqual([
      [200, "MISS"],
      [200, "HIT"],
    ]);
    expect(refused.map(([status, , outcome]) => [status, outcome])).toEqual([
      [403, undefined],
      [403, undefined],
    ]);
    expect(runs).toBe(1);
  });

  it("serves controllers that are made for each request", async () => {
    @Controller({ scope: Scope.REQUEST })
    class ScopedController {
      @CacheRoute({ ttl: 60 })
      @Get()
      find(): string {
        return `run ${++runs}`;
      }
    }
    runs = 0;
    const { client } = await start(platform, { controllers: [ScopedController] });

    expect(await twice(client, "/")).toEqual([
      [200, "run 1", "MISS"],
      [200, "run 1", "HIT"],
    ]);
  });

  it("merges the options of a method into those of its controller", async () => {
    @Controller()
    @CacheRoute({ ttl: 60, scope: () => "me" })
    class MergedController {
      @CacheRoute({ tags: ["own"] })
      @Get()
      find(): string {
        return `run ${++runs}`;
      }
    }
    const { client, cache } = await start(platform, { controllers: [MergedController] });

    const before = await twice(client, "/", { cookie: "a=1" });
    await cache.invalidate({ tag: "own" });
    const after = await twice(client, "/", { cookie: "a=1" });

    expect([...before, ...after].map(([, , outcome]) => outcome)).toEqual(["MISS", "HIT", "MISS", "HIT"]);
  });
});

const failing = async (controller: new () => object): Promise<unknown> =>
  start("Express", { controllers: [controller] }).catch((error: unknown) => error);

describe("the application does not start", () => {
  it.each<[string, CacheRouteOptions, string]>([
    ["an option that there is not", { tll: 60 } as CacheRouteOptions, "ERR_CACHE_OPTION_UNKNOWN"],
    ["an option that is wrong", { ttl: "60" as never }, "ERR_CACHE_OPTION_INVALID"],
    ["guards in an option", { before: [] } as CacheRouteOptions, "ERR_CACHE_OPTION_INVALID"],
    ["writes in an option", { invalidates: ["a"] } as CacheRouteOptions, "ERR_CACHE_OPTION_INVALID"],
    ["something else as cache", { cache: {} as never }, "ERR_CACHE_NOT_A_CACHE"],
    ["a query that is not declared", { query: "declared" }, "ERR_CACHE_QUERY_UNDECLARED"],
  ])("with %s", async (_what, options, code) => {
    @Controller()
    class WrongController {
      @CacheRoute(options)
      @Get()
      find(): string {
        return "";
      }
    }

    expect(await failing(WrongController)).toMatchObject({
      code,
      message: expect.stringContaining("WrongController.find"),
    });
  });

  it("with a stream of events that is cached", async () => {
    @Controller()
    @CacheRoute({ ttl: 60 })
    class EventsController {
      @Sse()
      events(): Observable<never> {
        return NEVER;
      }
    }

    expect(await failing(EventsController)).toMatchObject({
      code: "ERR_CACHE_OPTION_INVALID",
      message: expect.stringContaining("EventsController.events: a stream of events cannot be cached"),
    });
  });

  it("with @CacheBy on a method that is not cached", async () => {
    @Controller()
    class UncachedController {
      @CacheBy({ key: () => "a" })
      @Get()
      find(): string {
        return "";
      }
    }

    expect(await failing(UncachedController)).toMatchObject({ code: "ERR_CACHE_OPTION_INVALID" });
  });

  it("with one option in @CacheRoute and in @CacheBy", async () => {
    @Controller()
    class TwiceController {
      @CacheRoute({ key: () => "a" })
      @CacheBy({ key: () => "b" })
      @Get()
      find(): string {
        return "";
      }
    }

    expect(await failing(TwiceController)).toMatchObject({ code: "ERR_CACHE_OPTION_INVALID" });
  });

  it("with @CacheRoute on what is no route", async () => {
    @Controller()
    class UnroutedController {
      @CacheRoute({ ttl: 60 })
      find(): string {
        return "";
      }
    }

    expect(await failing(UnroutedController)).toMatchObject({ code: "ERR_CACHE_ROUTE_UNSEEN" });
  });

  it("with @Invalidates on a method that does not write", async () => {
    @Controller()
    class ReadingController {
      @Invalidates({ tags: ["a"] })
      @Get()
      find(): string {
        return "";
      }
    }

    expect(await failing(ReadingController)).toMatchObject({ code: "ERR_CACHE_OPTION_INVALID" });
  });

  it("with @Invalidates without tags", async () => {
    @Controller()
    class TaglessController {
      @Invalidates({} as never)
      @Post()
      add(): string {
        return "";
      }
    }

    expect(await failing(TaglessController)).toMatchObject({ code: "ERR_CACHE_OPTION_INVALID" });
  });

  it("without the module", async () => {
    @Module({})
    class NoCachingModule {}
    @Controller()
    class OrphanController {
      @CacheRoute({ ttl: 60 })
      @Get()
      find(): string {
        return "";
      }
    }

    const failed = start("Express", {
      controllers: [OrphanController],
      caching: { module: NoCachingModule },
    });

    await expect(failed).rejects.toThrow("CacheRouteInterceptor");
  });
});

describe("a wrong argument is refused at once", () => {
  it.each([60, null, [], "60"])("of @CacheRoute: %j", (options) => {
    expect(() => CacheRoute(options as never)).toThrow("@CacheRoute takes options");
  });

  it.each<[CachingRouteModuleOptions, string]>([
    [{ cache: quietCache(), namespace: "a" } as never, "ERR_CACHE_OPTION_INVALID"],
    [{ tll: 60 } as never, "ERR_CACHE_OPTION_UNKNOWN"],
    [{ cache: {} as never }, "ERR_CACHE_NOT_A_CACHE"],
  ])("of forRoot: %#", async (options, code) => {
    const failed = (async () =>
      start("Express", { controllers: [], caching: CachingRouteModule.forRoot(options) }))();

    await expect(failed).rejects.toMatchObject({ code });
  });
});

describe("a stream of events", () => {
  it("is left alone with @NoCacheRoute", async () => {
    @Controller()
    @CacheRoute({ ttl: 60 })
    class EventsController {
      @NoCacheRoute()
      @Sse()
      events(): Observable<never> {
        return NEVER;
      }
    }

    await expect(start("Express", { controllers: [EventsController] })).resolves.toBeDefined();
  });
});
