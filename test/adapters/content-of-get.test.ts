import { connect } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import Fastify from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute as cacheExpress } from "../../src/adapters/express.ts";
import { cacheRoute as cacheFastify } from "../../src/adapters/fastify.ts";
import { cacheRoute as cacheFetch } from "../../src/adapters/fetch.ts";
import { cacheMiddleware, cacheRoute as cacheH3 } from "../../src/adapters/h3.ts";
import { cacheRoute as cacheHono } from "../../src/adapters/hono.ts";
import { createCache } from "../../src/index.ts";
import { versions, visit } from "./express/support.ts";

const form = { "content-type": "application/x-www-form-urlencoded", "content-length": "6" };

/** The `Cache-Status` of a request that bypasses the cache for its content. */
const passedBy = "caching-route; fwd=bypass; detail=content".replaceAll("; ", ";");

describe.each(versions)("%s: content of a GET that a parser before the cache has read", (_, express) => {
  it.each([
    ["sent as a GET", {}, "GET"],
    ["sent as a POST that a middleware calls a GET", { "x-http-method-override": "GET" }, "POST"],
  ] as const)("does not change the response of others: %s", async (_how, headers, method) => {
    const app = express();
    app.use(express.urlencoded({ extended: false }), (req, _res, next) => {
      req.method = req.get("x-http-method-override") ?? req.method;
      next();
    });
    const handler = cacheExpress(createCache({ reporter: false }), { ttl: 60 });
    app.all("/search", handler, (req, res) => {
      res.send(`found ${(req.body as { q?: string } | undefined)?.q ?? (req.query["q"] as string)}`);
    });
    const client = await visit(app);

    const path = "/search?q=cats";
    const evil = await client.ask({ method, path, headers: { ...form, ...headers }, body: "q=EVIL" });
    const victim = await client.ask({ path });

    expect([evil.header("cache-status"), evil.text, victim.text]).toEqual([
      passedBy,
      "found EVIL",
      "found cats",
    ]);
  });
});

describe("Fastify over HTTP/2: a GET whose stream has not ended", () => {
  const begin = async (): Promise<ClientHttp2Session> => {
    const app = Fastify({ http2: true });
    onTestFinished(() => app.close());
    await app.register(cacheFastify, { cache: createCache({ reporter: false }) });
    app.get("/search", { cache: { ttl: 60 } }, async (request) => {
      let text = "";
      for await (const part of request.raw) text += String(part);
      return `found ${text || (request.query as { q: string }).q}`;
    });
    const client = connect(await app.listen({ host: "127.0.0.1", port: 0 }));
    onTestFinished(() => client.destroy());
    return client;
  };
  const answered = (stream: ClientHttp2Stream, content?: string): Promise<readonly [unknown, string]> =>
    new Promise((resolve, reject) => {
      let [status, body]: [unknown, string] = [undefined, ""];
      stream.on("response", (headers) => (status = headers["cache-status"]));
      stream.setEncoding("utf8");
      stream.on("data", (part: string) => (body += part));
      stream.on("end", () => resolve([status, body]));
      stream.on("error", reject);
      if (content !== undefined) stream.end(content);
    });

  it("is not looked up, though no field announces content", async () => {
    const client = await begin();
    const head = { ":path": "/search?q=cats" };

    const evil = await answered(client.request(head, { endStream: false }), "EVIL");
    const victim = await answered(client.request(head));

    expect([evil, victim[1]]).toEqual([[passedBy, "found EVIL"], "found cats"]);
  });
});

describe("fetch: a GET with content that no field announces", () => {
  const handler = cacheFetch(createCache({ reporter: false }), { ttl: 60 }, async (request) => {
    const text = await request.text();
    return new Response(`found ${text || new URL(request.url).searchParams.get("q")}`);
  });
  const url = "http://a/search?q=cats";
  /** As a runtime hands it over, or a middleware that honours `X-HTTP-Method-Override`. */
  const fat = (): Request =>
    Object.defineProperty(new Request(url, { method: "POST", body: "EVIL" }), "method", { value: "GET" });

  it("is not looked up", async () => {
    const evil = await handler(fat());
    const victim = await handler(new Request(url));

    expect([evil.headers.get("cache-status"), await victim.text()]).toEqual([passedBy, "found cats"]);
  });

  it("is not looked up if somebody has read it before", async () => {
    const request = fat();
    await request.text();
    const local = cacheFetch(createCache({ reporter: false }), { ttl: 60 }, () => new Response("a"));

    expect((await local(request)).headers.get("cache-status")).toBe(passedBy);
  });
});

describe.each<[string, () => { request(input: Request): Response | Promise<Response> }]>([
  [
    "Hono",
    () =>
      new Hono().get("/search", cacheHono(createCache({ reporter: false }), { ttl: 60 }), async (c) =>
        c.text(`found ${(await c.req.text()) || c.req.query("q")}`),
      ),
  ],
  [
    "h3",
    () =>
      new H3().get(
        "/search",
        cacheH3(
          createCache({ reporter: false }),
          { ttl: 60 },
          async (event) => `found ${(await event.req.text()) || event.url.searchParams.get("q")}`,
        ),
      ),
  ],
  [
    "h3, by middleware",
    () =>
      new H3()
        .use(cacheMiddleware(createCache({ reporter: false }), { ttl: 60 }))
        .get(
          "/search",
          async (event) => `found ${(await event.req.text()) || event.url.searchParams.get("q")}`,
        ),
  ],
])("%s: a GET with content that no field announces", (_name, appOf) => {
  it("is not looked up", async () => {
    const app = appOf();
    const url = "http://a/search?q=cats";
    const fat = new Request(url, { method: "POST", body: "EVIL" });
    const evil = await app.request(Object.defineProperty(fat, "method", { value: "GET" }));
    const victim = await app.request(new Request(url));

    expect([evil.headers.get("cache-status"), await evil.text(), await victim.text()]).toEqual([
      passedBy,
      "found EVIL",
      "found cats",
    ]);
  });
});
