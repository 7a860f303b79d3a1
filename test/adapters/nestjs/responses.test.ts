import {
  Controller,
  Get,
  Header,
  Headers,
  HttpCode,
  Param,
  Query,
  Redirect,
  Render,
  Res,
  StreamableFile,
} from "@nestjs/common";
import type { NestExpressApplication } from "@nestjs/platform-express";
import type { Response } from "express";
import type { FastifyReply } from "fastify";
import { of } from "rxjs";
import type { Observable } from "rxjs";
import { describe, expect, it } from "vitest";
import { CacheBy, CacheRoute, cacheTags, NoCacheRoute } from "../../../src/adapters/nestjs.ts";
import { platforms, start, twice } from "./support.ts";

type AnyResponse = Response & FastifyReply;

let runs = 0;

@Controller("pages")
@CacheRoute({ ttl: 60, statuses: "any" })
class PagesController {
  @Get("object")
  object(): object {
    return { run: ++runs };
  }

  @Get("text")
  text(): string {
    return `run ${++runs}`;
  }

  @Get("nothing")
  nothing(): void {
    runs++;
  }

  @Get("observable")
  observable(): Observable<object> {
    return of({ run: ++runs });
  }

  @Header("cache-control", "max-age=600")
  @Header("x-own", "1")
  @Get("header")
  header(): string {
    return `run ${++runs}`;
  }

  @Header("cache-control", "no-store")
  @Get("no-store")
  noStore(): string {
    return `run ${++runs}`;
  }

  @Header("x-own", "1")
  @Get("removed")
  removed(@Res({ passthrough: true }) res: AnyResponse): string {
    res.removeHeader("x-own");
    return `run ${++runs}`;
  }

  @HttpCode(203)
  @Get("code")
  code(): string {
    return `run ${++runs}`;
  }

  @Get("file")
  file(): StreamableFile {
    return new StreamableFile(Buffer.from(`run ${++runs}`), { type: "text/csv", disposition: "attachment" });
  }

  @Get("res")
  res(@Res() res: AnyResponse): void {
    res.header("x-own", "1").status(203).send(`run ${++runs}`);
  }

  @Get("later")
  later(@Res() res: AnyResponse): void {
    setImmediate(() => res.send(`run ${++runs}`));
  }

  @Get("passthrough")
  passthrough(@Res({ passthrough: true }) res: AnyResponse): string {
    res.header("x-own", "1").status(203);
    return `run ${++runs}`;
  }

  @Redirect("/elsewhere", 301)
  @Get("redirect")
  redirect(): void {
    runs++;
  }

  @Redirect("/elsewhere")
  @Get("redirect-to")
  redirectTo(): object {
    return { url: `/run-${++runs}`, statusCode: 308 };
  }

  @NoCacheRoute()
  @Get("now")
  now(): string {
    return `run ${++runs}`;
  }
}

describe.each(platforms)("on %s, a cached method", (platform) => {
  it.each([
    ["object", 200, '{"run":1}'],
    ["text", 200, "run 1"],
    ["nothing", 200, ""],
    ["observable", 200, '{"run":1}'],
    ["header", 200, "run 1"],
    ["removed", 200, "run 1"],
    ["code", 203, "run 1"],
    ["file", 200, "run 1"],
    ["res", 203, "run 1"],
    ["later", 200, "run 1"],
    ["passthrough", 203, "run 1"],
  ])("sends what it sends, once: %s", async (path, status, text) => {
    runs = 0;
    const { client } = await start(platform, { controllers: [PagesController] });

    const answers = await twice(client, `/pages/${path}`);

    expect(answers).toEqual([
      [status, text, "MISS"],
      [status, text, "HIT"],
    ]);
    expect(runs).toBe(1);
  });

  it.each(["header", "res", "passthrough", "file", "removed"])(
    "sends the same fields on a hit: %s",
    async (path) => {
      const { client } = await start(platform, { controllers: [PagesController] });
      const changing = new Set(["age", "cache-status", "x-cache", "date", "etag"]);
      const fieldsOf = async (): Promise<object> => {
        const { headers } = await fetch(`http://127.0.0.1:${client.port}/pages/${path}`);
        return Object.fromEntries([...headers].filter(([name]) => !changing.has(name)));
      };

      const [miss, hit] = [await fieldsOf(), await fieldsOf()];

      expect(hit).toEqual(miss);
      expect("x-own" in hit).toBe(path !== "file" && path !== "removed");
    },
  );

  it.each([
    ["redirect", 301, "/elsewhere"],
    ["redirect-to", 308, "/run-1"],
  ])("redirects, on a hit as on a miss: %s", async (path, status, location) => {
    runs = 0;
    const { client } = await start(platform, { controllers: [PagesController] });

    const answers = [
      await client.ask({ path: `/pages/${path}` }),
      await client.ask({ path: `/pages/${path}` }),
    ];

    expect(
      answers.map((answer) => [answer.status, answer.header("location"), answer.header("x-cache")]),
    ).toEqual([
      [status, location, "MISS"],
      [status, location, "HIT"],
    ]);
    expect(runs).toBe(1);
  });

  it("obeys the Cache-Control of @Header", async () => {
    const { client, cache } = await start(platform, { controllers: [PagesController] });

    const answers = await twice(client, "/pages/no-store");

    expect(answers.map(([, , outcome]) => outcome)).toEqual(["MISS", "MISS"]);
    expect(cache.stats().stored).toBe(0);
  });

  it("is left alone with @NoCacheRoute", async () => {
    const { client } = await start(platform, { controllers: [PagesController] });

    const answers = await twice(client, "/pages/now");

    expect(answers.map(([, , outcome]) => outcome)).toEqual([undefined, undefined]);
  });

  it("answers HEAD and conditions from what it has", async () => {
    const { client } = await start(platform, { controllers: [PagesController] });
    const first = await client.ask({ path: "/pages/text" });

    const head = await client.ask({ method: "HEAD", path: "/pages/text" });
    const same = await client.ask({
      path: "/pages/text",
      headers: { "if-none-match": String(first.header("etag")) },
    });

    expect([head.status, head.header("x-cache"), head.text]).toEqual([200, "HIT", ""]);
    expect([same.status, same.header("x-cache"), same.text]).toEqual([304, "HIT", ""]);
  });
});

