import { Readable } from "node:stream";
import { setTimeout as later } from "node:timers/promises";
import {
  BadRequestException,
  Catch,
  Controller,
  Get,
  GoneException,
  HttpException,
  NotFoundException,
  Param,
  ParseIntPipe,
  RequestTimeoutException,
  Res,
  StreamableFile,
  UseInterceptors,
} from "@nestjs/common";
import type { ArgumentsHost, CallHandler, ExceptionFilter, NestInterceptor } from "@nestjs/common";
import type { Response } from "express";
import type { FastifyReply } from "fastify";
import { catchError, EMPTY, map, NEVER, of, retry, take, tap, throwError, timeout, timer } from "rxjs";
import type { Observable } from "rxjs";
import { describe, expect, it } from "vitest";
import { CacheBy, CacheRoute } from "../../../src/adapters/nestjs.ts";
import { until } from "../koa/support.ts";
import { platforms, quietCache, start, twice } from "./support.ts";
import type { Site } from "./support.ts";

type AnyResponse = Response & FastifyReply;
type Handle = (handled: Observable<unknown>) => Observable<unknown>;

/** An interceptor that does something with what is inside of it. */
function around(handle: Handle): NestInterceptor {
  return { intercept: (_context, next: CallHandler) => handle(next.handle()) };
}

let runs = 0;

@Controller()
@CacheRoute({ ttl: 60, statuses: "any" })
class FailingController {
  @Get("text")
  text(): string {
    return `run ${++runs}`;
  }

  @Get("slow")
  async slow(): Promise<string> {
    runs++;
    await later(100);
    return "slow";
  }

  @Get("missing")
  missing(): never {
    runs++;
    throw new NotFoundException("no such page");
  }

  @Get("broken")
  broken(): never {
    runs++;
    throw new Error("broken");
  }

  @Get("empty")
  empty(): Observable<never> {
    runs++;
    return EMPTY;
  }

  @Get("circular")
  circular(): object {
    runs++;
    const one: Record<string, unknown> = {};
    one["self"] = one;
    return one;
  }

  @Get("numbers/:id")
  number(@Param("id", ParseIntPipe) id: number): string {
    return `${id}, run ${++runs}`;
  }

  @CacheBy({ key: (id: number) => `number:${id}` })
  @Get("keyed/:id")
  keyed(@Param("id", ParseIntPipe) id: number): string {
    return `${id}, run ${++runs}`;
  }

  @Get("file")
  file(): StreamableFile {
    const read = async function* (): AsyncGenerator<Buffer> {
      runs++;
      yield Buffer.from("a part");
      await later(20);
      throw new Error("the disk is gone");
    };
    const file = new StreamableFile(Readable.from(read(), { objectMode: false }));
    // As older versions of Nest did: what was begun looks whole.
    return file.setErrorHandler((_error, response) => (response as unknown as Response).end());
  }

  @Get("no-file")
  noFile(): StreamableFile {
    runs++;
    return new StreamableFile(
      new Readable({
        read() {
          this.destroy(new Error("no such file"));
        },
      }),
    );
  }

  @Get("own")
  own(@Res() res: AnyResponse): void {
    res.send(`run ${++runs}`);
  }
}

@Catch()
class PageFilter implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): void {
    const status = error instanceof HttpException ? error.getStatus() : 418;
    host.switchToHttp().getResponse<AnyResponse>().status(status).send(`a page for ${error.message}`);
  }
}

const site = (platform: (typeof platforms)[number], handle?: Handle): Promise<Site> =>
  start(platform, {
    controllers: [FailingController],
    cache: quietCache({ onError: () => undefined }),
    prepare: (app) => (handle === undefined ? undefined : app.useGlobalInterceptors(around(handle))),
  });

describe.each(platforms)("on %s, what an exception filter sends", (platform) => {
  it.each([
    ["broken", 500],
    ["empty", 500],
    ["circular", 500],
    ["keyed/x", 400],
  ])("is not stored: %s", async (path, status) => {
    runs = 0;
    const { client, cache } = await site(platform);

    const answers = await twice(client, `/${path}`);

    expect(answers.map(([got, , outcome]) => [got, outcome === "HIT"])).toEqual([
      [status, false],
      [status, false],
    ]);
    expect(cache.stats().stored).toBe(0);
  });

  it.each([
    ["numbers/x", 400],
    ["missing", 404],
  ])("is stored if the error is an answer, and its status has a lifetime: %s", async (path, status) => {
    const { client } = await site(platform);

    const answers = await twice(client, `/${path}`);

    expect(answers.map(([got, , outcome]) => [got, outcome])).toEqual([
      [status, "MISS"],
      [status, "HIT"],
    ]);
  });

  it("is not stored if the filter is the application's own", async () => {
    const { client, cache } = await start(platform, {
      controllers: [FailingController],
      cache: quietCache({ onError: () => undefined }),
      prepare: (app) => app.useGlobalFilters(new PageFilter()),
    });

    const answers = await twice(client, "/broken");

    expect(answers.map(([status, text]) => [status, text])).toEqual([
      [418, "a page for broken"],
      [418, "a page for broken"],
    ]);
    expect(cache.stats().stored).toBe(0);
  });
});

