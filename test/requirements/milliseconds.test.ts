import express from "express";
import fastify from "fastify";
import { describe, expect, it } from "vitest";
import { cacheRoute as inExpress } from "../../src/adapters/express.ts";
import { cacheRoute as inFastify } from "../../src/adapters/fastify.ts";
import { cacheRoute as inFetch } from "../../src/adapters/fetch.ts";
import { createCache } from "../../src/index.ts";
import type { Cache, Report } from "../../src/index.ts";

function reporting(defaults = {}): { readonly cache: Cache; readonly told: Report[] } {
  const told: Report[] = [];
  return { cache: createCache({ defaults, reporter: (report) => told.push(report) }), told };
}

const MEANT = "ttl is 60000 seconds, which is 16.7 hours; durations are in seconds: did you mean 60?";

describe("a duration that looks like milliseconds is reported at start, and accepted", () => {
  it("on Fastify, once for a route and the HEAD route beside it", async () => {
    const { cache, told } = reporting();
    const app = fastify();
    await app.register(inFastify, { cache });
    app.get("/a", { cache: { ttl: 60_000 } }, () => "x");
    app.get("/b", { cache: { ttl: 60_000 } }, () => "x");
    await app.ready();

    expect(told).toEqual([
      { route: "GET /a", reason: "milliseconds", message: `GET /a: ${MEANT}` },
      { route: "GET /b", reason: "milliseconds", message: `GET /b: ${MEANT}` },
    ]);
    expect((await app.inject("/a")).headers["x-cache"]).toBe("MISS");
  });

  it("on Express, where requests do not report it again", async () => {
    const { cache, told } = reporting();
    const server = express()
      .get("/a", inExpress(cache, { ttl: 60_000 }), (_, res) => void res.send("x"))
      .listen(0);
    const atStart = [...told];
    const { port } = server.address() as { port: number };
    await fetch(`http://127.0.0.1:${port}/a`);
    server.close();

    expect(atStart.map(({ message }) => message)).toEqual([`cacheRoute(): ${MEANT}`]);
    expect(told).toEqual(atStart);
  });

  it("on fetch", () => {
    const { cache, told } = reporting();
    inFetch(cache, { ttl: 60_000 }, function reports() {
      return new Response("x");
    });

    expect(told.map(({ message }) => message)).toEqual([`fetch handler reports: ${MEANT}`]);
  });

  it("among the defaults of a cache, and not again on its routes", () => {
    const { cache, told } = reporting({ staleIfError: 86_400_000 });
    inFetch(cache, {}, () => new Response("x"));

    expect(told.map(({ message }) => message)).toEqual([
      "createCache defaults: staleIfError is 86400000 seconds, which is 2.7 years; durations are in seconds: did you mean 86400?",
    ]);
  });

  it.each(["ttl", "staleWhileRevalidate", "staleIfError", "handlerTimeout", "maxWait", "uncacheableTtl"])(
    "whichever it is: %s",
    (option) => {
      const { cache, told } = reporting();
      inFetch(cache, { [option]: 30_000 }, () => new Response("x"));

      expect(told.map(({ reason }) => reason)).toEqual(["milliseconds"]);
    },
  );

  it("but not where it is whole hours or days, or has no end, or is no duration", () => {
    const { cache, told } = reporting({ ttl: Infinity, maxBodyBytes: 60_000 });
    inFetch(cache, { ttl: 86_400, staleIfError: 604_800 }, () => new Response("x"));

    expect(told).toEqual([]);
  });
});
