import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Body, Controller, Header, HttpCode, Module, RequestMapping, RequestMethod } from "@nestjs/common";
import express from "express";
import Fastify from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import { cacheRoute as expressCache } from "../../src/adapters/express.ts";
import { cacheRoute as fastifyCache } from "../../src/adapters/fastify.ts";
import { cacheRoute as fetchCache } from "../../src/adapters/fetch.ts";
import { cacheRoute as h3Cache } from "../../src/adapters/h3.ts";
import { cacheRoute as honoCache } from "../../src/adapters/hono.ts";
import { CacheRoute, CachingRouteModule } from "../../src/adapters/nestjs.ts";
import { createCache } from "../../src/index.ts";
import { listen as listenBySrvx } from "./harness/h3.ts";
import { listen as listenByHono } from "./harness/hono.ts";
import { create, nest12 } from "./harness/nestjs.ts";
import type { Platform } from "./harness/nestjs.ts";

const closing: (() => unknown)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

const options = { methods: ["QUERY"] };

/** What was answered, and whether from the cache. */
async function query(url: string, content: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(url, {
    method: "QUERY",
    body: content,
    headers: { "content-type": "application/json", ...headers },
  });
  return [response.status, response.headers.get("x-cache"), await response.text()];
}

async function fastifyUrl(): Promise<string> {
  const app = Fastify();
  closing.push(() => app.close());
  // That of newer releases knows the method, without content.
  app.addHttpMethod("QUERY", { hasBody: true, overrideExisting: true });
  await app.register(fastifyCache, { cache: createCache() });
  app.route({
    method: "QUERY",
    url: "/search",
    cache: options,
    handler: async (request) => JSON.stringify(request.body),
  });
  return `${await app.listen({ host: "127.0.0.1", port: 0 })}/search`;
}

async function expressUrl(): Promise<string> {
  const app = express();
  app.use(express.text({ type: "application/json" }));
  app.all("/search", expressCache(createCache(), options), (req, res) => {
    res.type("text").send(req.body);
  });
  const server = createServer(app).listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/search`;
}

async function honoUrl(): Promise<string> {
  const app = new Hono();
  app.on("QUERY", "/search", honoCache(createCache(), options), async (c) => c.text(await c.req.text()));
  const { origin, close } = await listenByHono(app);
  closing.push(close);
  return `${origin}/search`;
}

async function h3Url(): Promise<string> {
  const app = new H3();
  const cached = h3Cache(createCache(), options, async (event) => event.req.text());
  const { origin, close } = await listenBySrvx(app.on("QUERY", "/search", cached));
  closing.push(close);
  return `${origin}/search`;
}

function nestUrl(platform: Platform): () => Promise<string> {
  @Controller()
  class SearchController {
    @CacheRoute(options)
    @Header("content-type", "text/plain")
    @HttpCode(200)
    @RequestMapping({ path: "search", method: RequestMethod.QUERY })
    search(@Body() body: object): string {
      return JSON.stringify(body);
    }
  }
  @Module({ imports: [CachingRouteModule.forRoot()], controllers: [SearchController] })
  class AppModule {}
  return async () => {
    const app = await create(nest12, platform, AppModule);
    closing.push(() => app.close());
    await app.listen(0, "127.0.0.1");
    return `${await app.getUrl()}/search`;
  };
}

describe.each([
  ["hono", honoUrl],
  ["h3", h3Url],
  ["fastify", fastifyUrl],
  ["express", expressUrl],
  ["Nest on Express", nestUrl("Express")],
  ["Nest on Fastify", nestUrl("Fastify")],
])("a QUERY over a socket, in %s", (_name, urlOf) => {
  it("is stored, and found again by the value of its JSON, and the handler reads the content as it was sent", async () => {
    const url = await urlOf();

    const first = await query(url, '{"a":1,"b":2}');
    const second = await query(url, '{ "b": 2, "a": 1 }');
    const another = await query(url, '{"a":1,"b":3}');

    expect([first, second, another]).toEqual([
      [200, "MISS", '{"a":1,"b":2}'],
      [200, "HIT", '{"a":1,"b":2}'],
      [200, "MISS", '{"a":1,"b":3}'],
    ]);
  });

  it("gets a 206 for a range, and a 304 if nothing is new", async () => {
    const url = await urlOf();
    await query(url, '{"a":1}');

    expect(await query(url, '{"a":1}', { range: "bytes=1-3" })).toEqual([206, "HIT", '"a"']);
    expect(await query(url, '{"a":1}', { "if-none-match": "*" })).toEqual([304, "HIT", ""]);
  });
});

describe("a QUERY to a fetch handler", () => {
  it("is stored, and found again by the value of its JSON, and the handler reads the content as it was sent", async () => {
    const handler = fetchCache(createCache(), options, async (request) => new Response(await request.text()));
    const asked = (body: string): Request =>
      new Request("http://example.org/search", {
        method: "QUERY",
        body,
        headers: { "content-type": "application/json" },
      });

    const first = await handler(asked('{ "a": 1, "b": 2 }'));
    const second = await handler(asked('{"b":2,"a":1}'));

    expect([await first.text(), second.headers.get("x-cache"), await second.text()]).toEqual([
      '{ "a": 1, "b": 2 }',
      "HIT",
      '{ "a": 1, "b": 2 }',
    ]);
  });
});