describe("on Express, a view", () => {
  @Controller()
  class ViewController {
    @Get()
    @Render("index")
    @CacheRoute({ ttl: 60 })
    index(): object {
      return { run: ++runs };
    }
  }

  it("is rendered once", async () => {
    runs = 0;
    const { client } = await start("Express", {
      controllers: [ViewController],
      prepare: (app) => {
        const express = app as NestExpressApplication;
        express.engine("txt", (_path: string, options: object, done: (error: null, text: string) => void) =>
          done(null, `run ${(options as { run: number }).run}`),
        );
        express.setBaseViewsDir(new URL("views", import.meta.url).pathname);
        express.setViewEngine("txt");
      },
    });

    expect(await twice(client, "/")).toEqual([
      [200, "run 1", "MISS"],
      [200, "run 1", "HIT"],
    ]);
    expect(runs).toBe(1);
  });
});

describe.each(platforms)("on %s, @CacheBy", (platform) => {
  @Controller()
  class ItemsController {
    @CacheRoute({ ttl: 60, namespace: "items" })
    @CacheBy({
      key: (id: number) => `item:${id}`,
      tags: (id: number, page: number) => [`item:${id}`, `page:${page}`],
    })
    @Get("items/:id")
    find(@Param("id") id: number, @Query("page") page: number, @Headers("x-any") any: string): object {
      return { id, page, any, run: ++runs };
    }

    @CacheRoute({ ttl: 60 })
    @CacheBy({ scope: (user: string) => user })
    @Get("mine")
    mine(@Headers("x-user") user: string, @Res() res: AnyResponse): void {
      cacheTags(res, [`user:${user}`]);
      res.send(`${user}, run ${++runs}`);
    }
  }

  it("makes the key and the tags of the arguments", async () => {
    runs = 0;
    const { client, cache } = await start(platform, { controllers: [ItemsController] });
    const ask = async (path: string, headers = {}): Promise<string | undefined> =>
      (await client.ask({ path, headers })).header("x-cache");

    expect(await ask("/items/7?page=1")).toBe("MISS");
    expect(await ask("/items/7?page=2", { "x-any": "1" })).toBe("HIT");
    expect(await ask("/items/8")).toBe("MISS");
    expect((await cache.get("item:7", { namespace: "items" }))?.status).toBe(200);
    await cache.invalidate({ tag: "page:1" });
    expect(await ask("/items/7")).toBe("MISS");
    expect(runs).toBe(3);
  });

  it("makes the scope of the arguments", async () => {
    runs = 0;
    const { client, cache } = await start(platform, { controllers: [ItemsController] });

    const alice = await twice(client, "/mine", { "x-user": "alice", cookie: "a=1" });
    const bob = await twice(client, "/mine", { "x-user": "bob", cookie: "a=2" });
    await cache.invalidate({ tag: "user:bob" });
    const [again] = await twice(client, "/mine", { "x-user": "bob" });

    expect([alice[1], bob[1], again]).toEqual([
      [200, "alice, run 1", "HIT"],
      [200, "bob, run 2", "HIT"],
      [200, "bob, run 3", "MISS"],
    ]);
  });
});
