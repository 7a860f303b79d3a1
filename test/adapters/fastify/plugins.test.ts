import fastifyCompress from "@fastify/compress";
import fastifyCookie from "@fastify/cookie";
import fastifyCors from "@fastify/cors";
import fastifyEtag from "@fastify/etag";
import fastifyRateLimit from "@fastify/rate-limit";
import { describe, expect, it } from "vitest";
import { site } from "./support.ts";
import type { Site } from "./support.ts";

type Register = (site: Site) => PromiseLike<unknown>;

const cors: Register = ({ app }) => app.register(fastifyCors, { origin: ["http://a.test", "http://b.test"] });
const compress: Register = ({ app }) => app.register(fastifyCompress, { threshold: 10 });
const cookie: Register = ({ app }) => app.register(fastifyCookie);
const rateLimit: Register = ({ app }) => app.register(fastifyRateLimit, { max: 100 });
const lateRateLimit: Register = ({ app }) => app.register(fastifyRateLimit, { max: 3, hook: "preHandler" });
const etag: Register = ({ app }) => app.register(fastifyEtag);
const cache: Register = (at) => at.register();

/** Registers the cache and another plugin in either order. */
const orders = (other: Register): readonly (readonly [string, readonly Register[]])[] => [
  ["registered before the cache", [other, cache]],
  ["registered after the cache", [cache, other]],
];

async function registered(plugins: readonly Register[]): Promise<Site> {
  const made = site();
  for (const plugin of plugins) await plugin(made);
  return made;
}

describe.each(orders(cors))("@fastify/cors %s", (_order, plugins) => {
  it("answers each origin with its own permission on hits of one entry", async () => {
    const { app, ask } = await registered(plugins);
    app.get("/a", { cache: { ttl: 60 } }, async () => ({ ok: true }));

    const first = await ask("/a", { headers: { origin: "http://a.test" } });
    const second = await ask("/a", { headers: { origin: "http://b.test" } });

    expect([first.cache, second.cache]).toEqual(["MISS", "HIT"]);
    expect(first.headers.get("access-control-allow-origin")).toBe("http://a.test");
    expect(second.headers.get("access-control-allow-origin")).toBe("http://b.test");
    expect(second.headers.get("vary")).toBe("Origin");
  });
});

describe.each(orders(compress))("@fastify/compress %s", (_order, plugins) => {
  it("codes one identity entry for those who accept it, and for nobody else", async () => {
    const { app, ask, cache: made } = await registered(plugins);
    const text = "caching ".repeat(100);
    app.get("/a", { cache: { ttl: 60 } }, async () => text);

    const coded = await ask("/a", { headers: { "accept-encoding": "gzip" } });
    const plain = await ask("/a", { headers: { "accept-encoding": "identity" } });
    const again = await ask("/a", { headers: { "accept-encoding": "br" } });

    expect([coded.cache, plain.cache, again.cache]).toEqual(["MISS", "HIT", "HIT"]);
    expect([coded, plain, again].map((answer) => answer.headers.get("content-encoding"))).toEqual([
      "gzip",
      null,
      "br",
    ]);
    expect([coded.body, plain.body, again.body]).toEqual([text, text, text]);
    expect(made.stats().store?.entries).toBe(1);
  });

  it("leaves a range of a hit as it is", async () => {
    const { app, ask } = await registered(plugins);
    app.get("/a", { cache: { ttl: 60 } }, async () => "0123456789".repeat(20));
    await ask("/a");

    const part = await ask("/a", { headers: { range: "bytes=0-19", "accept-encoding": "gzip" } });

    expect([part.status, part.body]).toEqual([206, "01234567890123456789"]);
    expect(part.headers.get("content-encoding")).toBeNull();
  });
});

