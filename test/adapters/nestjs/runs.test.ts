import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as later } from "node:timers/promises";
import { Controller, Get, UseInterceptors } from "@nestjs/common";
import type { NestInterceptor } from "@nestjs/common";
import { map, retry, timer } from "rxjs";
import type { Observable } from "rxjs";
import { describe, expect, it } from "vitest";
import { CacheBy, CacheRoute } from "../../../src/adapters/nestjs.ts";
import { until } from "../koa/support.ts";
import { around, platforms, quietCache, start, twice } from "./support.ts";

let runs = 0;

describe.each(platforms)("on %s, a function of the options that throws", (platform) => {
  const broken = (): never => {
    throw new Error("broken");
  };

  @Controller()
  class BrokenController {
    @CacheRoute({ tags: broken })
    @Get("tags")
    tags(): string {
      return "page";
    }

    @CacheRoute({ key: broken })
    @Get("key")
    key(): string {
      return "page";
    }

    @CacheRoute()
    @CacheBy({ tags: broken })
    @Get("tags-by")
    tagsBy(): string {
      return "page";
    }

    @CacheRoute()
    @CacheBy({ key: broken })
    @Get("key-by")
    keyBy(): string {
      return "page";
    }
  }

  it.each(["tags", "key", "tags-by", "key-by"])("fails the request: %s", async (path) => {
    const { client, cache } = await start(platform, { controllers: [BrokenController] });

    const answers = await twice(client, `/${path}`);

    expect(answers.map(([status]) => status)).toEqual([500, 500]);
    expect(cache.stats().stored).toBe(0);
  });
});

describe.each(platforms)("on %s, a handler that is run again", (platform) => {
  let tries = 0;

  @Controller()
  class FlakyController {
    @CacheRoute({ ttl: 60 })
    @Get()
    find(): string {
      if (++tries % 2 === 1) throw new Error("not yet");
      return `try ${tries}`;
    }
  }

  it("by a retry of an interceptor sends what it then returns", async () => {
    tries = 0;
    const { client } = await start(platform, {
      controllers: [FlakyController],
      cache: quietCache({ onError: () => undefined }),
      prepare: (app) => app.useGlobalInterceptors(around(retry(1))),
    });

    const answers = await twice(client, "/");

    expect(answers.map(([status, text]) => [status, text.startsWith("try")])).toEqual([
      [200, true],
      [200, true],
    ]);
  });
});

describe.each(platforms)(
  "on %s, a handler behind an interceptor with an asynchronous context",
  (platform) => {
    const storage = new AsyncLocalStorage<string>();

    @Controller()
    class StoredController {
      @CacheRoute({ ttl: 60 })
      @Get()
      find(): string {
        return `in ${storage.getStore()}`;
      }
    }

    it("runs in that context", async () => {
      const { client } = await start(platform, {
        controllers: [StoredController],
        prepare: (app) =>
          app.useGlobalInterceptors({
            intercept: (_context, next) => storage.run("the context", () => next.handle()),
          } satisfies NestInterceptor),
      });

      expect((await twice(client, "/"))[0]?.[1]).toBe("in the context");
    });
  },
);

describe.each(platforms)("on %s, a client that leaves an Observable", (platform) => {
  @Controller()
  class SlowController {
    @CacheRoute({ ttl: 60 })
    @Get()
    find(): Observable<string> {
      runs++;
      return timer(150).pipe(map(() => "page"));
    }
  }

  it("does not keep the response from another that waits for it", async () => {
    runs = 0;
    const { client } = await start(platform, { controllers: [SlowController] });
    const leaving = client.start({ path: "/" });
    leaving.on("error", () => undefined);
    await until(() => runs === 1);
    const waiting = client.ask({ path: "/" });
    await later(30);

    leaving.destroy();

    expect((await waiting).text).toBe("page");
  });
});

describe.each(platforms)("on %s, an interceptor of the method", (platform) => {
  const counted = around((handled) => handled.pipe(map((text) => `${String(text)}, changed ${++runs}`)));

  @Controller()
  class PlacedController {
    @UseInterceptors(counted)
    @CacheRoute({ ttl: 60 })
    @Get("above")
    above(): string {
      return "page";
    }

    @CacheRoute({ ttl: 60 })
    @UseInterceptors(counted)
    @Get("below")
    below(): string {
      return "page";
    }
  }

  // Nest calls the decorators of a method from the last to the first.
  it.each([
    ["above", 1],
    ["below", 2],
  ])("that stands %s @CacheRoute runs %i times for a miss and a hit", async (path, expected) => {
    runs = 0;
    const { client } = await start(platform, { controllers: [PlacedController] });

    expect(await twice(client, `/${path}`)).toEqual([
      [200, "page, changed 1", "MISS"],
      [200, "page, changed 1", "HIT"],
    ]);
    expect(runs).toBe(expected);
  });
});