describe.each(platforms)("on %s, a file whose stream fails", (platform) => {
  it("is not stored in part, even if its response is ended", async () => {
    runs = 0;
    const { client, cache } = await site(platform);

    await client.ask({ path: "/file" }).catch(() => undefined);
    await client.ask({ path: "/file" }).catch(() => undefined);

    expect([runs, cache.stats().stored]).toEqual([2, 0]);
  });

  it("is not stored as the page that Nest sends in its place", async () => {
    runs = 0;
    const { client, cache } = await site(platform);

    const answers = await twice(client, "/no-file");

    expect(answers.map(([status]) => status >= 400)).toEqual([true, true]);
    expect([runs, cache.stats().stored]).toEqual([2, 0]);
  });
});

describe.each(platforms)("on %s, an interceptor around the cache", (platform) => {
  it("that times out sends a 408 that is not stored", async () => {
    runs = 0;
    const { client, cache } = await site(platform, (handled) =>
      handled.pipe(
        timeout(20),
        catchError(() => throwError(() => new RequestTimeoutException())),
      ),
    );

    const answers = await twice(client, "/slow");

    expect(answers.map(([status, , outcome]) => [status, outcome === "HIT"])).toEqual([
      [408, false],
      [408, false],
    ]);
    expect([runs, cache.stats().stored]).toEqual([2, 0]);
  });

  it("that throws after the handler sends a page that is not stored", async () => {
    runs = 0;
    const { client, cache } = await site(platform, (handled) =>
      handled.pipe(
        map(() => {
          throw new GoneException("too late");
        }),
      ),
    );

    const answers = await twice(client, "/text");

    expect(answers.map(([status]) => status)).toEqual([410, 410]);
    expect([runs, cache.stats().stored]).toEqual([2, 0]);
  });

  it("that throws on a hit sends its page in place of what is stored", async () => {
    let asked = 0;
    const { client, cache } = await site(platform, (handled) =>
      handled.pipe(
        tap(() => {
          if (++asked === 2) throw new BadRequestException("not this time");
        }),
      ),
    );

    const answers = [...(await twice(client, "/text")), ...(await twice(client, "/text"))];

    expect(answers.map(([status, , outcome]) => [status, outcome])).toEqual([
      [200, "MISS"],
      [400, undefined],
      [200, "HIT"],
      [200, "HIT"],
    ]);
    expect(cache.stats().stored).toBe(1);
  });

  it.each<[string, Handle, string]>([
    ["changes what is sent", map((text) => ({ text })), '{"text":"run 1"}'],
    ["takes one value", take(1), "run 1"],
    ["limits the time", timeout(1000), "run 1"],
    ["sends something else", () => of("other"), "other"],
  ])("that %s is there on a hit, too", async (_what, handle, text) => {
    runs = 0;
    const { client } = await site(platform, handle);

    const answers = await twice(client, "/text");

    expect(answers.map(([status, got]) => [status, got])).toEqual([
      [200, text],
      [200, text],
    ]);
  });

  it("may set fields on a hit, as it does on a miss", async () => {
    const { client } = await start(platform, {
      controllers: [FailingController],
      prepare: (app) =>
        app.useGlobalInterceptors({
          intercept(context, next) {
            const res = context.switchToHttp().getResponse<AnyResponse>();
            return next.handle().pipe(tap(() => void res.header("x-late", String(++runs))));
          },
        } satisfies NestInterceptor),
    });
    runs = 0;

    const answers = [await client.ask({ path: "/text" }), await client.ask({ path: "/text" })];

    expect(answers.map((answer) => answer.header("x-cache"))).toEqual(["MISS", "HIT"]);
    expect(answers.every((answer) => answer.header("x-late") !== undefined)).toBe(true);
  });

  it("that fails when a handler has sent its own response does not break what is sent", async () => {
    runs = 0;
    const { client } = await site(platform, (handled) =>
      handled.pipe(
        tap({
          complete: () => {
            throw new Error("too late");
          },
        }),
      ),
    );

    const answers = await twice(client, "/own");

    expect(answers.map(([status, text]) => [status, text])).toEqual([
      [200, "run 1"],
      [200, "run 1"],
    ]);
  });

  it("that never lets the request pass leaves nothing behind", async () => {
    const { client, cache } = await site(platform, () => NEVER.pipe(timeout(20)));

    const [answer] = await twice(client, "/text");

    expect([answer?.[0], cache.stats().stored]).toEqual([500, 0]);
  });
});

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