describe.each(orders(cookie))("@fastify/cookie %s", (_order, plugins) => {
  it("keeps a response whose handler set a cookie from being stored", async () => {
    const { app, ask } = await registered(plugins);
    app.get("/a", { cache: { ttl: 60 } }, async (_request, reply) => {
      reply.setCookie("session", "secret", { sameSite: false });
      return "hello";
    });

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map((answer) => answer.cache)).toEqual(["MISS", "MISS"]);
    expect(answers.map((answer) => answer.headers.getSetCookie())).toEqual([
      ["session=secret"],
      ["session=secret"],
    ]);
  });

  it("stores the cookies where the route says so, each once and in order", async () => {
    const { app, ask } = await registered(plugins);
    app.get("/a", { cache: { ttl: 60, setCookie: "store" } }, async (_request, reply) =>
      reply.setCookie("a", "1", { sameSite: false }).setCookie("b", "2", { sameSite: false }).send("hello"),
    );

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map((answer) => answer.cache)).toEqual(["MISS", "HIT"]);
    expect(answers.map((answer) => answer.headers.getSetCookie())).toEqual([
      ["a=1", "b=2"],
      ["a=1", "b=2"],
    ]);
  });

  it("is stripped of the stored response where the route says so, and still reaches its own client", async () => {
    const { app, ask } = await registered(plugins);
    app.get("/a", { cache: { ttl: 60, setCookie: "strip" } }, async (_request, reply) => {
      reply.setCookie("a", "1", { sameSite: false });
      return "hello";
    });

    const answers = [await ask("/a"), await ask("/a")];

    expect(answers.map((answer) => answer.cache)).toEqual(["MISS", "HIT"]);
    expect(answers.map((answer) => answer.headers.getSetCookie())).toEqual([["a=1"], []]);
  });
});

describe.each(orders(rateLimit))("@fastify/rate-limit %s", (_order, plugins) => {
  it("counts hits as it counts misses, and never replays a counter", async () => {
    const { app, ask } = await registered(plugins);
    app.get("/a", { cache: { ttl: 60 } }, async () => "hello");

    const answers = [await ask("/a"), await ask("/a"), await ask("/a")];

    expect(answers.map((answer) => answer.cache)).toEqual(["MISS", "HIT", "HIT"]);
    expect(answers.map((answer) => answer.headers.get("x-ratelimit-remaining"))).toEqual(["99", "98", "97"]);
  });
});

describe.each(orders(lateRateLimit))("@fastify/rate-limit in preHandler, %s", (_order, plugins) => {
  it("refuses a client before the lookup", async () => {
    const { app, ask } = await registered(plugins);
    app.get("/a", { cache: { ttl: 60 } }, async () => "hello");

    const answers = [await ask("/a"), await ask("/a"), await ask("/a"), await ask("/a")];

    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 429]);
    expect(answers.map((answer) => answer.cache)).toEqual(["MISS", "HIT", "HIT", null]);
  });
});

describe.each(orders(etag))("@fastify/etag %s", (_order, plugins) => {
  it("leaves one entity tag for the miss, the hit and the 304", async () => {
    const { app, ask } = await registered(plugins);
    app.get("/a", { cache: { ttl: 60 } }, async () => "hello");

    const miss = await ask("/a");
    const hit = await ask("/a");
    const tag = hit.headers.get("etag") ?? "";
    const known = await ask("/a", { headers: { "if-none-match": tag } });

    expect([miss.cache, hit.cache, known.cache]).toEqual(["MISS", "HIT", "HIT"]);
    expect(miss.headers.get("etag")).toBe(tag);
    expect([known.status, known.body]).toEqual([304, ""]);
  });

  it("answers a known tag on a miss with 304, and stores the whole", async () => {
    const { app, ask } = await registered(plugins);
    app.get("/a", { cache: { ttl: 60 } }, async (_request, reply) =>
      reply.header("etag", '"v1"').send("hello"),
    );

    const miss = await ask("/a", { headers: { "if-none-match": '"v1"' } });
    const hit = await ask("/a");

    expect([miss.status, miss.cache, miss.body]).toEqual([304, "MISS", ""]);
    expect([hit.status, hit.cache, hit.body]).toEqual([200, "HIT", "hello"]);
  });
});
