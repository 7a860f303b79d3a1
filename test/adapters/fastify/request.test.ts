import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import Fastify from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../../src/adapters/fastify.ts";
import { createCache } from "../../../src/index.ts";
import { Client } from "../../../src/testing/adapter-contract/client.ts";
import { testClock } from "../../../src/testing/index.ts";
import { site, until } from "./support.ts";

describe("a handler that writes into its request's headers", () => {
  it("does not choose the variant under which its response is stored", async () => {
    const { app, register, ask } = site();
    await register();
    app.get("/a", { cache: { ttl: 60 } }, async (request, reply) => {
      const language = request.headers["accept-language"];
      request.headers["accept-language"] = "xx";
      return reply.header("vary", "accept-language").send(language);
    });
    const french = { headers: { "accept-language": "fr" } };

    const answers = [
      await ask("/a", french),
      await ask("/a", french),
      await ask("/a", { headers: { "accept-language": "xx" } }),
    ];

    expect(answers.map((answer) => [answer.cache, answer.body])).toEqual([
      ["MISS", "fr"],
      ["HIT", "fr"],
      ["MISS", "xx"],
    ]);
  });
});

describe("a logger", () => {
  it("still finds the URL that the client sent where the handler sees less of it", async () => {
    const { app, register, ask } = site();
    await register();
    let logged = "";
    app.addHook("onResponse", async (request) => {
      logged = request.originalUrl;
    });
    app.get("/a", { cache: { ttl: 60, query: ["a"] } }, async (request) => request.url);

    const answer = await ask("/a?utm=1&a=2");

    expect([answer.body, logged]).toEqual(["/a?a=2", "/a?utm=1&a=2"]);
  });
});

describe("an application that Express passes requests to", () => {
  it("is refreshed under the path that it is mounted at", async () => {
    const clock = testClock();
    const cache = createCache({ clock, reporter: false });
    const inner = Fastify();
    const seen: unknown[] = [];
    await inner.register(cacheRoute, { cache });
    const cached = { cache: { ttl: 60, staleWhileRevalidate: 60 } };
    inner.get("/a", cached, async (request) => {
      seen.push([request.url, request.originalUrl]);
      return `run ${seen.length}`;
    });
    await inner.ready();
    const outer = express();
    outer.use("/api/v1", (req, res) => inner.routing(req, res));
    const server = outer.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(async () => {
      server.close();
      await inner.close();
    });
    const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 5000);
    onTestFinished(() => client.close());
    const ask = async (): Promise<string> => (await client.ask({ path: "/api/v1/a?b=1" })).text;

    await ask();
    clock.advance(61);
    const stale = await ask();
    await until(() => cache.stats().stored === 2 || cache.stats().refusals.failed === 1);

    expect([stale, await ask()]).toEqual(["run 1", "run 2"]);
    expect(seen).toEqual([
      ["/a?b=1", "/api/v1/a?b=1"],
      ["/a?b=1", "/api/v1/a?b=1"],
    ]);
  });
});
