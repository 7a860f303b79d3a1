import { gzipSync } from "node:zlib";
import express from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import { cacheRoute } from "../../src/adapters/express.ts";
import { cacheRoute as cacheFetch } from "../../src/adapters/fetch.ts";
import { createCache } from "../../src/index.ts";
import { listen } from "./harness/express.ts";

describe("a Transfer-Encoding that a handler sets", () => {
  it.each(["chunked", "Chunked"])("is not sent with the length of a fetch miss: %s", async (coding) => {
    const handler = (): Response =>
      new Response("hello", { headers: { "transfer-encoding": coding, trailer: "x-sum" } });
    const answer = cacheFetch(createCache({ reporter: false }), { ttl: 60 }, handler);

    const miss = await answer(new Request("http://a.test/a"));

    expect(miss.headers.get("content-length")).toBe("5");
    expect([miss.headers.get("transfer-encoding"), miss.headers.get("trailer")]).toEqual([null, null]);
    expect(await miss.text()).toBe("hello");
  });

  it("keeps the content from being stored, with fetch", async () => {
    const handler = (): Response =>
      new Response(gzipSync("hello"), { headers: { "transfer-encoding": "gzip, chunked" } });
    const answer = cacheFetch(createCache({ reporter: false }), { ttl: 60 }, handler);

    const answers = [
      await answer(new Request("http://a.test/a")),
      await answer(new Request("http://a.test/a")),
    ];

    expect(answers.map(({ headers }) => headers.get("transfer-encoding"))).toEqual([
      "gzip, chunked",
      "gzip, chunked",
    ]);
    expect(answers[1]?.headers.get("cache-status")).toMatch(/detail=malformed$/);
  });

  it("keeps the content from being stored, on Express", async () => {
    const cache = createCache({ reporter: false });
    const app = express();
    app.get("/a", cacheRoute(cache, { ttl: 60 }), (_req, res) => {
      res.setHeader("Transfer-Encoding", "gzip, chunked").end(gzipSync("hello"));
    });
    const server = await listen(app);
    onTestFinished(() => server.close());

    await fetch(`${server.origin}/a`).catch(() => undefined);

    expect(cache.stats()).toMatchObject({ stored: 0, refusals: { malformed: 1 } });
  });
});
